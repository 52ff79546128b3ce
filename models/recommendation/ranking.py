"""The order of candidates: a linear first look, then two kinds of trees over the best of it.

One kind learns the order (LambdaRank), the other how likely each purchase is.

Both are learned from what people bought in a window, of candidates made by sources that know only
what was before it. How much each says is chosen on a later window, together with plain frequency:
what does not beat it there has no say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.recommendation.selection import top
from models.recommendation.signals import FEATURES, FINE

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# What the weights are where there is too little to learn them from: what learning found on grocery
# purchases, rounded.
DEFAULT_WEIGHTS: Mapping[str, float] = {
    "count": 0.6,
    "decayed_14d": 0.1,
    "decayed_90d": 0.15,
    "decayed_180d": 0.3,
    "rate": 0.1,
    "looked": 0.2,
    "taste": 0.3,
    "neighbours": 0.25,
    "together": 0.1,
    "sold_28d": 0.2,
    "sold_market": 0.15,
    "trend": 0.1,
}
# The candidates the trees look at: the best by the linear score.
DEPTH = 200
# Fewer bought candidates than this say too little to learn weights from, or to grow trees from.
_ENOUGH, _ENOUGH_FOR_TREES = 50, 500
# Inverse of the L2 penalty: strong enough that a few hundred buyers do not overfit.
_STRENGTH = 0.03
# A score below every candidate the trees looked at.
_BELOW = 100.0
_COUNT, _TOTAL = FEATURES.index("count"), FEATURES.index("total")
# What linear score, trees of order and of chance, and frequency say (the first: unless another is
# clearly better).
SHARES = (
    (0.2, 0.2, 0.6, 0.0),
    (0.4, 0.2, 0.2, 0.2),
    (0.5, 0.5, 0.0, 0.0),
    (0.0, 0.0, 1.0, 0.0),
    (0.7, 0.0, 0.0, 0.3),
    (1.0, 0.0, 0.0, 0.0),
    (0.0, 0.25, 0.25, 0.5),
    (0.0, 0.0, 0.0, 1.0),
)
LINEAR_ALONE = (1.0, 0.0, 0.0, 0.0)
# Trees of order and of chance; the second learn from each candidate alone, and can grow further.
_ORDER = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "num_leaves": 7,
    "learning_rate": 0.08,
    "min_data_in_leaf": 100,
    "num_iterations": 80,
}
_CHANCE = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 200,
    "num_iterations": 100,
}
_TREES = {
    "lambda_l2": 20.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 127,
    "deterministic": True,
    "num_threads": 1,  # so little work that threads wait for each other longer than they do any
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Example:
    """One person's candidates at a cut: their features, and which were bought in the window.

    wanted: how many products the person bought in all, candidates or not.
    """

    rows: NDArray[np.float32]
    bought: Mask
    wanted: int


@dataclass(frozen=True)
class Linear:
    """Log-odds of a purchase from standardised features."""

    mean: Array
    scale: Array
    weight: Array
    bias: float

    def score(self, rows: Floats) -> Array:
        """One score a row."""
        slope = self.weight / self.scale
        return np.asarray(rows @ slope + (self.bias - self.mean @ slope), dtype=np.float64)


@dataclass(frozen=True)
class Ranking:
    """Linear score, trees (of order and of chance; none: too little to grow them) and their say.

    shares: of the linear score, both kinds of trees and the frequency; each divided by its spread.
    """

    linear: Linear
    trees: tuple[lgb.Booster, ...]
    shares: Array
    spreads: Array

    def score(self, rows: Floats) -> Array:
        """One score a candidate; behind the first DEPTH by the linear score, that score alone."""
        first = self.linear.score(rows)
        if len(first) <= DEPTH:
            return self._mixed(rows, first)
        ahead = top(first, DEPTH)
        score: Array = first - float(first.max()) - _BELOW
        score[ahead] = self._mixed(rows[ahead], first[ahead])
        return score

    def _mixed(self, rows: Floats, first: Array) -> Array:
        weight = self.shares / self.spreads
        mixed: Array = parts(self.trees, rows, first, asked=weight != 0) @ weight
        return mixed


def parts(
    trees: Sequence[lgb.Booster], rows: Floats, first: Array, *, asked: Mask | None = None
) -> Array:
    """Rows × (linear score, trees of order, of chance, frequency); first: the linear score.

    asked: which of the four have a say; trees that have none stay 0, and cost no time.
    """
    said = np.zeros((len(rows), len(LINEAR_ALONE)))
    said[:, 0], said[:, -1] = first, frequency(rows)
    if len(rows):
        for place, each in enumerate(trees, 1):
            if asked is None or asked[place]:
                said[:, place] = each.predict(rows, raw_score=True, num_threads=1)
    return said


def frequency(rows: Floats) -> Array:
    """Own orders first, what sells behind: the score of the strongest baseline."""
    return np.asarray(np.exp(rows[:, _COUNT]) - 0.1 + rows[:, _TOTAL], dtype=np.float64)


def default_ranking(rows: Floats) -> Ranking:
    """DEFAULT_WEIGHTS over features standardised on the rows given."""
    mean, scale = _standard(rows)
    weight = np.array([DEFAULT_WEIGHTS.get(name, 0.0) for name in FEATURES])
    linear = Linear(mean, scale, weight, 0.0)
    return _linear_alone(linear)


def _linear_alone(linear: Linear) -> Ranking:
    return Ranking(linear, (), np.array(LINEAR_ALONE), np.ones(len(LINEAR_ALONE)))


def learn_ranking(windows: Sequence[Sequence[Example]], *, seed: int) -> Ranking:
    """Learn from the windows, newest first.

    The shares are chosen on the newest window by what the others teach; then all teach. With one
    window the linear score speaks alone; with too little bought the default weights do.
    """
    everything = [example for window in windows for example in window]
    if not _enough(everything, _ENOUGH):
        return default_ranking(_rows(everything))
    linear = learn_linear(everything)
    earlier = [example for window in windows[1:] for example in window]
    if not _enough(earlier, _ENOUGH):
        return _linear_alone(linear)
    shares, spreads, grow = choose_shares(earlier, windows[0], seed=seed)
    trees = grow_trees(linear, everything, seed=seed) if grow else ()
    return Ranking(linear, trees, shares, spreads)


def choose_shares(
    earlier: Sequence[Example], newest: Sequence[Example], *, seed: int
) -> tuple[Array, Array, bool]:
    """The shares that rank the newest window best, the parts' spreads, and whether trees speak."""
    linear = learn_linear(earlier)
    trees = grow_trees(linear, earlier, seed=seed)
    ahead = [_ahead(linear, example) for example in newest]
    said = [parts(trees, each.rows, linear.score(each.rows)) for each in ahead]
    spreads = np.maximum(np.concatenate(said).std(axis=0), 1e-9)
    allowed = [share for share in SHARES if trees or not any(share[1:3])]
    gains = np.stack([_gains(said, ahead, np.array(share) / spreads) for share in allowed])
    best = np.array(allowed[clearly_best(gains)])
    return best, spreads, bool(best[1:3].any())


