"""The choice a back-test makes: for each demand class one method, the blend of two, or the
stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from models.forecasting.backtest import (
    BacktestForecasts,
    BacktestSetup,
    PointForecaster,
    Rows,
    backtest_errors,
)
from models.forecasting.classes import CLASSES
from models.forecasting.distribution import GROUPS
from models.forecasting.panel import SEASONS, DemandPanel, Floats
from models.forecasting.selection import best, blended, picked
from models.forecasting.stacking import combined, crossed, stacked
from models.forecasting.statistical import LAST_YEAR, SEASONAL

BOOSTED, BLEND, STACK = "lightgbm", "blend", "stack"
# What answers where nothing could be back-tested: the mean of the remembered periods.
FALLBACK = "long_average"
_SEASONED = 1.25  # years


@dataclass(frozen=True)
class Choice:
    """chosen: by class, a method, `blend` or `stack`. companion: by class, the best statistical
    method, in the blend beside LightGBM and the level in season. methods: what the stack is made
    of; weights: classes × step groups × methods.
    """

    chosen: Mapping[int, str]
    companion: Mapping[int, str]
    methods: tuple[str, ...]
    weights: Floats

    @classmethod
    def none(cls) -> Self:
        """The choice where nothing was back-tested: the fallback for every class."""
        return cls(dict.fromkeys(range(len(CLASSES)), FALLBACK), {}, (), np.zeros((0, 0, 0)))

    @property
    def needs_boosting(self) -> bool:
        """Whether any class is forecast by the global model."""
        return any(BOOSTED in self.of(place) for place in self.chosen)

    def of(self, place: int) -> list[str]:
        """The methods a class needs."""
        name = self.chosen[place]
        if name == BLEND:
            return self._blend(self.companion[place])
        if name != STACK:
            return [name]
        used = self.weights[place].any(axis=0)
        return [method for method, one in zip(self.methods, used, strict=True) if one]

    def _blend(self, companion: str) -> list[str]:
        return [BOOSTED, companion, *([SEASONAL] if SEASONAL in self.methods else [])]

    def point_forecast(
        self, methods: Mapping[str, PointForecaster], past: DemandPanel, group: Rows, horizon: int
    ) -> tuple[Floats, Floats]:
        """Mean and scale of every series, each by the method chosen for its class; one never seen
        gets the level of its look-alikes.

        methods: name -> a function that gives mean and scale of some series; past: the series, with
        their periods closed and to come; group: S, the class of each series (its place in CLASSES);
        horizon: periods ahead. Both answers are S × horizon.
        """
        mean, scale = np.zeros((2, past.size, horizon))
        blank = past.first >= past.now
        for place in np.unique(group[~blank]):
            rows = np.flatnonzero((group == place) & ~blank)
            names = self.of(int(place))
            parts = [methods[name](past, past.now, horizon, rows) for name in names]
            weights = np.repeat(self._weights(int(place), names)[None], len(rows), axis=0)
            mean[rows] = combined(weights, [one[0] for one in parts])
            scale[rows] = combined(weights, [one[1] for one in parts])
        rows = np.flatnonzero(blank)
        mean[rows], scale[rows] = methods[FALLBACK](past, past.now, horizon, rows)
        return mean, scale

    def _weights(self, place: int, names: Sequence[str]) -> Floats:
        if self.chosen[place] == STACK:
            own: Floats = self.weights[place][:, [self.methods.index(name) for name in names]]
            return own
        return np.full((GROUPS, len(names)), 1.0 / len(names))

    def about(self) -> dict[str, Any]:
        """All of the choice but its weights, for JSON."""
        return {"chosen": self.chosen, "companion": self.companion, "methods": list(self.methods)}

    @classmethod
    def read(cls, about: Mapping[str, Any], weights: Floats) -> Self:
        """Read a choice back from what `about` gave and from its weights.

        about: chosen, companion (class -> method) and methods, as JSON keeps them; weights:
        classes × step groups × methods, of the stack.
        """
        chosen = {int(place): name for place, name in about["chosen"].items()}
        companion = {int(place): name for place, name in about["companion"].items()}
        return cls(chosen, companion, tuple(about["methods"]), weights)


def decide(
    here: BacktestSetup, forecasts: Mapping[str, BacktestForecasts]
) -> tuple[Choice, BacktestForecasts]:
    """The choice by the back-test, and the forecasts it would have made there.

    Each method alone; the blend, equal parts of LightGBM, the best other method and the level in
    season; the stack of all. Usual is the blend; another has to beat it clearly. Once a year and a
    quarter are known, no method without a season is taken alone: the origins lie in a part of the
    year, and cannot tell what it costs in the others.

    here: the series, origins and classes of the back-test; forecasts: method -> what it forecast
    from each origin.
    """
    errors = {name: backtest_errors(here, one).single for name, one in forecasts.items()}
    alone, usual = dict(errors), None
    if here.panel.now >= _SEASONED * SEASONS[here.panel.frequency][-1] and SEASONAL in errors:
        alone = {n: one for n, one in errors.items() if n in (BOOSTED, SEASONAL, LAST_YEAR)}
        usual = SEASONAL
    plain = {name: one for name, one in alone.items() if name != BOOSTED}
    companion = best(plain, usual=usual, windows=here.windows)
    candidates = dict(forecasts)
    if BOOSTED in forecasts and plain:
        others = picked(here, forecasts, companion)
        candidates[BLEND] = blended(
            [forecasts[BOOSTED], others, *([forecasts[SEASONAL]] if SEASONAL in forecasts else [])]
        )
    weights = np.zeros((0, 0, 0))
    if len(forecasts) > 1:
        weights = stacked(list(errors.values()))
        candidates[STACK] = crossed(here, list(forecasts.values()), list(errors.values()))
    more = {
        n: backtest_errors(here, one).single for n, one in candidates.items() if n not in errors
    }
    usual = BLEND if BLEND in candidates else usual
    chosen = best(alone | more, usual=usual, windows=here.windows)
    if not chosen:
        return Choice.none(), next(iter(forecasts.values()))
    choice = Choice(chosen, companion, tuple(forecasts), weights)
    return choice, picked(here, candidates, chosen)
