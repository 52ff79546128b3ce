"""Gradient-boosted trees with calibrated probabilities: the model that decides."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import TooLittleDataError
from models.fraud.calibration import Calibration
from models.fraud.encoding import LABEL, Columns, Encoding, Matrix
from models.fraud.reasons import Reason, reason

_FILES = ("model.txt", "model.json")


@dataclass(frozen=True)
class _Learned:
    encoding: Encoding
    booster: lightgbm.Booster
    calibration: Calibration


class BoostedTrees:
    """LightGBM on every column but the label and the book-keeping ones.

    fit: the frame has `is_fraud` (0/1) and `attempted_at`. On the last `judge_share` of the rows
    the number of trees and the calibration are chosen; then all rows are learned from.
    positive_weight: weight of a fraud against an honest payment; the calibration undoes it.
    """

    def __init__(
        self,
        *,
        rounds: int = 600,
        patience: int = 50,
        learning_rate: float = 0.05,
        leaves: int = 31,
        min_leaf: int = 40,
        columns_share: float = 0.6,
        rows_share: float = 0.8,
        l2: float = 5.0,
        positive_weight: float = 1.0,
        judge_share: float = 0.25,
        threads: int = 1,
        seed: int = 7,
    ) -> None:
        self.rounds = rounds
        self.patience = patience
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.min_leaf = min_leaf
        self.columns_share = columns_share
        self.rows_share = rows_share
        self.l2 = l2
        self.positive_weight = positive_weight
        self.judge_share = judge_share
        self.threads = threads
        self.seed = seed
        self._learned: _Learned | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn; TooLittleDataError without both honest payments and frauds."""
        rows = frame.sort_values("attempted_at", kind="stable")
        label = rows[LABEL].to_numpy(dtype=np.float64)
        if not 0 < label.sum() < len(label):
            raise TooLittleDataError(
                f"{len(label)} labelled payments with {int(label.sum())} frauds: both frauds and "
                "honest payments are needed; bring chargebacks"
            )
        encoding = Encoding.of(rows)
        matrix = encoding.of_frame(rows)
        cut = int(len(rows) * (1 - self.judge_share))
        early, judged = slice(None, cut), slice(cut, None)
        trees, calibration = self.rounds // 3, Calibration()
        if label[early].any() and 0 < label[judged].sum() < len(rows) - cut:
            trial = self._train(
                encoding, matrix[early], label[early], (matrix[judged], label[judged])
            )
            trees = max(int(trial.best_iteration), 10)
            raw = trial.predict(matrix[judged], raw_score=True, num_iteration=trees)
            calibration = Calibration.choose(np.asarray(raw, np.float64), label[judged])
        booster = self._train(encoding, matrix, label, None, trees=trees)
        self._learned = _Learned(encoding, booster, calibration)
        return self

    def _train(
        self,
        encoding: Encoding,
        matrix: Matrix,
        label: NDArray[np.float64],
        judge: tuple[Matrix, NDArray[np.float64]] | None,
        *,
        trees: int | None = None,
    ) -> lightgbm.Booster:
        known: dict[str, Any] = {"categorical_feature": encoding.categorical, "free_raw_data": True}
        names, weigh = _plain(encoding), self._weights
        data = lightgbm.Dataset(matrix, label, weight=weigh(label), feature_name=names, **known)
        judges = [] if judge is None else [data.create_valid(*judge, weight=weigh(judge[1]))]
        stop = [lightgbm.early_stopping(self.patience, verbose=False)] if judges else []
        return lightgbm.train(
            self._parameters(), data, trees or self.rounds, valid_sets=judges, callbacks=stop
        )

    def _weights(self, label: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(label > 0, self.positive_weight, 1.0)

    def _parameters(self) -> dict[str, Any]:
        return {
            "objective": "binary",
            "metric": "binary_logloss",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.min_leaf,
            "feature_fraction": self.columns_share,
            "bagging_fraction": self.rows_share,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "cat_smooth": 20.0,
            "num_threads": self.threads,
            "deterministic": True,
            "force_col_wise": True,
            "seed": self.seed,
            "verbosity": -1,
        }

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """probability, and score: the probability in percent."""
        matrix = self._known.encoding.of_frame(frame)
        return answer(self._probability(matrix, self.threads), frame.index)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns read, in the order of a row that `encode` makes."""
        return self._known.encoding.names

    def encode(self, columns: Columns) -> Matrix:
        """One payment, given as columns of one row, as the trees read it."""
        return self._known.encoding.matrix(columns)

    def probability(self, row: Matrix) -> float:
        """Of one encoded payment."""
        return float(self._probability(row, 1)[0])

    def reasons(self, row: Matrix, columns: Columns, *, limit: int = 5) -> list[Reason]:
        """What raised the log-odds of one payment most (TreeSHAP; Lundberg et al., 2020)."""
        parts = self._known.booster.predict(
            row, pred_contrib=True, num_threads=1, validate_features=False
        )
        contributions = np.asarray(parts)[0, :-1]
        top = np.argsort(-contributions, kind="stable")[:limit]
        return [
            reason(self.names[place], columns[self.names[place]][0], float(contributions[place]))
            for place in top
            if contributions[place] > 0 and self.names[place] in columns
        ]

    def _probability(self, matrix: Matrix, threads: int) -> NDArray[np.float64]:
        known = self._known
        raw = known.booster.predict(
            matrix, raw_score=True, num_threads=threads, validate_features=False
        )
        return known.calibration.probability(np.asarray(raw, np.float64))

    @property
    def _known(self) -> _Learned:
        assert self._learned is not None, "fit or load first"
        return self._learned

    @property
    def calibration(self) -> Calibration:
        """The calibration chosen."""
        return self._known.calibration

    def save(self, folder: Path) -> None:
        """LightGBM's text format, and JSON."""
        known = self._known
        known.booster.save_model(folder / _FILES[0])
        text = {
            "parameters": {name: value for name, value in vars(self).items() if name[0] != "_"},
            "names": known.encoding.names,
            "levels": known.encoding.levels,
            "calibration": known.calibration.numbers(),
        }
        (folder / _FILES[1]).write_text(json.dumps(text))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        text = json.loads((folder / _FILES[1]).read_text())
        model = cls(**text["parameters"])
        levels = {name: tuple(values) for name, values in text["levels"].items()}
        numbers = text["calibration"]
        numbers |= {"x": tuple(numbers["x"]), "y": tuple(numbers["y"])}
        model._learned = _Learned(
            Encoding(tuple(text["names"]), levels),
            lightgbm.Booster(model_file=folder / _FILES[0]),
            Calibration(**numbers),
        )
        return model


def answer(probability: NDArray[np.float64], index: pd.Index) -> pd.DataFrame:
    """The answer of every fraud model."""
    return pd.DataFrame({"probability": probability, "score": 100.0 * probability}, index=index)


def _plain(encoding: Encoding) -> list[str]:
    """Names LightGBM takes: it refuses some characters that x_ columns may have."""
    return [f"f{place}" for place in range(len(encoding.names))]
