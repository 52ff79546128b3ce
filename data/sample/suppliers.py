"""Suppliers and supply terms of the sample merchant: all generated.

Each maker and department has one supplier; one product in ten has a second source as well. What a
supplier promises (`lead_time_days`) is not always what it does: `slip` is the true mean over the
promised one, to be learnt from purchase orders.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.sample.plan import CENTRE_RATES, START, SamplePlan, stream


@dataclass(frozen=True)
class Supplier:
    """One supplier; lead times in days, `spread` is their true sd as a share of the true mean."""

    supplier_id: str
    country: str
    currency: str
    promised: int
    slip: float
    spread: float
    review: int
    order_cost: float
    dearer_from_july: bool = False


SUPPLIERS: tuple[Supplier, ...] = (
    Supplier("S01", "DE", "EUR", 3, 1.0, 0.2, 7, 15),
    Supplier("S02", "NL", "EUR", 2, 1.1, 0.3, 7, 12),
    Supplier("S03", "FR", "EUR", 5, 1.0, 0.2, 7, 18),
    Supplier("S04", "ES", "EUR", 7, 1.35, 0.35, 7, 18),
    Supplier("S05", "IT", "EUR", 7, 1.1, 0.25, 7, 20),
    Supplier("S06", "PL", "PLN", 4, 1.0, 0.2, 7, 60, dearer_from_july=True),
    Supplier("S07", "GB", "GBP", 6, 1.2, 0.4, 7, 20),
    Supplier("S08", "DK", "DKK", 4, 1.0, 0.15, 7, 110),
    Supplier("S09", "SE", "SEK", 6, 1.0, 0.2, 14, 180),
    Supplier("S10", "CH", "CHF", 5, 1.0, 0.15, 7, 25),
    Supplier("S11", "TR", "TRY", 14, 1.25, 0.3, 14, 900, dearer_from_july=True),
    Supplier("S12", "US", "USD", 21, 1.1, 0.25, 14, 60),
    Supplier("S13", "CN", "CNY", 28, 1.15, 0.25, 14, 500),
    Supplier("S14", "DE", "EUR", 2, 1.0, 0.1, 7, 10),
    Supplier("S15", "NL", "EUR", 4, 1.5, 0.45, 7, 12),
    Supplier("S16", "FR", "EUR", 3, 1.0, 0.25, 7, 15),
)

# Near suppliers carry most of a grocer's range.
_WEIGHTS = np.array([12, 12, 10, 7, 7, 9, 7, 5, 4, 4, 4, 3, 3, 12, 8, 10], dtype=float)
_BEYOND = np.array([s.supplier_id in {"S11", "S12", "S13"} for s in SUPPLIERS])
_UNION = ("DE", "DK", "ES", "FR", "IE", "IT", "NL", "PL", "SE")
_FRESH = ("produce", "meat", "pastry", "deli", "seafood", "floral", "salad bar")
_PACKS = np.array([1, 2, 4, 6, 12])


@dataclass(frozen=True)
class Supply:
    """Per planned pair (aligned with it): who delivers it, and how the replay may order it.

    pairs: warehouse_id, product_id.
    terms: the table supply_terms.
    """

    pairs: pd.DataFrame
    terms: pd.DataFrame
    supplier: np.ndarray
    review: np.ndarray
    phase: np.ndarray
    promised: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    pack: np.ndarray
    minimum: np.ndarray


def supply(plan: SamplePlan, lines: pd.DataFrame, products: pd.DataFrame, *, seed: int) -> Supply:
    """Suppliers and terms of every pair under planning.

    plan: how much of what; lines: order lines; products: the catalogue; seed: of the random
    draws.
    """
    pairs = _planned(plan, lines)
    goods = pairs.merge(products, how="left", on="product_id").merge(
        pd.DataFrame(
            {
                "warehouse_id": [s.warehouse_id for s in plan.sites],
                "home": [s.country for s in plan.sites],
            }
        ),
        on="warehouse_id",
    )
    index = _assigned(goods)
    random = stream(seed, "suppliers")
    pack = _packs(goods, random)
    minimum = np.where(random.random(len(goods)) < 0.3, pack * random.integers(2, 4, len(goods)), 0)
    distance = np.array([s.country for s in SUPPLIERS])[index] != goods["home"].to_numpy()
    promised = np.array([s.promised for s in SUPPLIERS])[index] + distance
    slip = np.array([s.slip for s in SUPPLIERS])[index]
    terms = _terms(goods, index, promised, pack, minimum, random)
    second = _second_sources(goods, index, terms, random)
    return Supply(
        pairs=pairs,
        terms=_with_raises(pd.concat([terms, second], ignore_index=True)),
        supplier=index,
        review=np.array([s.review for s in SUPPLIERS])[index],
        phase=(index * 3 + _site_phase(goods["warehouse_id"])) % 5 + 1,
        promised=promised,
        mean=promised * slip,
        spread=np.array([s.spread for s in SUPPLIERS])[index],
        pack=pack,
        minimum=minimum,
    )


def _planned(plan: SamplePlan, lines: pd.DataFrame) -> pd.DataFrame:
    """Pairs that sold in enough weeks, and in the last ten of them."""
    week = (lines["at"] - START).dt.days // 7
    by_pair = lines.assign(week=week).groupby(["warehouse_id", "product_id"])["week"]
    sold = by_pair.agg(["nunique", "max"]).reset_index()
    alive = sold[(sold["nunique"] >= plan.planned_weeks) & (sold["max"] >= 42)]
    return alive[["warehouse_id", "product_id"]].reset_index(drop=True)


def _site_phase(warehouses: pd.Series) -> np.ndarray:
    return warehouses.map(lambda name: zlib.crc32(name.encode()) % 5).to_numpy()


def _assigned(goods: pd.DataFrame) -> np.ndarray:
    """Index of each product's supplier: by maker and department; fresh goods come from near."""
    department = goods["category"].str.split("/").str[0]
    names = ("7|" + department + "|" + goods["brand"]).to_numpy()
    fresh = department.str.startswith(_FRESH).to_numpy()
    drawn = np.array([zlib.crc32(name.encode()) / 2**32 for name in names])
    near = np.where(_BEYOND, 0, _WEIGHTS)
    limits = {True: np.cumsum(near / near.sum()), False: np.cumsum(_WEIGHTS / _WEIGHTS.sum())}
    chosen = np.where(
        fresh, np.searchsorted(limits[True], drawn), np.searchsorted(limits[False], drawn)
    )
    return np.minimum(chosen, len(SUPPLIERS) - 1)


