"""Products with hardly a sale: forecast from those like them, with an honest spread."""

import numpy as np

from models.forecasting.backtest import PointForecaster, Rows
from models.forecasting.classes import SEEN
from models.forecasting.levels import level, summed
from models.forecasting.panel import DemandPanel, Floats
from models.forecasting.seasonal import structure

# Launches that a curve is learned from at least, and the periods it may be seen over.
_LAUNCHES, _CURVE = 5, 26
# A category with fewer series has the variation of all.
_ALIKE = 5
# Variation of levels (standard deviation over mean) where no two series can be compared.
_UNKNOWN_VARIATION = 1.0


def with_launches(point_forecast: PointForecaster) -> PointForecaster:
    """A method that knows what it does not know of new products.

    point_forecast: the method for series with a history. A series never seen gets the level of
    those like it, the season and weekdays of its kind, its promotions and the curve of a launch;
    of one seen for less than 8 periods the scale is that of a level hardly known.
    """

    def launched(
        panel: DemandPanel, origin: int, horizon: int, rows: Rows
    ) -> tuple[Floats, Floats]:
        past = panel.at(origin)
        mean, scale = point_forecast(past, origin, horizon, rows)
        periods = (~np.isnan(past.demand)).sum(axis=1)[rows]
        new = np.flatnonzero(periods < SEEN)
        if not len(new) or not past.now:
            return mean, scale
        unseen = new[periods[new] == 0]
        mean, scale = mean.copy(), scale.copy()
        mean[unseen] = _unseen_means(past, horizon, rows[unseen])
        doubt = past.once("variation", lambda: _variation(past))[rows[new], None] * mean[new]
        noise = level(past).scale[rows[new], None] ** 2
        # The variance of a level after n periods with this noise (normal prior and errors).
        left = doubt**2 * noise / (noise + periods[new, None] * doubt**2 + 1e-12)
        scale[new] = np.sqrt(scale[new] ** 2 + left)
        return mean, scale

    return launched


def _unseen_means(past: DemandPanel, horizon: int, rows: Rows) -> Floats:
    """Level of those alike × season × promotion × launch curve: n × horizon."""
    factors = structure(past).factors[rows, past.now : past.now + horizon]
    offered = past.offered[rows, past.now : past.now + horizon] > 0
    # The age counts from the first period in which the product can be ordered.
    begins = np.where(offered.any(axis=1), offered.argmax(axis=1), 0)
    age = np.clip(np.arange(horizon)[None, :] - begins[:, None], 0, _CURVE - 1)
    curve = past.once("launch curve", lambda: _launch_curve(past))
    return level(past).mean[rows, None] * factors * curve[age]


def _launch_curve(past: DemandPanel) -> Floats:
    """Demand by age since the first sight over the level later on: _CURVE values.

    Learned from series first seen within the panel and since for a whole curve; 1 where there are
    too few of them.
    """
    age = np.arange(past.now)[None, :] - past.first[:, None]
    seen = ~np.isnan(past.demand)
    known = (past.first > 4) & (past.first + 2 * _CURVE <= past.now)
    if known.sum() < _LAUNCHES:
        return np.ones(_CURVE)
    flat = np.where(seen, past.demand, 0.0) / np.maximum(
        structure(past).factors[:, : past.now], 0.05
    )
    later = known[:, None] & seen & (age >= _CURVE)
    usual = (flat * later).sum(axis=1) / np.maximum(later.sum(axis=1), 1)
    there = known[:, None] & seen & (age >= 0) & (age < _CURVE) & (usual > 0)[:, None]
    top = np.bincount(age[there], flat[there], minlength=_CURVE)
    bottom = np.bincount(
        age[there], np.broadcast_to(usual[:, None], age.shape)[there], minlength=_CURVE
    )
    borrowed = usual.mean()  # a curve of 1 counts as much as one usual series
    curve = (top + borrowed) / (bottom + borrowed)
    # Neighbouring ages sell alike: a mean of three smooths chance away.
    edged = np.concatenate([curve[:1], curve, curve[-1:]])
    return np.asarray(np.clip((edged[:-2] + edged[1:-1] + edged[2:]) / 3, 0.1, 10.0))


def _variation(past: DemandPanel) -> Floats:
    """How much levels differ within the category, standard deviation over mean: S."""
    seen = ~np.isnan(past.demand).all(axis=1)
    usual = np.where(seen, level(past).mean, 0.0)
    answer = np.full(past.size, _UNKNOWN_VARIATION)
    everything = np.zeros(past.size, dtype=np.int64)
    for group in (everything, past.groups("category")):
        values = np.stack([seen.astype(float), usual, usual**2], axis=1)
        count, total, square = summed(values, group).T
        mean = total / np.maximum(count, 1)
        variance = np.maximum(square / np.maximum(count, 1) - mean**2, 0.0)
        ratio = np.sqrt(variance) / np.maximum(mean, 1e-9)
        answer = np.where(count[group] >= _ALIKE, ratio[group], answer)
    return answer
