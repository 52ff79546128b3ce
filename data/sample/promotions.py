"""Promotions of the sample merchant: what was in the mailer or on display, by site and week."""

import numpy as np
import pandas as pd

from data.sample.plan import START, SamplePlan
from data.sample.source import SampleSource


def promotions_of(
    plan: SamplePlan, source: SampleSource, bought: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Promotions (consecutive weeks in one), and each product's promotion by site and week.

    bought: the purchases taken; promotions of other products are left out.
    The discount is what that product saved that week over all the retailer's stores (not only
    the sites: it must not tell what they sold), else what it usually saved. Promotions of the six
    weeks after the data's end are those of the same weeks a year before (generated).

    plan: how much of what; source: the retailer's year.
    """
    flyers = source.flyers
    site = {site.store_id: site.warehouse_id for site in plan.sites}
    weeks = pd.DataFrame(
        {
            "warehouse_id": flyers["store_id"].map(site),
            "product_id": _public(flyers["product_id"]),
            "week": flyers["week"],
            "kind": np.where(
                flyers["mailer"] & flyers["display"],
                "mailer+display",
                np.where(flyers["mailer"], "mailer", "display"),
            ),
        }
    )
    weeks = weeks[weeks["product_id"].isin(bought["product_id"])]
    ahead = weeks[weeks["week"].between(2, 7)]
    weeks = pd.concat([weeks, ahead.assign(week=ahead["week"] + 52)], ignore_index=True)
    savings = source.savings.assign(product_id=_public(source.savings["product_id"]))
    weeks = _runs(weeks.merge(savings, how="left", on=["product_id", "week"]))
    names = ["promotion_id", "product_id", "warehouse_id"]
    promotions = weeks.groupby(names, as_index=False).agg(
        first=("week", "min"),
        last=("week", "max"),
        discount=("share", "mean"),
        kind=("kind", "first"),
    )
    usual = savings[savings["share"] > 0].groupby("product_id")["share"].mean()
    discount = promotions["discount"].fillna(promotions["product_id"].map(usual)).fillna(0.0)
    promotions = promotions.assign(
        starts_on=START + pd.to_timedelta(promotions["first"] * 7 - 13, unit="D"),
        ends_on=START + pd.to_timedelta(promotions["last"] * 7 - 7, unit="D"),
        discount=discount.clip(0, 0.9).round(3),
    )
    by_week = weeks[["warehouse_id", "product_id", "week", "promotion_id"]]
    return promotions.drop(columns=["first", "last"]), by_week


def _public(product_id: pd.Series) -> pd.Series:
    return "p" + product_id.astype(str)


def _runs(weeks: pd.DataFrame) -> pd.DataFrame:
    """Consecutive weeks of one product, site and kind get one promotion_id."""
    keys = ["warehouse_id", "product_id", "kind"]
    weeks = weeks.sort_values([*keys, "week"], kind="stable", ignore_index=True)
    new = (weeks[keys] != weeks[keys].shift()).any(axis=1) | (weeks["week"].diff() != 1)
    run = new.cumsum()
    first = weeks.groupby(run)["week"].transform("min")
    length = weeks.groupby(run)["week"].transform("size")
    name = (
        weeks["warehouse_id"] + "-" + weeks["kind"] + "-w" + first.astype(str).str.zfill(2)
        + "-" + length.astype(str)
    )  # fmt: skip
    return weeks.assign(promotion_id=name)
