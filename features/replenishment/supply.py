"""`supply`: the terms in force for each warehouse, product and supplier, and their money."""

from datetime import datetime

import numpy as np
import pandas as pd

from data.money import to_base
from data.views import FeatureType, Frames, Terms, View
from data.zones import wall_clock, zones_of
from features.replenishment.closures import closures_ahead
from features.replenishment.duties import duty_rates, next_tariff_days, with_origin
from features.replenishment.ledger import moments
from features.replenishment.promotion import planned

TRIPLE = ("warehouse_id", "product_id", "supplier_id")
WEEKS, EVERY = 26, 4

_TERMS: dict[str, FeatureType] = {
    "lead_time_days": "float",
    "lead_time_sd": "float",
    "review_period_days": "float",
    "min_order_quantity": "float",
    "max_order_quantity": "float",
    "pack_size": "float",
    "order_cost": "float",
    "unit_cost": "float",
    "currency": "str",
    "price_breaks": "str",
    "duty_rate": "float",
    "freight_per_unit": "float",
    "holding_cost_rate": "float",
    "stockout_cost": "float",
    "service_level": "float",
    "display_minimum": "float",
    "max_cover_days": "float",
    "order_days": "str",
    "blocked": "bool",
}
_ELSEWHERE: dict[str, FeatureType] = {
    "fx_rate": "float",
    "price": "float",
    "price_currency": "str",
    "price_fx_rate": "float",
    "discontinued": "bool",
    "days_to_end": "float",
    "days_to_launch": "float",
    "weight_kg": "float",
    "volume_m3": "float",
    "capacity_units": "float",
    "country": "str",
    "promotion_from": "float",
    "promotion_until": "float",
    "promotions_before": "float",
    "next_cost_days": "float",
    "next_unit_cost": "float",
    "next_duty_rate": "float",
    "minimum_order_value": "float",
    "cut_off": "str",
    "supplier_time_zone": "str",
    "supplier_closures": "str[]",
    "warehouse_closures": "str[]",
}


