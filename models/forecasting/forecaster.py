"""The forecaster: per demand class the method that did best in a rolling back-test."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from models.base import ModelError, TooLittleDataError, parameters
from models.forecasting.answers import answer
from models.forecasting.backtest import (
    BacktestErrors,
    BacktestSetup,
    PointForecaster,
    Rows,
    backtest_errors,
    backtest_forecasts,
    backtest_setup,
)
from models.forecasting.boosted import Boosted, Effort, boost, draw_samples
from models.forecasting.checkpoints import Checkpoints
from models.forecasting.choice import BOOSTED, FALLBACK, Choice, decide
from models.forecasting.classes import classify
from models.forecasting.distribution import LEVELS, Distribution, Errors, calibrated
from models.forecasting.launches import with_launches
from models.forecasting.level_shifts import without_shifts
from models.forecasting.panel import DemandPanel, Floats, panel
from models.forecasting.selection import NO_DRIFT, drift
from models.forecasting.statistical import FAMILY, METHODS, planned_point_forecast

# What `save` writes; a model of another form would be read wrongly.
_FORM = 3
# How often LightGBM is fitted along the back-test: it ages there about as much as a release does.
REFITS = 3
HORIZONS = {"day": 35, "week": 13, "month": 6}


class Forecaster:
    """Mean and quantiles of demand by period, and of its sum over the periods 1 … h.

    horizon: periods ahead; 0 means 35 days, 13 weeks or 6 months.
    correct_stockouts: an empty shelf is a gap, not a zero.
    loss: what the global model minimises (`units`, `level` or `relative` errors); members: of how
    many boosters it is the average.
    prices_known: whether the price of a coming period is known ahead.
    methods: comma-separated, those to choose from, `lightgbm` and
    the statistical family; where both are there, their blend is tried too.
    """

    def __init__(
        self,
        horizon: int = 0,
        correct_stockouts: bool = True,
        loss: str = "units",
        prices_known: bool = False,
        methods: str = ",".join((BOOSTED, *FAMILY)),
        rows: int = 120_000,
        trees: int = 200,
        leaves: int = 15,
        rate: float = 0.05,
        members: int = 1,
        seed: int = 7,
    ) -> None:
        self.horizon = horizon
        self.correct_stockouts = correct_stockouts
        self.loss = loss
        self.prices_known = prices_known
        self.methods = methods
        self.rows = rows
        self.trees = trees
        self.leaves = leaves
        self.rate = rate
        self.members = members
        self.seed = seed

    # Where a fit keeps what it has done, and whom it tells: nowhere, nobody.
    checkpoints = Checkpoints()

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from a frame of `demand` (see `panel`); periods ahead in it are left out.

        With `checkpoints`, a fit that was killed goes on from what was done, to the same answer.

        Raises TooLittleDataError when no period has known demand.
        """
        if "horizon" in frame:
            frame = frame[~(frame["horizon"].fillna(0) > 0)]
        whole = self._panel(frame, horizon=0)
        if np.isnan(whole.demand).all():
            raise TooLittleDataError("No period has known demand: bring orders first.")
        kept = self.checkpoints.of(whole, {"class": type(self).__name__, **parameters(self)})
        done = kept.keep(
            "fit", lambda: self._fitted(whole, kept), save=type(self).save, load=type(self).load
        )
        self.__dict__.update(done.__dict__)
        return self

    def _fitted(self, whole: DemandPanel, kept: Checkpoints) -> Self:
        self.horizon_ = self.horizon or HORIZONS[whole.frequency]
        self.frequency_ = whole.frequency
        self.typical_ = _typical(whole)
        whole.default[:] = self.typical_[""]
        here = backtest_setup(whole, self.horizon_, self.seed)
        starts: Sequence[int] = []
        if here is not None and BOOSTED in self._family():
            starts = here.starts[:: math.ceil(len(here.starts) / REFITS)]
        fit = self._fit_at(whole, [*starts, whole.now])
        early = self._early(starts, fit, kept)
        self.choice_, errors = self._chosen(here, early, kept)
        self.distributions_ = (calibrated(errors.single), calibrated(errors.window))
        self.drift_ = NO_DRIFT
        if self._corrects and here is not None:
            self.drift_ = drift(errors.single, here.windows)
        self.boosted_ = None
        if self.choice_.needs_boosting:
            self.boosted_ = fit(whole.now)
        if early:
            # The scale stays the one whose errors were seen out of sample.
            self.boosted_ = _with_error_of(self.boosted_, early[max(early)])
        return self

    def refitted(self, frame: pd.DataFrame, **changes: object) -> Self:
        """A forecaster with this one's choice of methods and its errors, learned from a frame.

        frame: as in `fit`; changes: constructor arguments that differ. The back-test, most of the
        work of a fit, is not made again: what it found out changes slowly.
        """
        settings: dict[str, Any] = {**parameters(self), **changes}
        twin = type(self)(**settings)
        twin.checkpoints = self.checkpoints
        if "horizon" in frame:
            frame = frame[~(frame["horizon"].fillna(0) > 0)]
        whole = twin._panel(frame, horizon=0)
        twin.horizon_, twin.frequency_ = self.horizon_, self.frequency_
        twin.typical_ = _typical(whole)
        whole.default[:] = twin.typical_.get("", 0.0)
        twin.choice_, twin.distributions_, twin.drift_ = (
            self.choice_,
            self.distributions_,
            self.drift_,
        )
        kept = self.checkpoints.of(whole, {"class": type(self).__name__, **settings})
        twin.boosted_ = None
        if self.choice_.needs_boosting:
            twin.boosted_ = kept.keep(
                "LightGBM of all",
                partial(twin._fit_at(whole, [whole.now]), whole.now),
                save=_save_boosted,
                load=_load_boosted,
            )
        twin.boosted_ = _with_error_of(twin.boosted_, self.boosted_)
        return twin

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Forecast from history (and what is known ahead) in the form that `panel` reads.

        As far ahead as the model's horizon, or further where the frame has rows for more.
        Returns a row a series and period ahead: the keys, origin, horizon, period_start,
        demand_class, mean, q01 … q99, window_mean, w01 … w99 (of the sum of periods 1 … horizon).
        """
        planned = frame["horizon"].max() if "horizon" in frame else 0
        horizon = self.horizon_ if np.isnan(planned) else max(self.horizon_, int(planned))
        past = self._panel(frame, horizon=horizon)
        usual = self.typical_[""]
        past.default[:] = [self.typical_.get(name, usual) for name in past.series["category"]]
        group = classify(past)
        mean, scale = self.choice_.point_forecast(self._methods(), past, group, horizon)
        return answer(past, group, mean, scale, self.distributions_, self.drift_)

    def save(self, folder: Path) -> None:
        """LightGBM's own text, the calibration as arrays, the rest as JSON."""
        arrays = [part for one in self.distributions_ for part in (one.centre, one.quantile)]
        np.savez(folder / "calibration.npz", *arrays, self.choice_.weights)
        about = {
            "form": _FORM,
            "settings": parameters(self),
            "horizon": self.horizon_,
            "frequency": self.frequency_,
            "choice": self.choice_.about(),
            "typical": self.typical_,
            "drift": self.drift_,
        }
        (folder / "forecaster.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        _save_boosted(self.boosted_, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; ModelError for what an older version of Argosy wrote."""
        about = json.loads((folder / "forecaster.json").read_text(encoding="utf-8"))
        if about.get("form") != _FORM:
            raise ModelError("An older Argosy made this forecaster: argosy train forecasting.")
        model = cls(**about["settings"])
        model.typical_, model.drift_ = about["typical"], tuple(about["drift"])
        model.horizon_, model.frequency_ = about["horizon"], about["frequency"]
        with np.load(folder / "calibration.npz", allow_pickle=False) as file:
            a, b, c, d, weights = (file[f"arr_{number}"] for number in range(5))
        model.choice_ = Choice.read(about["choice"], weights)
        model.distributions_ = (Distribution(a, b), Distribution(c, d))
        model.boosted_ = _load_boosted(folder)
        return model

    @property
    def _corrects(self) -> bool:
        """Whether means are put right by the back-test; a relative loss asks for low ones."""
        return self.loss != "relative"

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels of the quantiles."""
        return LEVELS

    def _panel(self, frame: pd.DataFrame, horizon: int) -> DemandPanel:
        """The panel of a frame, each series on its newest level."""
        found = panel(frame, horizon=horizon, correct_stockouts=self.correct_stockouts)
        return without_shifts(found)[0]

    def _family(self) -> list[str]:
        methods = [name.strip() for name in self.methods.split(",") if name.strip()]
        if unknown := sorted(set(methods) - {BOOSTED, *METHODS}):
            allowed = ", ".join((BOOSTED, *METHODS))
            raise ModelError(f"methods: {unknown[0]!r} is unknown; it can be {allowed}")
        return methods

    def _fit_at(self, whole: DemandPanel, ends: Sequence[int]) -> Callable[[int], Boosted | None]:
        """How LightGBM is fitted on what was known at one of these ends; their rows are drawn
        together, when the first is asked for.
        """
        effort = Effort(**{one.name: getattr(self, one.name) for one in fields(Effort)})
        samples = cache(partial(draw_samples, whole, ends, self.horizon_, effort))
        return lambda end: boost(samples()[end], effort)

    def _early(
        self, starts: Sequence[int], fit: Callable[[int], Boosted | None], kept: Checkpoints
    ) -> Mapping[int, Boosted]:
        """LightGBM fitted on what was known at some starts of the back-test, the first among them:
        one that knows only the first would look worse at the last than the release will be.
        """
        made = {
            start: kept.keep(
                f"LightGBM of the back-test, {number + 1}",
                partial(fit, start),
                save=_save_boosted,
                load=_load_boosted,
            )
            for number, start in enumerate(starts)
        }
        return {start: one for start, one in made.items() if one is not None}

    def _chosen(
        self, here: BacktestSetup | None, early: Mapping[int, Boosted], kept: Checkpoints
    ) -> tuple[Choice, BacktestErrors]:
        """What the back-test chose, and the errors it made. Every method forecasts the same series
        from the same origins.
        """
        if here is None:
            return Choice.none(), BacktestErrors(Errors.none(), Errors.none())
        methods = {name: self._method(name) for name in self._family() if name != BOOSTED}
        if early and here.starts[0] in early:
            methods[BOOSTED] = with_launches(partial(_newest, early))
        method_forecasts = backtest_forecasts(
            here, methods or {FALLBACK: self._method(FALLBACK)}, kept
        )
        kept.progress("choosing by demand class")
        choice, forecast = decide(here, method_forecasts)
        return choice, backtest_errors(here, forecast)

    def _methods(self) -> Mapping[str, PointForecaster]:
        boosted = self._method(FALLBACK)
        if self.boosted_ is not None:
            boosted = with_launches(self.boosted_.point_forecast)
        return {name: self._method(name) for name in METHODS} | {BOOSTED: boosted}

    def _method(self, method: str) -> PointForecaster:
        """One statistical method, with promotions, prices and launches in it."""
        return with_launches(partial(planned_point_forecast, method=method))


def _with_error_of(boosted: Boosted | None, other: Boosted | None) -> Boosted | None:
    """A global model with the scale of another one, where both read the same regressors."""
    if boosted is None or other is None or boosted.terms != other.terms:
        return boosted
    return replace(boosted, error=other.error)


def _save_boosted(boosted: Boosted | None, folder: Path) -> None:
    if boosted is not None:
        boosted.save(folder)


def _load_boosted(folder: Path) -> Boosted | None:
    return Boosted.load(folder) if (folder / "mean_0.txt").exists() else None


def _newest(
    fitted: Mapping[int, Boosted], panel: DemandPanel, origin: int, horizon: int, rows: Rows
) -> tuple[Floats, Floats]:
    """Mean and scale by the newest model that was fitted on nothing after the origin."""
    newest = max(one for one in fitted if one <= origin)
    return fitted[newest].point_forecast(panel, origin, horizon, rows)


def _typical(whole: DemandPanel) -> Mapping[str, float]:
    """Mean demand of a series' first year's quarter, by category and, under "", over all."""
    early = np.arange(whole.now)[None, :] < (whole.first + whole.memory // 2)[:, None]
    demand = np.where(early, whole.demand, np.nan)
    total = np.nansum(demand, axis=1)
    count = (~np.isnan(demand)).sum(axis=1)
    sums = pd.DataFrame({"name": whole.series["category"], "total": total, "count": count})
    by_name = sums.groupby("name")[["total", "count"]].sum()
    by_name.loc[""] = [total.sum(), count.sum()]
    by_name = by_name[by_name["count"] > 0]
    return {str(k): float(v) for k, v in (by_name["total"] / by_name["count"]).items()}
