"""The demand signal as planners corrected it, and forecasts made anew from it."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from decisions.forecasting.batch import forecast_rows, own_horizon
from decisions.forecasting.known_corrections import known_corrections, with_successors
from decisions.forecasting.override_layer import KEYS, pair_attributes, put
from decisions.forecasting.what_if import MOST_LEARNED, most_like
from decisions.runtime import Runtime
from features import forecasting as features

# Pairs that are forecast anew while the planner waits.
MOST_RENEWED = 500


@dataclass(frozen=True)
class CorrectionEffect:
    """What a correction, made or undone, changed. periods: closed periods that it touches, over all
    pairs; renewed: pairs that were forecast anew; note: why there are none, or fewer; "" otherwise.
    """

    periods: int
    renewed: int
    note: str = ""


def corrected_history(
    runtime: Runtime, now: datetime, *, only: dict[str, str] | None = None
) -> pd.DataFrame:
    """Rows of `demand` with the corrections known now, and what successors inherit; of one pair
    also what it sold since another one succeeded it.

    runtime: whose store and records are read; now: the moment; only: of this pair or warehouse.
    """
    if only is None or not _continues(runtime, only, now):
        rows, pair = runtime.store.history("demand", now, only=only), "product_id" in (only or {})
        return with_successors(runtime, rows, now, whole=pair)
    wider = {"warehouse_id": only["warehouse_id"]}
    rows = runtime.store.history("demand", now, only=wider)
    rows = with_successors(runtime, rows, now, whole=True)
    return rows[rows["product_id"] == only["product_id"]].reset_index(drop=True)


def _continues(runtime: Runtime, pair: dict[str, str], now: datetime) -> bool:
    """Whether the product of a pair is told to continue another one."""
    known = known_corrections(runtime, now)
    return any(one.predecessor_id and one.product_id == pair.get("product_id") for one in known)


def check_succession(
    runtime: Runtime, correction: features.HistoryCorrection, now: datetime
) -> None:
    """Raise HistoryCorrectionError where a succession names a product nobody knows. Whether it fits
    those told before is seen as it is kept.

    runtime: whose store, lake and records are read; correction: the succession; now: the moment.
    """
    known = runtime.records.history_corrections.known_at(now)
    former, place = str(correction.predecessor_id), correction.warehouse_id
    only = {"product_id": former} | ({} if place == features.EVERY else {"warehouse_id": place})
    sold = runtime.store.history("demand", now, only=only)
    where = "" if place == features.EVERY else f" in warehouse {place}"
    if sold.empty and not any(one.product_id == former for one in known if one.predecessor_id):
        raise features.HistoryCorrectionError(
            f"predecessor_id {former!r}: no demand of it is known{where}; name a product that has "
            "sold, by its id as in the orders"
        )
    named = runtime.lake.read("products", as_of=now, columns=["product_id"])["product_id"]
    planned = runtime.lake.read("supply_terms", as_of=now)["product_id"]
    mine = {"product_id": correction.product_id}
    unknown = correction.product_id not in {*named, *planned}
    if unknown and len(named) and runtime.store.history("demand", now, only=mine).empty:
        raise features.HistoryCorrectionError(
            f"product_id {correction.product_id!r}: there is no such product; ingest its row of "
            "`products` first, or give the id as it stands there"
        )


def renew_forecasts(
    runtime: Runtime, correction: features.HistoryCorrection, now: datetime
) -> CorrectionEffect:
    """Forecast the pairs of a correction anew, from the history as it is corrected now.

    runtime: whose store, records and model are used; correction: made or undone just before; now:
    the moment.
    """
    history = corrected_history(runtime, now)
    if correction.action == "continue":
        return _renew_chain(runtime, correction, history, now)
    inside = features.touched(history, correction, pair_attributes(runtime))
    periods = int(inside.sum())
    if not periods:
        return CorrectionEffect(0, 0, _no_period(correction, history))
    if correction.action == "mark":
        return CorrectionEffect(periods, 0, "A mark is a note: it changes no number.")
    pairs = history.loc[inside, KEYS].drop_duplicates()
    return _forecast_anew(runtime, history, pairs, periods, now)


def _renew_chain(
    runtime: Runtime, correction: features.HistoryCorrection, history: pd.DataFrame, now: datetime
) -> CorrectionEffect:
    """Forecast the products of a chain anew, in the warehouses of a succession."""
    products = features.linked_products(correction, known_corrections(runtime, now))
    rows = history[history["product_id"].isin(products)]
    if correction.warehouse_id != features.EVERY:
        rows = rows[rows["warehouse_id"] == correction.warehouse_id]
    # Once undone, the successor may have no history of its own: it is new there.
    former = rows.loc[rows["product_id"] == correction.predecessor_id, KEYS]
    pairs = pd.concat([rows[KEYS], former.assign(product_id=correction.product_id)])
    mine = history["product_id"] == correction.product_id
    taken = history["history_corrections"].fillna("").str.contains(correction.correction_id)
    return _forecast_anew(runtime, history, pairs.drop_duplicates(), int((mine & taken).sum()), now)


def _forecast_anew(
    runtime: Runtime, history: pd.DataFrame, pairs: pd.DataFrame, periods: int, now: datetime
) -> CorrectionEffect:
    """Forecast some pairs anew, which a correction touches in so many periods."""
    release = runtime.release("forecasting")
    if release is None:
        return CorrectionEffect(periods, 0)
    if len(pairs) > MOST_RENEWED:
        note = f"It touches {len(pairs):,} forecasts: the next batch forecast counts it."
        return CorrectionEffect(periods, 0, note)
    mine = pd.MultiIndex.from_frame(history[KEYS]).isin(pd.MultiIndex.from_frame(pairs))
    own = pairs.merge(history[mine], how="left", on=KEYS)
    new = own["frequency"].isna()
    if new.any():
        category = own["product_id"].map(dict(pair_attributes(runtime).category))
        own = own.assign(
            frequency=own["frequency"].fillna(history["frequency"].iloc[0]),
            category=own["category"].where(~new, category),
        )
    like = most_like(history, own, MOST_LEARNED)
    rows, _ = forecast_rows(runtime, release, like, now, horizon=own_horizon(release), own=own)
    if rows.empty:
        return CorrectionEffect(periods, 0, "No forecast is made of it any more.")
    put(runtime, rows, now)
    return CorrectionEffect(periods, len(rows))


def _no_period(correction: features.HistoryCorrection, history: pd.DataFrame) -> str:
    if history.empty:
        return "There is no demand of closed periods yet: argosy materialize."
    starts = np.sort(history["period_start"].unique())
    return (
        f"It touches no period: none of its products and warehouses has one that starts from "
        f"{correction.first} to {correction.last}; those of the history start from {starts[0]} to "
        f"{starts[-1]}."
    )
