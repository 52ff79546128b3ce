"""Purchases, products, customers and promotions of the sample merchant.

True (from the retailer): who bought what, when, how many, at which price and discount, and what
was in the mailer or on display. Generated: countries, currencies and price levels (a market's
price is the retailer's dollars taken as euros, times the market's list rate and level), sign-up
times, cancellations and returns.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.sample.catalogue import products_of
from data.sample.plan import MARKETS, SamplePlan, day, stream, token, week
from data.sample.promotions import promotions_of
from data.sample.source import SampleSource


@dataclass(frozen=True)
class Shop:
    """The merchant before stock and payments.

    lines: order (internal name), at, account, product_id, warehouse_id, quantity, unit_price,
        currency, discount, market, status, promotion_id.
    accounts: account (internal name), signed_up_at, country, segment.
    """

    products: pd.DataFrame
    accounts: pd.DataFrame
    warehouses: pd.DataFrame
    promotions: pd.DataFrame
    lines: pd.DataFrame


def open_shop(plan: SamplePlan, source: SampleSource, *, seed: int) -> Shop:
    """The shop as the retailer's customers saw it, in several countries.

    plan: how much of what; source: the retailer's year; seed: of the random draws.
    """
    homes = _homes(plan, source.lines)
    bought = _delivered(plan, source.lines, homes)
    products = products_of(source.goods, bought, seed=seed)
    promotions, weeks = promotions_of(plan, source, bought)
    lines = _lines(bought, weeks, seed=seed)
    return Shop(
        products=products,
        accounts=_accounts(bought, homes, source.households, seed=seed),
        warehouses=_warehouses(plan, lines),
        promotions=promotions,
        lines=lines,
    )


def _homes(plan: SamplePlan, lines: pd.DataFrame) -> pd.Series:
    """The country of each household: that of the store it buys most at."""
    country = {site.store_id: site.country for site in plan.sites}
    counts = lines.groupby(["household_id", "store_id"], as_index=False).size()
    main = counts.sort_values(["size", "store_id"], kind="stable").groupby("household_id").last()
    return main["store_id"].map(country).rename("country")


def _delivered(plan: SamplePlan, lines: pd.DataFrame, homes: pd.Series) -> pd.DataFrame:
    """The purchases a site ships to the household's country; the few others are left out."""
    site = {site.store_id: site for site in plan.sites}
    market = lines["household_id"].map(homes)
    serves = {(store, country) for store, one in site.items() for country in one.serves}
    kept = pd.MultiIndex.from_arrays([lines["store_id"], market]).isin(serves)
    warehouse = lines["store_id"].map({store: one.warehouse_id for store, one in site.items()})
    bought = lines.assign(
        market=market,
        warehouse_id=warehouse,
        product_id="p" + lines["product_id"].astype(str),
        source_product=lines["product_id"],
        week=week(lines["at"]),
    )
    return bought[kept].reset_index(drop=True)


def _warehouses(plan: SamplePlan, lines: pd.DataFrame) -> pd.DataFrame:
    weekly = lines.groupby("warehouse_id")["quantity"].sum() / 52
    sites = plan.sites
    return pd.DataFrame(
        {
            "warehouse_id": [site.warehouse_id for site in sites],
            "country": [site.country for site in sites],
            "region": [site.region for site in sites],
            "serves": ["|".join(site.serves) for site in sites],
            "capacity_units": [float(round(weekly[s.warehouse_id] * 12, -2)) for s in sites],
        }
    )


def _lines(bought: pd.DataFrame, weeks: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Order lines in the market's money; unit_price is before the discount, discount in total."""
    bought = bought.merge(
        weeks.drop_duplicates(["warehouse_id", "product_id", "week"]),
        how="left",
        on=["warehouse_id", "product_id", "week"],
    )
    factor = bought["market"].map({name: m.per_euro * m.level for name, m in MARKETS.items()})
    quantity = bought["quantity"]
    unit_price = ((bought["value"] + bought["saved"]) / quantity * factor).round(2).clip(lower=0.01)
    paid = (bought["value"] * factor).round(2)
    return pd.DataFrame(
        {
            "order": "h" + bought["basket_id"].astype(str),
            "at": bought["at"],
            "account": "h" + bought["household_id"].astype(str),
            "product_id": bought["product_id"],
            "warehouse_id": bought["warehouse_id"],
            "quantity": quantity,
            "unit_price": unit_price,
            "currency": bought["market"].map({name: m.currency for name, m in MARKETS.items()}),
            "discount": (unit_price * quantity - paid).clip(lower=0).round(2),
            "market": bought["market"],
            "status": _statuses(bought["basket_id"], seed=seed),
            "promotion_id": bought["promotion_id"],
        }
    )


def _statuses(baskets: pd.Series, *, seed: int) -> np.ndarray:
    """Generated: 1.2 % of the orders are cancelled, 1.5 % of the other orders returned whole."""
    names, place = np.unique(baskets.to_numpy(), return_inverse=True)
    drawn = stream(seed, "statuses").random(len(names))
    status = np.select([drawn < 0.012, drawn < 0.027], ["cancelled", "returned"], "placed")
    return status.astype(object)[place]


def _accounts(
    bought: pd.DataFrame, homes: pd.Series, households: pd.DataFrame, *, seed: int
) -> pd.DataFrame:
    """One account a household; those seen first after February signed up shortly before."""
    first = bought.groupby("household_id")["at"].min()
    random = stream(seed, "accounts")
    early = day(first).to_numpy() < 59
    old = random.gamma(1.2, 300, len(first)) + 1
    fresh = np.exp(random.normal(np.log(0.15), 2.0, len(first))).clip(0.01, 60)
    fresh = np.where(random.random(len(first)) < 0.25, old, fresh)
    ago = pd.to_timedelta(np.where(early, old, fresh), unit="D").floor("s")
    return pd.DataFrame(
        {
            "account": "h" + first.index.astype(str),
            "signed_up_at": (first - ago).array,
            "country": homes.loc[first.index].to_numpy(),
            "segment": _segments(households).reindex(first.index).to_numpy(),
            "email_hash": [token(seed, "mail", name) for name in first.index],
        }
    )


def _segments(households: pd.DataFrame) -> pd.Series:
    """Segment from the demographics, by household; those who never answered have none."""
    kids = ~households["kids"].isin(["0", "None/Unknown"]) & households["kids"].notna()
    size = households["household_size"]
    segment = np.select(
        [kids, households["age"].isin(["55-64", "65+"]), size == "1"],
        ["family", "senior", "single"],
        "couple",
    )
    return pd.Series(segment, index=households["household_id"])
