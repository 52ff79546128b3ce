"""The metrics: one expression each, arrays in, a number out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def _array(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=np.float64)


def recall_at_k(hits: ArrayLike, relevant: ArrayLike) -> float:
    """Mean share of each person's relevant items that were found among the k shown.

    hits: people × k, 1 where the item at that rank is relevant. relevant: items to find a person.

    >>> recall_at_k([[1, 0], [0, 0]], [2, 1])
    0.25
    """
    return float((_array(hits).sum(axis=1) / _array(relevant)).mean())


def ndcg_at_k(hits: ArrayLike, relevant: ArrayLike) -> float:
    """Normalised discounted cumulative gain with binary gain (Järvelin & Kekäläinen, 2002).

    hits: people × k; relevant: items to find a person; the ideal list has min(k, relevant) hits.

    >>> round(ndcg_at_k([[0, 1]], [1]), 4)
    0.6309
    """
    found = _array(hits)
    discount = 1.0 / np.log2(np.arange(found.shape[1]) + 2.0)
    ideal = np.cumsum(discount)[np.minimum(_array(relevant).astype(int), found.shape[1]) - 1]
    return float((found @ discount / ideal).mean())


def average_precision_at_k(hits: ArrayLike, relevant: ArrayLike) -> float:
    """MAP@k: mean over people of precision at each hit, over min(k, relevant).

    hits: people × ranks, 1 where the item was wanted.

    >>> average_precision_at_k([[1, 0, 1]], [2])
    0.8333333333333333
    """
    found = _array(hits)
    precision = np.cumsum(found, axis=1) / np.arange(1, found.shape[1] + 1)
    ideal = np.minimum(_array(relevant), found.shape[1])
    return float(((found * precision).sum(axis=1) / ideal).mean())


def intra_list_diversity(lists: Sequence[Sequence[str]]) -> float:
    """Mean, over lists, of the share of pairs of different labels (Ziegler et al., 2005).

    lists: the label of each item shown, a list a person; lists of fewer than two are left out.

    >>> round(intra_list_diversity([["a", "a", "b"], ["a"]]), 4)
    0.6667
    """
    shares = []
    for labels in (each for each in lists if len(each) > 1):
        counts = np.unique(np.asarray(labels, dtype=object), return_counts=True)[1]
        pairs = len(labels) * (len(labels) - 1)
        shares.append(1.0 - float((counts * (counts - 1)).sum()) / pairs)
    return float(np.mean(shares)) if shares else 0.0


def wape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Sum of absolute errors over the sum of actuals.

    actual: what came; forecast: what was foretold, of the same shape.

    >>> wape([2, 2], [1, 3])
    0.5
    """
    truth = _array(actual)
    return float(np.abs(truth - _array(forecast)).sum() / np.abs(truth).sum())


