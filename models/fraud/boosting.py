"""Gradient-boosted trees with calibrated probabilities: the model that decides."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.decisions import DecisionReason
from models.base import TooLittleDataError
from models.fraud.calibration import Calibration
from models.fraud.encoding import LABEL, Encoding, Matrix
from models.fraud.judged import Judged
from models.fraud.reasons import reason
from models.fraud.single import SingleRow
from models.fraud.unknowns import fill_unknown, usual_values

Floats = NDArray[np.float64]
_FILES = ("model.txt", "model.json")
# Frauds that the calibration should see; where the last fold has fewer, earlier ones help.
ENOUGH_FRAUDS = 100
_FEWEST_TREES = 10
FEWEST_COLUMNS = 24  # a tree reads no fewer, where there are as many


@dataclass(frozen=True)
class _Learned:
    encoding: Encoding
    booster: lightgbm.Booster
    calibration: Calibration
    usual: NDArray[np.float32]

    @cached_property
    def single(self) -> SingleRow:
        """The booster for one row."""
        return SingleRow(self.booster)


@dataclass(kw_only=True, eq=False)
class TreeSettings:
    """How trees are grown and judged.

    positive_weight: weight of a fraud against an honest payment, undone in the probability.
    most_honest: of more honest payments than this, so many are drawn and weigh the more (the frauds
    are all kept). few_frauds: with fewer than this, trees and leaves are half as large and read
    half as many columns; and, where none had to be drawn, trees have half of these leaves if the
    folds clearly say so. judge_share: share of the rows in each fold.
    """

    rounds: int = 600
    patience: int = 50
    learning_rate: float = 0.05
    leaves: int = 31
    min_leaf: int = 40
    columns_share: float = 0.6
    rows_share: float = 0.8
    l2: float = 5.0
    positive_weight: float = 1.0
    most_honest: int = 500_000
    few_frauds: int = 1_000
    judge_share: float = 0.25
    threads: int = 1
    seed: int = 7


class BoostedTrees(TreeSettings):
    """LightGBM on every column but the label and the book-keeping ones.

    fit: the frame has `is_fraud` (0/1) and `attempted_at`. Folds of `judge_share` of the rows, each
    judged by trees that learned from the rows before it, say how many trees to grow and how to
    calibrate; then all rows are learned from.
    """

    _learned: _Learned | None = None
    _judgement: Judged | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn; TooLittleDataError without both honest payments and frauds."""
        rows = frame[frame[LABEL].notna()].sort_values("attempted_at", kind="stable")
        label = rows[LABEL].to_numpy(dtype=np.float64)
        if not 0 < label.sum() < len(label):
            raise TooLittleDataError(
                f"{len(label)} labelled payments with {int(label.sum())} frauds: both frauds and "
                "honest payments are needed; bring chargebacks"
            )
        encoding, matrix = Encoding.learn(rows)
        found = self._judgement = self._chosen(encoding, matrix, label)
        trees, smaller = (found.trees, found.smaller) if found else (self.rounds // 3, 1)
        booster = self._train(encoding, matrix, label, None, trees=trees, smaller=smaller)
        calibration = Calibration.choose(found.raw, found.label) if found else Calibration()
        usual = usual_values(matrix, encoding.categorical)
        self._learned = _Learned(encoding, booster, calibration.eased(), usual)
        return self

    def _chosen(self, encoding: Encoding, matrix: Matrix, label: Floats) -> Judged | None:
        """The trees to grow; None without folds to judge on."""
        usual = self._judged(encoding, matrix, label, smaller=1)
        frauds = label.sum()
        if frauds >= self.few_frauds or len(label) - frauds > self.most_honest:
            return usual
        small = self._judged(encoding, matrix, label, smaller=2)
        return small if small and usual and small.clearly_better(usual) else usual

    def _judged(
        self, encoding: Encoding, matrix: Matrix, label: Floats, *, smaller: int
    ) -> Judged | None:
        """What trees of one size say of folds in time, newest first."""
        trees: list[int] = []
        raws: list[Floats] = []
        labels: list[Floats] = []
        for start, end in folds_in_time(label, self.judge_share):
            judged = slice(start, end)
            judge = matrix[judged], label[judged]
            trial = self._train(encoding, matrix[:start], label[:start], judge, smaller=smaller)
            trees.append(max(int(trial.best_iteration), _FEWEST_TREES))
            raws.insert(0, self._raw(trial, matrix[judged], threads=self.threads, trees=trees[-1]))
            labels.insert(0, label[judged])
        if not trees:
            return None
        most = round(float(np.mean(trees)))
        return Judged(smaller, most, np.concatenate(raws), np.concatenate(labels))

    def _train(
        self,
        encoding: Encoding,
        matrix: Matrix,
        label: Floats,
        judge: tuple[Matrix, Floats] | None,
        *,
        smaller: int,
        trees: int | None = None,
    ) -> lightgbm.Booster:
        known: dict[str, Any] = {"categorical_feature": encoding.categorical, "free_raw_data": True}
        known["feature_name"] = [f"f{place}" for place in range(matrix.shape[1])]
        rows, weight = self._drawn(label)
        data = lightgbm.Dataset(matrix[rows], label[rows], weight=weight, **known)
        stop, judges = [], []
        if judge is not None:
            weighed = np.where(judge[1] > 0, self.positive_weight, 1.0)
            judges = [data.create_valid(*judge, weight=weighed)]
            stop = [lightgbm.early_stopping(self.patience, verbose=False)]
        parameters = self._parameters(2 if label.sum() < self.few_frauds else 1, _varying(matrix))
        parameters["num_leaves"] = max(parameters["num_leaves"] // smaller, 2)
        return lightgbm.train(
            parameters, data, trees or self.rounds, valid_sets=judges, callbacks=stop
        )

    def _drawn(self, label: Floats) -> tuple[NDArray[np.intp] | slice, Floats]:
        """Which rows to learn from, and how much each of them weighs."""
        honest = np.flatnonzero(label == 0)
        if len(honest) <= self.most_honest:
            return slice(None), np.where(label > 0, self.positive_weight, 1.0)
        drawn = np.random.default_rng(self.seed).choice(honest, self.most_honest, replace=False)
        rows = np.sort(np.concatenate([drawn, np.flatnonzero(label > 0)]))
        each = len(honest) / self.most_honest
        return rows, np.where(label[rows] > 0, self.positive_weight, each)

    def _parameters(self, part: int, columns: int) -> dict[str, Any]:
        share = max(self.columns_share / part, FEWEST_COLUMNS / max(columns, 1))
        return {
            "objective": "binary",
            "metric": "binary_logloss",
            "learning_rate": self.learning_rate,
            "num_leaves": max(self.leaves // part, 2),
            "min_data_in_leaf": max(self.min_leaf // part, 1),
            "feature_fraction": min(share, 1.0),
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
        raw = self.raw_of_frame(frame)
        return answer(self._known.calibration.probability(raw), frame.index)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of what `row` makes."""
        return self._known.encoding.columns

    def row(self, facts: Mapping[str, Any]) -> Matrix:
        """One payment, given by name, as the trees read it."""
        return self._known.encoding.row(facts)

    def probability(self, row: Matrix) -> float:
        """Of one payment, as `row` made it."""
        return float(self.probabilities(row)[0])

    def probabilities(self, rows: Matrix) -> Floats:
        """Of some payments, as `row` made each, one below the other."""
        return self._known.calibration.probability(self.raw_of_rows(rows))

    def raw_of_rows(self, rows: Matrix) -> Floats:
        """Log-odds before calibration of a few payments, as `row` made each."""
        known = self._known
        whole = fill_unknown(rows, known.usual)
        return np.array([known.single(whole[n : n + 1]) for n in range(len(rows))]) - self._prior

    def raw_of_frame(self, frame: pd.DataFrame) -> Floats:
        """Log-odds before calibration of a frame of payments."""
        known = self._known
        rows = fill_unknown(known.encoding.of_frame(frame), known.usual)
        return self._raw(known.booster, rows, threads=self.threads)

    @property
    def judged(self) -> Judged | None:
        """What the trees said of the folds, once fitted; None where there was none to judge on."""
        return self._judgement

    def reasons(
        self, row: Matrix, facts: Mapping[str, Any], *, limit: int = 5
    ) -> list[DecisionReason]:
        """What raised the log-odds of one payment most (TreeSHAP; Lundberg et al., 2020).

        row: the payment as a matrix of one row, its columns `names`; facts: its inputs by name, as
        the sentences tell them; limit: at most so many reasons.
        """
        contributions = self.contributions(row)[0, :-1]
        top = np.argsort(-contributions, kind="stable")[:limit]
        read = zip(self.names, row[0].tolist(), strict=True)
        told = {name: facts.get(name, value) for name, value in read}
        return [
            reason(self.names[place], told[self.names[place]], float(contributions[place]))
            for place in top
            if contributions[place] > 0
        ]

    def contributions(self, rows: Matrix) -> Floats:
        """What each of `names` adds to the log-odds before calibration, the base last."""
        parts = self._known.booster.predict(
            fill_unknown(rows, self._known.usual),
            pred_contrib=True,
            num_threads=1,
            validate_features=False,
        )
        return np.asarray(parts, np.float64)

    def _raw(
        self, booster: lightgbm.Booster, matrix: Matrix, *, threads: int, trees: int = -1
    ) -> Floats:
        """Log-odds, the weight of the frauds taken out again."""
        given = {"num_iteration": trees, "num_threads": threads, "validate_features": False}
        raw = np.asarray(booster.predict(matrix, raw_score=True, **given), np.float64)
        return raw - self._prior

    @property
    def _prior(self) -> float:
        """What the weight of the frauds adds to the log-odds."""
        return math.log(self.positive_weight)

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
            "encoding": known.encoding.numbers(),
            "calibration": known.calibration.numbers(),
            "usual": [None if value != value else value for value in known.usual.tolist()],
        }
        (folder / _FILES[1]).write_text(json.dumps(text))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        text = json.loads((folder / _FILES[1]).read_text())
        model = cls(**text["parameters"])
        model._learned = _Learned(
            Encoding.from_numbers(text["encoding"]),
            lightgbm.Booster(model_file=folder / _FILES[0]),
            Calibration.from_numbers(text["calibration"]),
            np.array(text["usual"], dtype=np.float32),
        )
        return model


def folds_in_time(label: Floats, share: float) -> Iterator[tuple[int, int]]:
    """First and end row of each fold to judge on, the newest first, until there are ENOUGH_FRAUDS
    in them. label: 0 or 1, in order of time; share: of all rows, in a fold."""
    end, size, frauds = len(label), max(int(len(label) * share), 1), 0.0
    while end > size and frauds < ENOUGH_FRAUDS:
        start, told = end - size, label[end - size : end].sum()
        if not (label[:start].any() and 0 < told < size):
            return
        yield start, end
        end, frauds = start, frauds + told


def _varying(matrix: Matrix) -> int:
    """How many columns have two values or more."""
    some = matrix[:: max(len(matrix) // 20_000, 1)]
    known = np.where(np.isnan(some), some.dtype.type(-1e30), some)
    return int((known.max(axis=0) != known.min(axis=0)).sum())


def answer(probability: Floats, index: pd.Index) -> pd.DataFrame:
    """The answer of every fraud model.

    probability: of fraud, 0 to 1, a value a payment; index: that of the payments. Columns:
    probability, and score, which is 100 times as much.
    """
    return pd.DataFrame({"probability": probability, "score": 100.0 * probability}, index=index)
