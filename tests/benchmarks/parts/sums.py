"""Sums of a merchant's pairs beside forecasts of the summed demand: what reconciling would bring.

Three ways to one level (products, categories, countries, warehouses, everything): the pairs'
forecasts added up, which is what is served; a forecaster fitted on the added-up demand (direct);
and the pairs scaled to the direct forecast (top-down), which is coherent too. The last is judged by
its pairs as well.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from parts.merchant import split

from data.settings import Settings
from features.forecasting import TOTALS, Level
from models.forecasting import Forecaster
from training.forecasting.judge import KEYS, beside, wape_of_sums
from training.job import Split
from training.metrics import wape

_WHEN = ["event_timestamp", "frequency", "period_start"]


def sums(home: Path, frequency: str) -> None:
    """The last periods of the lake in `home`, rolling origins; the last line is JSON."""
    parts = split(Settings(home=home), frequency)
    pairs = beside(Forecaster().fit(parts.train), parts)
    found: dict[str, dict[str, float]] = {}
    print(f"{'WAPE of':12}{'pairs added':>12}{'direct':>9}{'top-down':>9}  {'its pairs':>9}")
    seen = pairs[pairs["quantity"].notna()]
    print(f"{'pair':12}{wape(seen['quantity'], seen['mean']):12.3f}", flush=True)
    for level, column in TOTALS.items():
        each = pairs.assign(group=pairs[column] if column else "")
        above = _added(parts, column)
        direct = beside(Forecaster().fit(above.train), above)
        cell = ["group", "origin", "horizon"]
        told = direct.rename(columns={"product_id": "group", "mean": "direct"})[[*cell, "direct"]]
        each = each.merge(told, how="left", on=cell)
        whole = each.groupby(cell)["mean"].transform("sum")
        scale = (each["direct"] / whole.where(whole > 0)).clip(0.5, 2.0).fillna(1.0)
        each["scaled"] = each["mean"] * scale
        # What the direct forecast says of the pairs that can be judged: their share of the sum.
        each["share"] = each["mean"] / whole.where(whole > 0) * each["direct"]
        found[level] = _figures(each[each["quantity"].notna()], level)
        line = found[level]
        print(
            f"{level:12}{line['added']:12.3f}{line['direct']:9.3f}{line['top_down']:9.3f}"
            f"  {line['pairs_top_down']:9.3f}",
            flush=True,
        )
    print(json.dumps({k: {n: round(v, 4) for n, v in one.items()} for k, one in found.items()}))


def _figures(each: pd.DataFrame, level: Level) -> dict[str, float]:
    name = f"wape_of_{level}"
    return {
        "added": wape_of_sums(each)[name],
        "direct": wape_of_sums(each, mean="share")[name],
        "top_down": wape_of_sums(each, mean="scaled")[name],
        "pairs_top_down": wape(each["quantity"], each["scaled"]),
    }


def _added(parts: Split, column: str | None) -> Split:
    """Demand by group, what empty shelves hid added; a group is a product of one warehouse."""
    whole = pd.concat([parts.train, parts.test], ignore_index=True)
    group = whole[column].fillna("") if column else pd.Series("", index=whole.index)
    wanted = whole["quantity"].fillna(0.0) + whole["lost"].fillna(0.0)
    weight = whole.groupby(KEYS)["quantity"].transform("mean").fillna(0.0) + 1e-9
    added = (
        whole[_WHEN]
        .assign(
            product_id=group,
            quantity=wanted,
            weight=weight,
            promotion=whole["promotion"] * weight,
            promotion_discount=whole["promotion_discount"] * weight,
        )
        .groupby(["product_id", *_WHEN], as_index=False)
        .sum()
    )
    for name in ("promotion", "promotion_discount"):
        added[name] /= added["weight"]
    plain = {"warehouse_id": "", "category": "", "country": "", "in_stock": 1.0, "censored": False}
    added = added.drop(columns="weight").assign(**plain, lost=np.nan)
    past = added["event_timestamp"] <= parts.cut
    return Split(added[past], added[~past], parts.cut)
