"""Whether the staged model may serve: no worse than the others, as far as chance lets us tell."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

DRAWS = 200
ENOUGH_FRAUDS = 2_000  # from which on chance leaves less than is told; frauds beyond are not drawn
_CHANCE = (0.1, 0.9)


def average_precision_interval(
    label: NDArray[np.int64], probability: NDArray[np.float64], *, seed: int = 7
) -> tuple[float, float]:
    """Between which values average precision lies in 8 of 10 other samples of the same size.

    label: 0 or 1; probability: of each payment; seed: of the draws. A bootstrap (Efron, 1979): the
    payments are weighed anew by Poisson(1) draws. NaN without both labels.
    """
    if not 0 < label.sum() < len(label):
        return math.nan, math.nan
    if label.sum() > ENOUGH_FRAUDS:
        area = float(average_precision_score(label, probability))
        return area, area
    # Below the lowest score of a fraud nothing changes the precision at any fraud.
    kept = probability >= probability[label == 1].min()
    label, probability = label[kept], probability[kept]
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        weight = random.poisson(1.0, len(label)).astype(np.float64)
        if (weight * label).sum() > 0:
            drawn.append(average_precision_score(label, probability, sample_weight=weight))
    low, high = np.quantile(drawn, _CHANCE)
    return float(low), float(high)


def judge(metrics: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]) -> str:
    """Why the model must give way; "" where it may serve.

    metrics: of the staged model on the test payments; baselines: of the others, by name. It gives
    way where another is better than chance explains: above the top of its own interval. Without
    frauds in the test there is nothing to hold against it: it was chosen on folds in time.
    """
    top = metrics.get("average_precision_to", math.nan)
    better = {
        name: figures["average_precision"]
        for name, figures in baselines.items()
        if figures["average_precision"] > max(top, metrics["average_precision"])
    }
    if not better:
        return ""
    told = ", ".join(f"{name} ({value:.4g})" for name, value in better.items())
    ours = metrics["average_precision"]
    return f"average_precision {ours:.4g} (up to {top:.4g} by chance) is below {told}"
