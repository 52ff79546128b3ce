"""From the first day to the thousandth fraud: scorecard, logistic regression, blend with trees.

Each step is served only where it does better than the one before it on folds in time. So a shop
without labels is served by the scorecard, one with twenty frauds by a logistic regression that
starts from it, one with hundreds by a blend of that with boosted trees, or by the trees alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.decisions import DecisionReason
from models.base import TooLittleDataError
from models.fraud.boosting import BoostedTrees, TreeSettings, answer, folds_in_time
from models.fraud.calibration import Calibration
from models.fraud.day_one import PaymentScorecard
from models.fraud.encoding import LABEL, Matrix
from models.fraud.informed import InformedLogistic
from models.fraud.judged import Judged

Floats = NDArray[np.float64]
Step = Literal["scorecard", "logistic", "blend", "trees"]
STEPS: tuple[Step, ...] = get_args(Step)
# Frauds known from which on a step is tried at all; fewer could not tell it from chance.
FEWEST_FOR_LOGISTIC, FEWEST_FOR_TREES = 3, 30
TREE_SHARES = (0.25, 0.5, 0.75, 1.0)  # of the log-odds in a blend; 1 is trees alone


@dataclass(frozen=True)
class StepChosen:
    """Which step serves, and why, a sentence; tree_share: of the log-odds, the trees' part."""

    step: Step
    tree_share: float
    why: str


