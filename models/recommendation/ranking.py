"""The blend: candidate features, and the learned score made of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.recommendation.history import HALF_LIVES, Habits
from models.recommendation.popularity import Popularity

Ints = NDArray[np.integer]
Array = NDArray[np.float64]

# What the weights are where there is too little to learn them from: what learning found on grocery
# purchases, rounded.
DEFAULT_WEIGHTS: Mapping[str, float] = {
    "own": -0.4,
    "count": 0.6,
    "decayed_14d": 0.25,
    "decayed_30d": -0.2,
    "decayed_90d": 0.15,
    "decayed_180d": 0.3,
    "rate": 0.1,
    "share": 0.25,
    "idle_own": 0.05,
    "due": -0.05,
    "has_rhythm": 0.1,
    "taste": 0.0,
    "log_taste": 0.3,
    "neighbours": 0.25,
    "sold_7d": 0.05,
    "sold_28d": 0.2,
    "sold_90d": 0.0,
    "sold_market": 0.15,
    "trend": 0.1,
    "repeat": 0.0,
    "idle": 0.0,
    "buyers": 0.0,
    "activity": 0.1,
}
FEATURES = tuple(DEFAULT_WEIGHTS)
# Fewer bought candidates than this say too little to learn weights from, or to grow trees from.
_ENOUGH, _ENOUGH_FOR_TREES = 50, 500
# Inverse of the L2 penalty: strong enough that a few hundred buyers do not overfit.
_STRENGTH = 0.03
_KEPT = 0.3
_TREES = {
    "objective": "binary",
    "num_leaves": 7,
    "learning_rate": 0.06,
    "min_data_in_leaf": 200,
    "lambda_l2": 50.0,
    "feature_fraction": 0.5,
    "deterministic": True,
    "num_threads": 1,  # so little work that threads wait for each other longer than they do any
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Signals:
    """What the sources say of the candidates of one person, one entry a candidate."""

    product: Ints
    taste: Array
    neighbours: Array


def features(
    signals: Signals, people: Habits, person: int, sells: Popularity, market: int
) -> Array:
    """Candidates × FEATURES."""
    product = signals.product
    row = people.row(person)
    mine = people.product[row]
    place = np.minimum(np.searchsorted(mine, product), max(len(mine) - 1, 0))
    known = mine[place] == product if len(mine) else np.zeros(len(product), dtype=bool)
    at = row.start + place if len(mine) else np.zeros(len(product), dtype=np.int64)

    def own(values: NDArray[np.floating], missing: float = 0.0) -> Array:
        return np.where(known, values[at], missing) if len(values) else np.full(len(at), missing)

    count, last, first = own(people.count), own(people.last, 400.0), own(people.first, 400.0)
    decayed = [own(people.decayed[:, column]) for column in range(len(HALF_LIVES))]
    baskets = float(people.baskets[person]) if person >= 0 else 0.0
    pace = float(people.pace[person]) if person >= 0 else 0.0
    rhythm = count > 1
    interval = np.where(rhythm, (first - last) / np.maximum(count - 1, 1), np.inf)
    local = sells.market[market, product] if market >= 0 else sells.sold[1, product]
    week, month, quarter = sells.sold[:, product].astype(float)
    columns = [
        count > 0,
        np.log(count + 0.1),
        np.log(decayed[0] + 0.01),
        np.log(decayed[1] + 0.01),
        np.log(decayed[2] + 0.01),
        np.log(decayed[3] + 0.02),
        np.log((decayed[2] + 0.02) / max(baskets, 1.0)),
        np.log((count + 0.05) / max(baskets, 1.0)),
        np.log1p(last),
        np.where(rhythm, np.clip(last / np.maximum(interval, 0.5), 0, 5), 1.0),
        rhythm,
        signals.taste,
        np.log(np.maximum(signals.taste, 1e-3)),
        np.log(signals.neighbours + 1e-3),
        np.log(week + 0.05),
        np.log(month + 0.1),
        np.log(quarter + 0.1),
        np.log(local + 0.1),
        np.log((week + 0.5) / (month + 1.0)),
        sells.repeat[product],
        np.log1p(sells.idle[product]),
        np.log1p(sells.buyers[product]),
        np.full(len(product), np.log(max(pace, 0.05))),
    ]
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


@dataclass(frozen=True)
class Blend:
    """One score from the features: a logistic model, and boosted trees where there is enough data.

    Both are log-odds of a purchase; the score is their mean. weight: of standardised features.
    """

    mean: Array
    scale: Array
    weight: Array
    bias: float
    trees: lgb.Booster | None = None

    def score(self, rows: Array) -> Array:
        """Log-odds of a purchase, a row."""
        linear = np.asarray(((rows - self.mean) / self.scale) @ self.weight + self.bias)
        if self.trees is None or not len(rows):
            return linear
        grown = np.asarray(self.trees.predict(rows, raw_score=True, num_threads=1))
        return np.asarray((linear + grown) / 2.0)


def default_blend(rows: Array) -> Blend:
    """DEFAULT_WEIGHTS over features standardised on the rows given."""
    mean, scale = _standard(rows)
    return Blend(mean, scale, np.array(list(DEFAULT_WEIGHTS.values())), 0.0)


def learn_blend(rows: Array, bought: NDArray[np.bool_], *, seed: int) -> Blend:
    """Learn "bought in the window that followed" from the features.

    With fewer than 50 bought (or not bought) rows the default weights stay; with fewer than 500
    there are no trees.
    """
    if min(bought.sum(), (~bought).sum()) < _ENOUGH:
        return default_blend(rows)
    # Most rows were not bought; three in ten of those say as much.
    kept = bought | (np.random.default_rng(seed).random(len(bought)) < _KEPT)
    rows, bought = rows[kept], bought[kept]
    mean, scale = _standard(rows)
    linear = LogisticRegression(C=_STRENGTH, max_iter=300).fit((rows - mean) / scale, bought)
    weight, bias = linear.coef_[0].astype(np.float64), float(linear.intercept_[0])
    if bought.sum() < _ENOUGH_FOR_TREES:
        return Blend(mean, scale, weight, bias)
    trees = lgb.train(
        _TREES | {"seed": seed}, lgb.Dataset(rows, label=bought.astype(float)), num_boost_round=120
    )
    return Blend(mean, scale, weight, bias, trees)


def _standard(rows: Array) -> tuple[Array, Array]:
    if not len(rows):
        return np.zeros(len(FEATURES)), np.ones(len(FEATURES))
    scale = rows.std(axis=0)
    return rows.mean(axis=0), np.where(scale > 1e-9, scale, 1.0)