def _packs(goods: pd.DataFrame, random: np.random.Generator) -> np.ndarray:
    """Units in a pack: cheap goods come by the dozen, dear ones singly."""
    cheap = (goods["price"] < 3).to_numpy()
    drawn = random.random(len(goods))
    dear_pack = np.searchsorted([0.6, 0.85, 0.95, 1.0], drawn)
    cheap_pack = np.searchsorted([0.15, 0.35, 0.6, 0.9, 1.0], drawn)
    return _PACKS[np.where(cheap, cheap_pack, dear_pack)]


def _terms(
    goods: pd.DataFrame,
    index: np.ndarray,
    promised: np.ndarray,
    pack: np.ndarray,
    minimum: np.ndarray,
    random: np.random.Generator,
) -> pd.DataFrame:
    """One line of supply_terms a pair; all money in the supplier's currency."""
    count = len(goods)
    currency = np.array([s.currency for s in SUPPLIERS])[index]
    country = np.array([s.country for s in SUPPLIERS])[index]
    euro = np.array([CENTRE_RATES.get(name, 1.0) for name in currency])
    unit_cost = goods["unit_cost"].to_numpy() * random.uniform(0.9, 1.0, count)
    margin = goods["price"].to_numpy() - unit_cost
    far = np.isin(country, ("CN", "US", "TR"))
    freight = goods["weight_kg"].to_numpy() * np.where(far, 0.12, 0.04)
    level = np.where(random.random(count) < 0.15, random.choice([0.9, 0.95, 0.98], count), np.nan)
    return pd.DataFrame(
        {
            "warehouse_id": goods["warehouse_id"],
            "product_id": goods["product_id"],
            "supplier_id": np.array([s.supplier_id for s in SUPPLIERS])[index],
            "lead_time_days": promised.astype(float),
            "lead_time_sd": (promised * 0.2).round(1),
            "review_period_days": np.array([float(s.review) for s in SUPPLIERS])[index],
            "min_order_quantity": minimum.astype(float),
            "pack_size": pack.astype(float),
            # One order carries about a dozen products.
            "order_cost": np.array([s.order_cost / 12 for s in SUPPLIERS])[index].round(2),
            "unit_cost": (unit_cost / euro).round(3).clip(0.01),
            "currency": currency,
            "price_breaks": _breaks(pack, random),
            "duty_rate": _duties(country, goods["home"].to_numpy(), goods["hs_code"]),
            "freight_per_unit": (freight / euro).round(3),
            "holding_cost_rate": np.where(random.random(count) < 0.5, 0.25, 0.2),
            "stockout_cost": (np.maximum(margin, 0.05) * random.uniform(1.0, 1.6, count) / euro)
            .round(2)
            .clip(0.01),
            "service_level": level,
            "display_minimum": np.nan,
            "order_days": None,
            "blocked": pd.array([None] * count, dtype="boolean"),
            "valid_from": pd.Timestamp("2016-12-01", tz="UTC"),
        }
    )