def bias(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Sum of (forecast − actual) over the sum of actuals; above 0 is too high.

    >>> bias([2, 2], [3, 2])
    0.25
    """
    truth = _array(actual)
    return float((_array(forecast) - truth).sum() / np.abs(truth).sum())


def mape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Mean absolute percentage error, in percent; actuals must not be 0.

    actual: what came; forecast: what was foretold, of the same shape.

    >>> mape([2, 4], [1, 5])
    37.5
    """
    truth = _array(actual)
    return float(100 * np.abs((_array(forecast) - truth) / truth).mean())


def pinball(actual: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> float:
    """Mean pinball (quantile) loss, over rows and levels (Koenker & Bassett, 1978).

    actual: n; quantiles: n × levels.

    >>> round(pinball([10.0], [[8.0]], [0.9]), 10)
    1.8
    """
    return float(pinball_of_each(actual, quantiles, levels).mean())


def pinball_of_each(actual: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> Array:
    """Pinball loss of each outcome, the mean over levels: n.

    actual: n; quantiles: n × levels; levels: between 0 and 1.

    >>> [round(float(one), 10) for one in pinball_of_each([10.0], [[8.0]], [0.9])]
    [1.8]
    """
    error = _array(actual)[:, None] - _array(quantiles)
    level = _array(levels)
    return np.asarray(np.maximum(level * error, (level - 1) * error).mean(axis=1))


def coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of actuals inside [low, high].

    actual: what came.

    >>> coverage([1, 5], [0, 0], [2, 2])
    0.5
    """
    truth = _array(actual)
    return float(((truth >= _array(low)) & (truth <= _array(high))).mean())


def coverage_of_counts(
    actual: ArrayLike, quantiles: ArrayLike, levels: ArrayLike, *, share: float = 0.8
) -> float:
    """Share of whole-number outcomes inside the middle `share` of their forecasts.

    A count that is 0 on nine days in ten lies inside any interval with 0 in it, so `coverage` tells
    where a bound lies between two whole numbers rather than whether the forecast is right. Here an
    outcome takes up the probability between a half below and a half above it, and counts by the
    part of that which lies in the middle: the PIT histogram for counts, not randomised (Czado,
    Gneiting & Held, 2009, Biometrics 65), read between its ends. A right forecast has `share`.

    actual: n; quantiles: n × levels, rising; straight lines between them.

    >>> coverage_of_counts([0, 0, 0, 1], [[0.4, 0.5, 1.5]] * 4, [0.5, 0.75, 1.0], share=0.5)
    0.5
    """
    truth, ends = _array(actual), (1 - share) / 2
    under, upto = (_below(truth + half, _array(quantiles), _array(levels)) for half in (-0.5, 0.5))
    inside = np.minimum(upto, 1 - ends) - np.maximum(under, ends)
    return float((np.maximum(inside, 0.0) / np.maximum(upto - under, 1e-12)).mean())


def _below(value: Array, quantiles: Array, levels: Array) -> Array:
    """The probability below each value: n, by n × levels."""
    count = len(value)
    floor, ceiling = np.full((count, 1), -0.5), 1.5 * quantiles[:, -1:] + 1.0
    edges = np.hstack([floor, np.maximum(quantiles, -0.5), ceiling])
    height = np.concatenate([[0.0], levels, [1.0]])
    place = np.clip((edges <= value[:, None]).sum(axis=1), 1, edges.shape[1] - 1)
    row = np.arange(count)
    low, high = edges[row, place - 1], edges[row, place]
    part = np.divide(value - low, high - low, out=np.zeros(count), where=high > low)
    rise = height[place] - height[place - 1]
    return np.asarray(height[place - 1] + np.clip(part, 0.0, 1.0) * rise)


def expected_calibration_error(
    actual: ArrayLike, probability: ArrayLike, *, bins: int = 20
) -> float:
    """Mean |observed rate − mean probability| over bins of equal size (Naeini et al., 2015).

    actual: 0 or 1.

    >>> expected_calibration_error([0, 1], [0.0, 1.0], bins=2)
    0.0
    """
    order = np.argsort(_array(probability), kind="stable")
    truth, guess = _array(actual)[order], _array(probability)[order]
    parts = [part for part in np.array_split(np.arange(len(order)), bins) if len(part)]
    gaps = [len(part) * abs(truth[part].mean() - guess[part].mean()) for part in parts]
    return float(sum(gaps) / len(order))


def card_precision_at_k(frame: pd.DataFrame, *, k: int = 100) -> float:
    """Card precision top-k of the Fraud Detection Handbook, averaged over days.

    frame: day, card, score, fraud (0/1). A card's score on a day is its highest; a card is
    compromised on a day when any payment of it is fraud.
    """
    cards = frame.groupby(["day", "card"], as_index=False).agg(
        score=("score", "max"), fraud=("fraud", "max")
    )
    ranked = cards.sort_values(["day", "score"], ascending=[True, False], kind="stable")
    top = ranked.groupby("day").head(k)
    return float((top.groupby("day")["fraud"].sum() / k).mean())


def bootstrap_interval(
    differences: ArrayLike, *, level: float = 0.95, rounds: int = 1000, seed: int = 7
) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean (Efron, 1979).

    differences: one a sample; level: of the interval, in 0 … 1; rounds: how many resamples;
    seed: of the draws.

    >>> bootstrap_interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    values = _array(differences)
    draws = np.random.default_rng(seed).integers(0, len(values), (rounds, len(values)))
    means = values[draws].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