@dataclass(kw_only=True, eq=False)
class StagedFraudModel(TreeSettings):
    """The scorecard, the logistic regression that starts from it, boosted trees, or a blend.

    fit: a frame of model inputs with `is_fraud` (0/1, missing where not known yet) and
    `attempted_at`. fraud_rate: the share of payments that are fraud, as the merchant states it.
    strength: see InformedLogistic.
    """

    fraud_rate: float = 0.01
    strength: float = 60.0

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn as much as the labels allow; TooLittleDataError without a single payment."""
        if frame.empty:
            raise TooLittleDataError("there are no payments; ingest payments")
        rows = frame.sort_values("attempted_at", kind="stable")
        known = rows[rows[LABEL].notna()] if LABEL in rows else rows.head(0)
        frauds = int(known[LABEL].sum()) if LABEL in rows else 0
        self._scorecard = PaymentScorecard(fraud_rate=self.fraud_rate).fit(rows)
        self._logistic: InformedLogistic | None = None
        self._trees: BoostedTrees | None = None
        self._calibration = Calibration()
        if frauds < FEWEST_FOR_LOGISTIC or frauds == len(known):
            self._chosen = StepChosen("scorecard", 0.0, _few_labels(len(known), frauds))
            return self
        self._logistic = self._new_logistic().fit(rows)
        self._chosen = self._choose(rows, known, frauds)
        return self

    def _new_logistic(self) -> InformedLogistic:
        return InformedLogistic(fraud_rate=self.fraud_rate, strength=self.strength, seed=self.seed)

    def _new_trees(self) -> BoostedTrees:
        return BoostedTrees(**{one.name: getattr(self, one.name) for one in fields(TreeSettings)})

    def _choose(self, rows: pd.DataFrame, known: pd.DataFrame, frauds: int) -> StepChosen:
        """The step that did best on folds in time; a richer one must do better than chance.

        rows: all payments in order of time; known: those with a label; frauds: among them.
        """
        label = known[LABEL].to_numpy(dtype=np.float64)
        folds = list(folds_in_time(label, self.judge_share))
        if not folds:
            why = f"{frauds} frauds, none of them in the last part of the time to judge a model by"
            return StepChosen("scorecard", 0.0, f"{why}; bring chargebacks as they come")
        plain, informed = self._judged(known, folds)
        better = informed.better(plain)
        step, best = ("logistic", informed) if better else ("scorecard", plain)
        share = 0.0
        if frauds >= FEWEST_FOR_TREES:
            self._trees = self._new_trees().fit(known)
            trees = self._trees.judged
            if trees is not None:
                blends = [(part, trees.blended(informed, share=part)) for part in TREE_SHARES]
                levelled = [(share, each.levelled()) for share, each in blends]
                part, blend = min(levelled, key=lambda pair: float(pair[1].loss.mean()))
                alone = levelled[-1][1]
                if alone.better(best.levelled()) and not blend.clearly_better(alone):
                    part, blend = TREE_SHARES[-1], alone  # the simpler of two that are as good
                if blend.better(best.levelled()):
                    step, share = ("trees" if part == TREE_SHARES[-1] else "blend"), part
                    best = dict(blends)[part]
        if step == "blend":
            self._calibration = Calibration.choose(best.raw, best.label).eased()
        gain = float((plain.loss - best.loss).mean() / max(float(plain.loss.mean()), 1e-12))
        why = (
            f"{frauds} frauds; on {len(folds)} folds in time its log loss is {gain:.0%} below the "
            "scorecard's"
        )
        return StepChosen(step, share, why)  # type: ignore[arg-type]  # one of STEPS

    def _judged(
        self, known: pd.DataFrame, folds: Sequence[tuple[int, int]]
    ) -> tuple[Judged, Judged]:
        """What the scorecard and the logistic regression say of the folds, each from the rows
        before it. known: labelled payments in order of time; folds: first and end row of each,
        newest first."""
        said: list[tuple[Floats, Floats, Floats]] = []
        for start, end in folds:
            fitted = self._new_logistic().fit(known.iloc[:start])
            judged = known.iloc[start:end]
            label = judged[LABEL].to_numpy(dtype=np.float64)
            rows = fitted.encoding.of_frame(judged)
            said.insert(0, (fitted.scorecard_raw(rows), fitted.raw(rows), label))
        plain, informed, label = (np.concatenate(parts) for parts in zip(*said, strict=True))
        return Judged(1, 0, plain, label), Judged(1, 0, informed, label)

    @property
    def chosen(self) -> StepChosen:
        """The step that serves, and why."""
        return self._chosen

    @property
    def _served(self) -> PaymentScorecard | InformedLogistic | BoostedTrees:
        """The model of a step that is one model."""
        if self._chosen.step == "trees" and self._trees is not None:
            return self._trees
        if self._chosen.step == "logistic" and self._logistic is not None:
            return self._logistic
        return self._scorecard

    @property
    def _both(self) -> tuple[InformedLogistic, BoostedTrees]:
        """The two parts of a blend."""
        if self._logistic is None or self._trees is None:
            raise TooLittleDataError("there is no blend; fit or load first")
        return self._logistic, self._trees

    def row(self, facts: Mapping[str, Any]) -> Matrix:
        """One payment, given by name, as `probabilities` reads it: one row."""
        if self._chosen.step != "blend":
            return self._served.row(facts)
        logistic, trees = self._both
        return np.concatenate([logistic.row(facts), trees.row(facts)], axis=1)

    def probabilities(self, rows: Matrix) -> Floats:
        """The probability of fraud of some payments, as `row` made each, one below the other."""
        if self._chosen.step != "blend":
            return self._served.probabilities(rows)
        return self._blended(*self._parted(rows))

    def _parted(self, rows: Matrix) -> tuple[Floats, Floats]:
        """Log-odds by the logistic regression, and by the trees, of rows of `row`."""
        logistic, trees = self._both
        width = len(logistic.names)
        return logistic.raw(rows[:, :width]), trees.raw_of_rows(
            np.ascontiguousarray(rows[:, width:])
        )

    def _blended(self, logistic: Floats, trees: Floats) -> Floats:
        share = self._chosen.tree_share
        return self._calibration.probability(share * trees + (1.0 - share) * logistic)

    def reasons(
        self, row: Matrix, facts: Mapping[str, Any], *, limit: int = 5
    ) -> list[DecisionReason]:
        """What raised the log-odds of one payment most. row: of `row`; facts: the values by name;
        limit: the most reasons."""
        if self._chosen.step != "blend":
            return self._served.reasons(row, facts, limit=limit)
        logistic, trees = self._both
        width, share = len(logistic.names), self._chosen.tree_share
        parts = (
            (share, trees.reasons(row[:, width:], facts, limit=2 * limit)),
            (1.0 - share, logistic.reasons(row[:, :width], facts, limit=2 * limit)),
        )
        return _weighed(parts)[:limit]

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """probability, and score: the probability in percent."""
        if self._chosen.step != "blend":
            return self._served.predict(frame)
        logistic, trees = self._both
        raw = logistic.raw(logistic.encoding.of_frame(frame))
        return answer(self._blended(raw, trees.raw_of_frame(frame)), frame.index)

    def save(self, folder: Path) -> None:
        """The parts that serve, each in its own formats, and JSON."""
        self._scorecard.save(folder)
        if self._chosen.step in {"logistic", "blend"} and self._logistic is not None:
            self._logistic.save(folder)
        if self._chosen.step in {"trees", "blend"} and self._trees is not None:
            self._trees.save(folder)
        text = {
            "parameters": {name: value for name, value in vars(self).items() if name[0] != "_"},
            "chosen": vars(self._chosen),
            "calibration": self._calibration.numbers(),
        }
        (folder / "staged.json").write_text(json.dumps(text))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        text = json.loads((folder / "staged.json").read_text())
        model = cls(**text["parameters"])
        model._chosen = StepChosen(**text["chosen"])
        model._calibration = Calibration.from_numbers(text["calibration"])
        step = model._chosen.step
        model._scorecard = PaymentScorecard.load(folder)
        informed, trees = step in {"logistic", "blend"}, step in {"trees", "blend"}
        model._logistic = InformedLogistic.load(folder) if informed else None
        model._trees = BoostedTrees.load(folder) if trees else None
        return model


def _weighed(parts: Sequence[tuple[float, Sequence[DecisionReason]]]) -> list[DecisionReason]:
    """The reasons of several models, each with its share of the log-odds; the weightiest first."""
    added: dict[str, DecisionReason] = {}
    for share, reasons in parts:
        for each in reasons:
            before = added[each.code].contribution if each.code in added else 0.0
            total = round(before + share * each.contribution, 4)
            added[each.code] = replace(each, contribution=total)
    return sorted(added.values(), key=lambda each: -each.contribution)


def _few_labels(labelled: int, frauds: int) -> str:
    """Why the scorecard serves where there is too little to learn from."""
    return (
        f"{labelled:,} payments with a known label, {frauds} of them frauds; "
        f"{FEWEST_FOR_LOGISTIC} frauds are needed to learn from"
    )