def _breaks(pack: np.ndarray, random: np.random.Generator) -> list[str | None]:
    """`24:0.97|48:0.94`: from that quantity on, the share of the unit cost to pay; often none."""
    few, many = pack * 8, pack * 24
    offered = random.random(len(pack)) < 0.2
    return [
        f"{low}:0.97|{high}:0.94" if here else None
        for here, low, high in zip(offered, few, many, strict=True)
    ]


def _duties(country: np.ndarray, home: np.ndarray, hs_code: pd.Series) -> np.ndarray:
    """Duty where a customs border lies between supplier and warehouse (made-up rates)."""
    inside = np.isin(country, _UNION) & np.isin(home, _UNION)
    rate = hs_code.map({"210690": 0.09, "330499": 0.03, "330420": 0.03}).fillna(0.06)
    return np.where(inside | (country == home), 0.0, rate.to_numpy())


def _second_sources(
    goods: pd.DataFrame, index: np.ndarray, terms: pd.DataFrame, random: np.random.Generator
) -> pd.DataFrame:
    """One pair in ten can also be had elsewhere: slower, 6 % cheaper, in larger packs."""
    other = (index + 3) % 10
    chosen = random.random(len(goods)) < 0.1
    own = np.array([CENTRE_RATES.get(SUPPLIERS[i].currency, 1.0) for i in index])
    new = np.array([CENTRE_RATES.get(SUPPLIERS[i].currency, 1.0) for i in other])
    money = {
        name: (terms[name] * own / new).round(3)
        for name in ("order_cost", "freight_per_unit", "stockout_cost")
    }
    second = terms.assign(
        supplier_id=np.array([s.supplier_id for s in SUPPLIERS])[other],
        currency=np.array([s.currency for s in SUPPLIERS])[other],
        unit_cost=(terms["unit_cost"] * own / new * 0.94).round(3).clip(0.01),
        lead_time_days=terms["lead_time_days"] + 5,
        pack_size=terms["pack_size"] * 2,
        price_breaks=None,
        duty_rate=_duties(
            np.array([s.country for s in SUPPLIERS])[other],
            goods["home"].to_numpy(),
            goods["hs_code"],
        ),
        **money,
    )
    kept: pd.DataFrame = second[chosen & (other != index)]
    return kept


def _with_raises(terms: pd.DataFrame) -> pd.DataFrame:
    """Some suppliers raised their prices by 4 % on 1 July: a second line, valid from then."""
    raising = [s.supplier_id for s in SUPPLIERS if s.dearer_from_july]
    raised = terms[terms["supplier_id"].isin(raising)]
    raised = raised.assign(
        unit_cost=(raised["unit_cost"] * 1.04).round(3),
        valid_from=pd.Timestamp("2017-07-01", tz="UTC"),
    )
    keys = ["warehouse_id", "product_id", "supplier_id", "valid_from"]
    return pd.concat([terms, raised], ignore_index=True).sort_values(keys, ignore_index=True)
