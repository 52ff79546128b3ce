"""What the fraudsters did over the year and the fake orders it led to: all generated.

A fake order copies the goods of a real basket of the last days, so its goods, prices and
promotions are those of the time. Orders that were captured stand in `orders` (fake demand) and
draw stock, until a chargeback says what they were. The patterns are in `patterns.py`.
"""

from dataclasses import dataclass, replace

import pandas as pd

from data.sample.patterns import PATTERNS, SHARES
from data.sample.plan import SamplePlan, week
from data.sample.ring import Ring
from data.sample.shop import Shop
from data.sample.wallets import Wallets


@dataclass(frozen=True)
class Campaigns:
    """What the fraudsters did: accounts and order lines as Shop has them, and the attempts.

    attempts: the columns of `wallets.checkouts` and the amount of the goods asked for.
    """

    accounts: pd.DataFrame
    lines: pd.DataFrame
    attempts: pd.DataFrame


def campaigns(plan: SamplePlan, shop: Shop, own: Wallets, *, seed: int) -> Campaigns:
    """Attacks over the whole year, up to the plan's share of all payments.

    shop: the shop attacked; own: cards and devices of the honest; seed: of the random draws.
    """
    baskets = _baskets(shop.lines)
    ring = Ring(baskets, own, shop.accounts, seed)
    wanted = plan.fraud_share * len(baskets)
    for pattern, share in SHARES.items():
        ring.attack(PATTERNS[pattern], round(wanted * share))
    attempts = [
        replace(attempt, order=f"f{number}") for number, attempt in enumerate(ring.attempts)
    ]
    frame = pd.DataFrame(attempts)
    lines = _fake_lines(frame, baskets, shop.lines)
    by_order = lines.groupby("order")
    return Campaigns(
        accounts=pd.DataFrame(ring.accounts),
        lines=lines[lines["order"].isin(frame["order"][frame["outcome"] != "declined"])],
        attempts=frame.assign(
            amount=frame["order"].map(_amounts(lines)),
            currency=frame["order"].map(by_order["currency"].first()),
            x_basket_lines=frame["order"].map(by_order.size()),
        ).drop(columns=["basket", "goods", "times"]),
    )


def _amounts(lines: pd.DataFrame) -> pd.Series:
    paid = lines["quantity"] * lines["unit_price"] - lines["discount"]
    return paid.groupby(lines["order"]).sum().round(2)


def _baskets(lines: pd.DataFrame) -> pd.DataFrame:
    """The real orders in time order, with their amount and its rank at that market."""
    paid = lines.assign(paid=lines["quantity"] * lines["unit_price"] - lines["discount"])
    baskets = paid.groupby("order").agg(
        at=("at", "min"),
        market=("market", "first"),
        amount=("paid", "sum"),
        account=("account", "first"),
    )
    baskets = baskets.reset_index().sort_values(["at", "order"], ignore_index=True)
    return baskets.assign(rank=baskets.groupby("market")["amount"].rank(pct=True))


def _fake_lines(frame: pd.DataFrame, baskets: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The copied lines of each attempt, at the attempt's time and for its account."""
    wanted = frame[["order", "at", "account", "basket", "goods", "times"]]
    wanted = wanted.assign(copied=baskets["order"].to_numpy()[wanted["basket"]])
    goods = lines.drop(columns=["account", "status"]).rename(
        columns={"order": "copied", "at": "copied_at"}
    )
    copied = wanted.merge(goods, on="copied")
    number = copied.groupby("order").cumcount()
    copied = copied[(copied["goods"] == 0) | (number < copied["goods"])]
    late = pd.to_timedelta(copied["order"].str[1:].astype(int) % 30 + 5, unit="s")
    return copied.assign(
        at=copied["at"] + late,
        quantity=copied["quantity"] * copied["times"],
        discount=(copied["discount"] * copied["times"]).round(2),
        status="placed",
        # Promotions run by the week; those of the week before are over.
        promotion_id=copied["promotion_id"].where(week(copied["at"]) == week(copied["copied_at"])),
    )[lines.columns.tolist()]