def clearly_best(gains: Array) -> int:
    """The row of the highest mean, where it is a standard error above the first; else the first.

    >>> clearly_best(np.array([[0.5, 0.5, 0.5], [0.0, 0.6, 1.0], [0.6, 0.6, 0.6]]))
    2
    >>> clearly_best(np.array([[0.5, 0.5, 0.5], [0.0, 0.6, 1.0]]))
    0
    """
    best = int(np.argmax(gains.mean(axis=1)))
    ahead = gains[best] - gains[0]
    error = float(ahead.std()) / max(len(ahead), 1) ** 0.5
    return best if float(ahead.mean()) > error else 0


def _gains(said: Sequence[Array], examples: Sequence[Example], weight: Array) -> Array:
    """NDCG@10 and recall@10 of each example's person, added up."""
    discount = 1.0 / np.log2(np.arange(10) + 2.0)
    ideal = np.cumsum(discount)
    gains = np.zeros(len(examples))
    for place, (part, example) in enumerate(zip(said, examples, strict=True)):
        hits = example.bought[top(part @ weight, 10)].astype(float)
        gains[place] = hits @ discount[: len(hits)] / ideal[min(example.wanted, 10) - 1]
        gains[place] += hits.sum() / example.wanted
    return gains


def learn_linear(examples: Sequence[Example]) -> Linear:
    """Logistic regression of "bought" on the standardised features, but the FINE ones.

    They are near doubles of others, and of few purchases it would make too much of them.
    """
    rows, bought = _rows(examples), np.concatenate([example.bought for example in examples])
    mean, scale = _standard(rows)
    seen = ((rows - mean) / scale)[:, :-FINE]
    model = LogisticRegression(C=_STRENGTH, max_iter=300).fit(seen, bought)
    weight = np.r_[model.coef_[0].astype(np.float64), np.zeros(FINE)]
    return Linear(mean, scale, weight, float(model.intercept_[0]))


def grow_trees(
    linear: Linear, examples: Sequence[Example], *, seed: int
) -> tuple[lgb.Booster, ...]:
    """Over each person's best candidates LambdaRank (Burges, 2010), and log-odds of a purchase.

    None of them with too few bought.
    """
    ahead = [_ahead(linear, example) for example in examples]
    ahead = [example for example in ahead if example.bought.any()]
    if not _enough(ahead, _ENOUGH_FOR_TREES):
        return ()
    data = lgb.Dataset(
        _rows(ahead),
        label=np.concatenate([example.bought for example in ahead]).astype(np.float32),
        group=[len(example.bought) for example in ahead],
        params={"max_bin": _TREES["max_bin"], "feature_pre_filter": False, "verbosity": -1},
        free_raw_data=False,
    )
    return tuple(lgb.train(_TREES | each | {"seed": seed}, data) for each in (_ORDER, _CHANCE))


def _ahead(linear: Linear, example: Example) -> Example:
    """The candidates the trees look at."""
    kept = top(linear.score(example.rows), DEPTH)
    return Example(example.rows[kept], example.bought[kept], example.wanted)


def _enough(examples: Sequence[Example], fewest: int) -> bool:
    bought = sum(int(example.bought.sum()) for example in examples)
    others = sum(int((~example.bought).sum()) for example in examples)
    return min(bought, others) >= fewest


def _rows(examples: Sequence[Example]) -> NDArray[np.float32]:
    none = np.empty((0, len(FEATURES)), dtype=np.float32)
    return np.concatenate([none, *(example.rows for example in examples)])


def _standard(rows: Floats) -> tuple[Array, Array]:
    if not len(rows):
        return np.zeros(len(FEATURES)), np.ones(len(FEATURES))
    mean, scale = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    return mean, np.where(scale > 1e-6, scale, 1.0)
