"""`supply`: the terms in force for each warehouse, product and supplier, and their money."""

from datetime import datetime

import numpy as np
import pandas as pd

from data.money import to_base
from data.views import FeatureType, Frames, Terms, View
from features.replenishment.ledger import moments
from features.replenishment.promotion import planned

TRIPLE = ("warehouse_id", "product_id", "supplier_id")
WEEKS, EVERY = 26, 4

_TERMS: dict[str, FeatureType] = {
    "lead_time_days": "float",
    "lead_time_sd": "float",
    "review_period_days": "float",
    "min_order_quantity": "float",
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
    "weight_kg": "float",
    "volume_m3": "float",
    "capacity_units": "float",
    "country": "str",
    "promotion_from": "float",
    "promotion_until": "float",
    "promotions_before": "float",
}


def build(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """The newest terms with valid_from at or before each moment, every four weeks and at `as_of`.

    Money stays in the currency of the terms; fx_rate is the day's rate to the base currency (1
    where no currency is given, missing where no rate is known). unit_cost falls back to the
    product's when the terms have none. days_to_end: until the product is discontinued, missing
    when no day is set. order_days: weekdays on which the supplier takes orders, `mon,thu`.
    weight_kg, volume_m3: of a unit. country: the warehouse's.

    tables: supply_terms, products, warehouses, promotions and fx_rates, as known at `as_of`; as_of:
    the newest moment, with its time zone; terms: the frozen settings, of which the base currency is
    used.
    """
    grid = moments(as_of, weeks=WEEKS, every=EVERY)
    supply_terms = tables["supply_terms"].sort_values("valid_from", kind="stable")
    parts = [_at(tables, supply_terms, moment, terms.base_currency) for moment in grid]
    rows = pd.concat(parts, ignore_index=True)
    return rows[[*TRIPLE, "event_timestamp", *VIEW.features]]


def _at(
    tables: Frames, supply_terms: pd.DataFrame, moment: pd.Timestamp, base: str
) -> pd.DataFrame:
    rows = supply_terms[supply_terms["valid_from"].fillna(moment) <= moment]
    rows = rows.drop_duplicates(list(TRIPLE), keep="last").reset_index(drop=True)
    rows = rows.assign(event_timestamp=moment)
    rows = rows.merge(_products(tables["products"]), on="product_id", how="left")
    sites = tables["warehouses"][["warehouse_id", "capacity_units", "country"]]
    rows = rows.merge(sites, on="warehouse_id", how="left")
    fx, when = tables["fx_rates"], rows["event_timestamp"]
    ones = pd.Series(1.0, index=rows.index)
    rows["fx_rate"] = to_base(ones, rows["currency"], when, fx, base)
    rows["price_fx_rate"] = to_base(ones, rows["price_currency"], when, fx, base)
    ended = rows["discontinued_on"].notna() & (rows["discontinued_on"] <= when)
    rows["discontinued"] = ended.astype("boolean")
    rows["blocked"] = rows["blocked"].astype("boolean")
    rows["days_to_end"] = (rows["discontinued_on"] - when).dt.total_seconds() / 86_400
    rows["unit_cost"] = rows["unit_cost"].fillna(_product_cost(rows, base))
    return planned(rows, tables["promotions"], moment)


def _products(products: pd.DataFrame) -> pd.DataFrame:
    columns = ["product_id", "price", "currency", "unit_cost", "weight_kg", "volume_m3"]
    return products[[*columns, "discontinued_on"]].rename(
        columns={"currency": "price_currency", "unit_cost": "product_cost"}
    )


def _product_cost(rows: pd.DataFrame, base: str) -> pd.Series:
    """The product's own unit cost in the currency of the terms."""
    same = rows["currency"].fillna(base) == rows["price_currency"].fillna(base)
    rate = np.where(same, 1.0, rows["price_fx_rate"] / rows["fx_rate"])
    return rows["product_cost"] * rate


VIEW = View(
    name="supply",
    keys=TRIPLE,
    features=_TERMS | _ELSEWHERE,
    tables=("supply_terms", "products", "warehouses", "promotions", "fx_rates"),
    build=build,
)
