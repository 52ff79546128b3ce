"""The global model: LightGBM over all series, for the mean and for how far off it will be."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from models.base import ModelError
from models.forecasting.panel import DemandPanel, Floats
from models.forecasting.regressors import Origin, PlanTerms, Rows, look

# Origins the model learns from, evenly over the history; more are near-copies of each other.
ORIGINS = 40
# Of so many origins one learns the structure anew; the others use that of the one before.
_ANEW = 5
FEWEST = 200
# Series it learns from; of more, whole products are drawn, so that look-alikes stay together.
SERIES = 20_000
# Threads that wait for each other on small data cost more than they bring; of large data, OpenMP
# (OMP_NUM_THREADS) says how many: 0.
_THREADS, _SMALL = 0, 50_000
_NOTHING = 1e-6  # as good as no demand
_FIXED: Mapping[str, Any] = {
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "max_bin": 63,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
}
# units: errors in units count, so large series count most. level: errors against each series' level
# count. relative: errors against each outcome count (MAPE): the median of logarithms weighted by
# one over the outcome, since trees then add up what multiplies (price, deal, level).
LOSSES: Mapping[str, Mapping[str, Any]] = {
    "units": {"objective": "tweedie", "tweedie_variance_power": 1.2},
    "level": {"objective": "tweedie", "tweedie_variance_power": 1.5},
    "relative": {"objective": "l1"},
}


@dataclass(frozen=True)
class Boosted:
    """Fitted boosters: of the mean over the level, averaged, and of the absolute error over the
    scale.
    """

    mean: tuple[lgb.Booster, ...]
    error: lgb.Booster
    loss: str
    terms: PlanTerms

    def point_forecast(
        self, panel: DemandPanel, origin: int, horizon: int, rows: Rows
    ) -> tuple[Floats, Floats]:
        """Mean and scale of some series (the others are their look-alikes): n × horizon each.

        panel: the series, with their periods closed and to come; origin: how many periods are taken
        as known; horizon: periods ahead; rows: places of the n series in the panel.
        """
        known = look(panel, origin)
        mean, scale = np.zeros((len(rows), horizon)), np.zeros((len(rows), horizon))
        for step in range(horizon):
            steps = np.full(len(rows), step + 1)
            design = known.design(rows, steps, self.terms)
            ratio = _ratio(self.mean, design, self.loss)
            far = np.maximum(_predict(self.error, _with_ratio(design, ratio)), 0.05)
            mean[:, step] = ratio * known.level.mean[rows]
            scale[:, step] = far * known.level.scale[rows]
        return mean, scale

    def save(self, folder: Path) -> None:
        """The boosters as LightGBM's own text, and what they were fitted for."""
        for number, one in enumerate(self.mean):
            one.save_model(folder / f"mean_{number}.txt")
        self.error.save_model(folder / "error.txt")
        about = {"loss": self.loss, "terms": asdict(self.terms)}
        (folder / "boosted.json").write_text(json.dumps(about), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Boosted":
        """Read what `save` wrote."""
        about = json.loads((folder / "boosted.json").read_text(encoding="utf-8"))
        files = sorted(folder.glob("mean_*.txt"))
        mean = tuple(lgb.Booster(model_file=file) for file in files)
        terms = PlanTerms(**about["terms"] | {"kinds": tuple(about["terms"]["kinds"])})
        error = lgb.Booster(model_file=folder / "error.txt")
        return cls(mean=mean, error=error, loss=about["loss"], terms=terms)


@dataclass(frozen=True)
class Effort:
    """How hard the global model tries. rows: training rows drawn from all series and origins.
    members: boosters of the mean, each with a seed of its own.
    """

    rows: int = 120_000
    trees: int = 200
    leaves: int = 15
    rate: float = 0.05
    loss: str = "units"
    prices_known: bool = False
    seed: int = 7
    members: int = 1

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ModelError(f"loss {self.loss!r} is unknown; it can be {', '.join(LOSSES)}")


@dataclass(frozen=True)
class _Rows:
    design: Floats
    ratio: Floats
    level: Floats
    scale: Floats


@dataclass(frozen=True)
class Sample:
    """What one model learns from. end: how many periods it knows; terms: what designs read of the
    plans; random: draws the rows; parts: those drawn so far, by origin.
    """

    end: int
    terms: PlanTerms
    random: np.random.Generator
    parts: list[_Rows] = field(default_factory=list)


def draw_samples(
    panel: DemandPanel, ends: Sequence[int], horizon: int, effort: Effort
) -> dict[int, Sample]:
    """By end, the rows to learn from where so many periods are known, of all origins before; what
    the models share of an origin is made once.

    panel: the series, with their periods closed and to come; ends: known periods, a number a model;
    horizon: how many periods ahead are learned; effort: how many rows, and the seed.
    """
    samples = {
        end: Sample(
            end,
            PlanTerms(
                prices_known=effort.prices_known or _announced(panel.at(end)),
                kinds=panel.conditions.kinds,
                reach=horizon,
            ),
            np.random.default_rng(effort.seed),
        )
        for end in ends
    }
    learning = [one for one in samples.values() if one.end >= 3]
    if not learning:
        return samples
    panel = some_products(panel, SERIES, effort.seed)
    known, then = None, [panel.at(one.end) for one in learning]
    oldest, newest = min(4, *(one.end - 1 for one in learning)), max(one.end for one in learning)
    origins = np.unique(np.linspace(oldest, newest - 1, ORIGINS).astype(np.int64))
    counts = [_counts(one, origins, effort.rows) for one in then]
    for number, origin in enumerate(origins.tolist()):
        # What is learned of seasons and promotions ages slowly: it is found anew now and then.
        known = here = look(panel, origin, known if number % _ANEW else None)
        for sample, past, count in zip(learning, then, counts, strict=True):
            if origin < sample.end:
                sample.parts.append(_at(here, past, horizon, int(count[number]), sample))
    return samples


def _counts(past: DemandPanel, origins: Rows, rows: int) -> Rows:
    """How many rows each origin gives: what is long ago half as many after the remembered periods;
    none those that are not known.
    """
    half_life = max(past.memory, past.now // 3)
    share = np.where(origins < past.now, 0.5 ** ((past.now - origins) / half_life), 0.0)
    return np.asarray(rows * share / share.sum(), dtype=np.int64)


def boost(sample: Sample, effort: Effort) -> Boosted | None:
    """Fit on the rows drawn; None with too few rows or no demand at all.

    sample: the rows; effort: trees and boosters, the loss and the seed.
    """
    if sum(len(one.ratio) for one in sample.parts) < FEWEST:
        return None
    parts = zip(*(vars(one).values() for one in sample.parts), strict=True)
    rows = _Rows(*(np.concatenate(one) for one in parts))
    if not rows.ratio.any():
        return None
    learning = {
        **_FIXED,
        "num_leaves": effort.leaves,
        "learning_rate": effort.rate,
        "seed": effort.seed,
    }
    weight = _weights(rows, effort.loss)
    target = np.log(_floored(rows.ratio)) if effort.loss == "relative" else rows.ratio
    objective = {**learning, **LOSSES[effort.loss]}
    mean = tuple(
        _train({**objective, "seed": seed}, rows.design, target, weight, effort.trees)
        for seed in range(effort.seed, effort.seed + effort.members)
    )
    ratio = _ratio(mean, rows.design, effort.loss)
    off = np.abs(rows.ratio - ratio) * rows.level / rows.scale
    half = slice(None, None, 2)
    error = _train(
        {**learning, "objective": "poisson", "num_leaves": 15},
        _with_ratio(rows.design, ratio)[half],
        off[half],
        (rows.scale / rows.scale.mean())[half],
        effort.trees // 2,
    )
    return Boosted(mean, error, effort.loss, sample.terms)


def _announced(panel: DemandPanel) -> bool:
    """Whether most prices of the history were announced, and so are known ahead."""
    known = ~np.isnan(panel.list_price[:, : panel.now])
    seen = known[~np.isnan(panel.demand)] if known.size else known
    return bool(seen.mean() > 0.5) if seen.size else False


def some_products(panel: DemandPanel, most: int, seed: int) -> DemandPanel:
    """The panel, or, where it has more than `most` series, all series of some products.

    panel: the series, with their periods closed and to come; most: so many series at most (one
    product is kept whole, whatever its size); seed: draws the products.
    """
    if panel.size <= most:
        return panel
    group = panel.groups("product_id")
    order = np.random.default_rng(seed).permutation(int(group.max()) + 1)
    many = int((np.cumsum(np.bincount(group)[order]) <= most).sum())
    return panel.rows(np.flatnonzero(np.isin(group, order[: max(many, 1)])))


def _at(origin: Origin, panel: DemandPanel, horizon: int, count: int, sample: Sample) -> _Rows:
    """Rows of one origin: random series and steps ahead whose demand is known by now."""
    now = origin.past.now
    longest = min(horizon, panel.now - now)
    total = panel.size * longest
    drawn = sample.random.choice(total, size=min(count, total), replace=False)
    rows, steps = np.divmod(np.sort(drawn).astype(np.int64), longest)
    steps = steps + 1
    target = panel.demand[rows, now + steps - 1]
    kept = ~np.isnan(target) & (origin.past.first[rows] < now)
    rows, steps, target = rows[kept], steps[kept], target[kept]
    design = origin.design(rows, steps, sample.terms)
    usual = origin.level.mean[rows]
    return _Rows(design, target / usual, usual, origin.level.scale[rows])


def _floored(ratio: Floats) -> Floats:
    """Ratios that can be divided by and have a logarithm."""
    return np.maximum(ratio, 0.02)


def _weights(sample: _Rows, loss: str) -> Floats:
    if loss == "relative":
        return 1.0 / _floored(sample.ratio)
    weight = sample.level if loss == "units" else np.ones(len(sample.level))
    return np.asarray(weight / weight.mean())


def _train(
    settings: Mapping[str, Any], design: Floats, target: Floats, weight: Floats, trees: int
) -> lgb.Booster:
    if not target.any():  # of counts that are all 0 LightGBM learns nothing, and says so
        target = np.full_like(target, _NOTHING)
    data = lgb.Dataset(design, label=target, weight=weight, free_raw_data=True)
    count = len(target)
    # Demand of one period is mostly chance: leaves must hold many rows to say anything.
    own = {"num_threads": _threads(count), "min_data_in_leaf": int(np.clip(count // 600, 20, 200))}
    return lgb.train({**settings, **own}, data, num_boost_round=trees)


def _threads(rows: int) -> int:
    return 1 if rows < _SMALL else _THREADS


def _with_ratio(design: Floats, ratio: Floats) -> Floats:
    return np.concatenate([design, ratio[:, None].astype(np.float32)], axis=1)


def _predict(booster: lgb.Booster, design: Floats) -> Floats:
    return np.asarray(booster.predict(design, num_threads=_threads(len(design))), dtype=np.float64)


def _ratio(boosters: Sequence[lgb.Booster], design: Floats, loss: str) -> Floats:
    answer = np.mean([_predict(one, design) for one in boosters], axis=0)
    return np.asarray(np.exp(answer) if loss == "relative" else np.maximum(answer, 0.0))