def build(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """The newest terms with valid_from at or before each moment, every four weeks and at `as_of`.

    Days begin and end in the time zone of the warehouse.

    Money stays in the currency of the terms, else of the supplier; fx_rate is the day's rate to the
    base currency (1 where no currency is given, missing where no rate is known). unit_cost falls
    back to the product's when the terms have none; duty_rate is that of the terms or of the tariffs
    (`duties.duty_rates`). days_to_end, days_to_launch: until the product is discontinued or
    launched (below 0: it is), missing when no day is set. order_days: weekdays on which the
    supplier takes orders, `mon,thu`, of the terms, else of the supplier. weight_kg, volume_m3: of a
    unit. country: the warehouse's. next_cost_days: days until the next announced change of price or
    duty; next_unit_cost, next_duty_rate: what holds from then on, missing without one.
    minimum_order_value: of all lines of one order, in the base currency. cut_off: time of day in
    supplier_time_zone until which an order counts as of that day. supplier_closures,
    warehouse_closures: those known and not over (`closures.closures_ahead`).

    tables: supply_terms, products, prices, warehouses, suppliers, closures, tariffs, promotions and
    fx_rates, as known at `as_of`; as_of: the newest moment, with its time zone; terms: the frozen
    settings, of which the base currency is used.
    """
    grid = moments(as_of, weeks=WEEKS, every=EVERY)
    supply_terms = tables["supply_terms"].sort_values("valid_from", kind="stable")
    zones = zones_of(supply_terms["warehouse_id"], tables["warehouses"])
    supply_terms = supply_terms.assign(zone=zones)
    parts = [_at(tables, supply_terms, moment, terms.base_currency) for moment in grid]
    rows = pd.concat(parts, ignore_index=True)
    return rows[[*TRIPLE, "event_timestamp", *VIEW.features]]


def _at(
    tables: Frames, supply_terms: pd.DataFrame, moment: pd.Timestamp, base: str
) -> pd.DataFrame:
    now = pd.Series(moment, index=supply_terms.index)
    clock = wall_clock(now, supply_terms["zone"]).dt.tz_localize("UTC")
    supply_terms = supply_terms.drop(columns="zone").assign(clock=clock)
    rows = supply_terms[supply_terms["valid_from"].fillna(clock) <= clock]
    rows = rows.drop_duplicates(list(TRIPLE), keep="last").reset_index(drop=True)
    rows = rows.assign(event_timestamp=moment)
    rows = rows.merge(_products(tables["products"]), on="product_id", how="left")
    sites = tables["warehouses"][["warehouse_id", "capacity_units", "country"]]
    rows = rows.merge(sites, on="warehouse_id", how="left")
    rows = _with_supplier(rows, tables["suppliers"])
    rows = _with_price(rows, tables["prices"], moment)
    fx, when = tables["fx_rates"], rows["event_timestamp"]
    ones = pd.Series(1.0, index=rows.index)
    rows["fx_rate"] = to_base(ones, rows["currency"], when, fx, base)
    rows["price_fx_rate"] = to_base(ones, rows["price_currency"], when, fx, base)
    rows["product_fx_rate"] = to_base(ones, rows["product_currency"], when, fx, base)
    value, currency = rows["minimum_order_value"], rows["supplier_currency"]
    rows["minimum_order_value"] = to_base(value, currency, when, fx, base)
    clock = rows["clock"]
    ended = rows["discontinued_on"].notna() & (rows["discontinued_on"] <= clock)
    rows["discontinued"] = ended.astype("boolean")
    rows["blocked"] = rows["blocked"].astype("boolean")
    rows["days_to_end"] = (rows["discontinued_on"] - clock).dt.total_seconds() / 86_400
    rows["days_to_launch"] = (rows["launched_on"] - clock).dt.total_seconds() / 86_400
    rows["unit_cost"] = rows["unit_cost"].fillna(_product_cost(rows, base))
    rows = with_origin(rows)
    rows = _with_next(rows, supply_terms, tables, moment, base)
    rows["duty_rate"] = duty_rates(rows, tables["tariffs"], clock)
    for name, key in (("supplier_closures", "supplier_id"), ("warehouse_closures", "warehouse_id")):
        rows[name] = closures_ahead(rows[key], tables["closures"], key, moment)
    return planned(rows, tables["promotions"], clock)


def _products(products: pd.DataFrame) -> pd.DataFrame:
    columns = ["product_id", "price", "currency", "unit_cost", "weight_kg", "volume_m3", "hs_code"]
    dates = ["origin_country", "launched_on", "discontinued_on"]
    return products[[*columns, *dates]].rename(
        columns={"currency": "product_currency", "unit_cost": "product_cost"}
    )


def _with_supplier(rows: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """The rows with what is known of their suppliers, which fills in what the terms leave open."""
    about = suppliers.rename(
        columns={
            "country": "supplier_country",
            "currency": "supplier_currency",
            "time_zone": "supplier_time_zone",
            "order_days": "supplier_order_days",
        }
    ).drop(columns="name")
    rows = rows.merge(about, on="supplier_id", how="left")
    own, theirs = rows["currency"], rows["supplier_currency"]
    return rows.assign(
        currency=own.where(own.notna(), theirs),
        supplier_currency=theirs.where(theirs.notna(), own),
        order_days=rows["order_days"].where(
            rows["order_days"].notna(), rows["supplier_order_days"]
        ),
    )


def _with_price(rows: pd.DataFrame, prices: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The rows with the price that holds in the warehouse's country, else everywhere, else the
    product's own; and its currency."""
    current = prices[prices["valid_from"] <= moment].sort_values("valid_from", kind="stable")
    answer = rows.assign(price_currency=rows["product_currency"])
    if current.empty:
        return answer
    newest = current.drop_duplicates(["product_id", "market"], keep="last")
    newest = newest.set_index(["product_id", "market"])[["price", "currency"]]
    for market in (pd.Series("*", index=rows.index), rows["country"]):
        asked = pd.MultiIndex.from_arrays([rows["product_id"], market])
        found = newest.reindex(asked)
        known = found["price"].notna().to_numpy()
        answer["price"] = np.where(known, found["price"], answer["price"])
        answer["price_currency"] = np.where(known, found["currency"], answer["price_currency"])
    return answer


def _product_cost(rows: pd.DataFrame, base: str) -> pd.Series:
    """The product's own unit cost in the currency of the terms."""
    same = rows["currency"].fillna(base) == rows["product_currency"].fillna(base)
    rate = np.where(same, 1.0, rows["product_fx_rate"] / rows["fx_rate"])
    return rows["product_cost"] * rate


def _with_next(
    rows: pd.DataFrame,
    supply_terms: pd.DataFrame,
    tables: Frames,
    moment: pd.Timestamp,
    base: str,
) -> pd.DataFrame:
    """The rows with the next announced change of price or duty, the sooner of the two."""
    coming = supply_terms[supply_terms["valid_from"] > supply_terms["clock"]].drop_duplicates(
        list(TRIPLE)
    )
    columns = ["valid_from", "unit_cost", "currency", "duty_rate"]
    coming = coming[[*TRIPLE, *columns]].rename(columns={name: f"n_{name}" for name in columns})
    rows = rows.merge(coming, on=list(TRIPLE), how="left")
    by_terms = (rows["n_valid_from"] - rows["clock"]).dt.total_seconds().to_numpy(
        dtype=float
    ) / 86_400
    by_tariff = next_tariff_days(rows, tables["tariffs"], rows["clock"])
    days = np.fmin(by_terms, by_tariff)
    new_terms = days == by_terms  # False where there is none
    rows["next_cost_days"] = days
    own = rows["currency"].fillna(base)
    other = rows["n_currency"].where(rows["n_currency"].notna(), rows["currency"])
    ones, when = pd.Series(1.0, index=rows.index), rows["event_timestamp"]
    rate = to_base(ones, other, when, tables["fx_rates"], base) / rows["fx_rate"]
    rate = rate.where(other.fillna(base) != own, 1.0)
    later = (rows["n_unit_cost"] * rate).where(new_terms, rows["unit_cost"])
    rows["next_unit_cost"] = later.where(~np.isnan(days))
    then = rows["clock"] + pd.to_timedelta(np.nan_to_num(days), unit="D")
    held = rows.assign(
        duty_rate=rows["n_duty_rate"].where(new_terms, rows["duty_rate"]),
        valid_from=rows["n_valid_from"].where(new_terms, rows["valid_from"]),
    )
    duty = duty_rates(held, tables["tariffs"], then)
    rows["next_duty_rate"] = np.where(np.isnan(days), np.nan, duty)
    return rows


VIEW = View(
    name="supply",
    keys=TRIPLE,
    features=_TERMS | _ELSEWHERE,
    tables=(
        "supply_terms",
        "products",
        "prices",
        "warehouses",
        "suppliers",
        "closures",
        "tariffs",
        "promotions",
        "fx_rates",
    ),
    build=build,
)
