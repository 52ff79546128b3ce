"""A merchant's demand as the training job judges it, beside every single statistical method."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from data.lake import Lake
from data.settings import Settings
from features import forecasting as features
from models.base import parameters
from models.forecasting import Baseline, Forecaster
from models.forecasting.classes import CLASSES
from models.forecasting.statistical import METHODS
from training.forecasting.judge import METRIC, cut_at, figures, judged
from training.job import Split

_SHOWN = (METRIC, "wape", "bias", "coverage_80")


def merchant(home: Path, frequency: str, methods: str) -> None:
    """The last periods of the lake in `home`, rolling origins; the last line is JSON."""
    parts = split(Settings(home=home), frequency)
    print(f"{'':24}{'pinball':>9}{'WAPE':>8}{'bias':>9}{'cover 80':>9}{'seconds':>9}", flush=True)
    ours, cpu = _judged("Argosy", Forecaster(), parts)
    off, _ = _judged("no stock-out correction", Forecaster(correct_stockouts=False), parts)
    names = [name for name in (methods.split(",") if methods else METHODS) if name]
    single = {name: _judged(name, Baseline(name), parts)[0] for name in names}
    best = {key: min(single, key=lambda name: single[name][key]) for key in (METRIC, "wape")}
    for name in CLASSES:
        if f"coverage_80_{name}" in ours:
            print(f"80 % interval, {name:15}{ours[f'coverage_80_{name}']:8.3f}")
    found: dict[str, float | str] = {name: round(ours[name], 4) for name in _SHOWN}
    found |= {
        f"coverage_80_{n}": round(ours[f"coverage_80_{n}"], 4)
        for n in CLASSES
        if f"coverage_80_{n}" in ours
    }
    found |= {"bias_in_stock_uncorrected": round(off["bias"], 4)}
    for key, name in best.items():
        found |= {f"best_{key}": name, f"{key}_to_best": round(ours[key] / single[name][key], 4)}
        if "seasonal_naive" in single:
            naive = single["seasonal_naive"][key]
            found[f"{key}_to_seasonal_naive"] = round(ours[key] / naive, 4)
    print(json.dumps(found | {"fit_cpu": round(cpu, 1)}))


def split(settings: Settings, frequency: str) -> Split:
    """The merchant's demand, cut where the training job cuts it."""
    lake = Lake(settings.lake, max_bad_share=settings.max_bad_share)
    now = lake.clock() or datetime.now(UTC)
    tables = {name: lake.read(name, as_of=now) for name in features.TABLES}
    demand = features.demand(tables, now, frequency)
    cut = cut_at(sorted(demand["event_timestamp"].unique()), frequency)
    past = demand["event_timestamp"] <= cut
    return Split(demand[past], demand[~past], pd.Timestamp(cut).to_pydatetime())


def _judged(name: str, model: Forecaster, parts: Split) -> tuple[dict[str, float], float]:
    """The figures, and the CPU seconds of the fit."""
    clock, cpu = time.perf_counter(), time.process_time()
    model.fit(parts.train)
    cpu = time.process_time() - cpu
    found = dict(figures(judged(model, parts)))
    values = "".join(
        f"{found[key]:{width}}"
        for key, width in zip(_SHOWN, ("9.4f", "8.3f", "+9.3f", "9.3f"), strict=True)
    )
    print(f"{name:24}{values}{time.perf_counter() - clock:9.0f}", flush=True)
    print(f"{name}: {parameters(model)}", file=sys.stderr, flush=True)
    return found, cpu
