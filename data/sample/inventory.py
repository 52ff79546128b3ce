"""Stock, purchase orders and lost sales: a plain ordering policy replayed against true demand.

All generated, but for the demand itself. Every pair under planning is reviewed on its supplier's
day; when stock and open orders fall to the reorder point it is ordered up to a level found from
its own recent sales (days in stock only), with a modest safety stock: so promotions, launches and
late suppliers do run it out. A sale that found no stock is lost: its line (or the part that was
not there) is not in `orders`; `truth/lost_sales.parquet` has it.

The clock of a day: stock is counted at 06:00, sold from that count all day; at 22:00 what arrived
is put on the shelf (for tomorrow) and orders go out. One more count is taken at the data's end.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.sample.plan import DAYS, START, day, stream
from data.sample.suppliers import SUPPLIERS, Supply

_COUNTED = pd.Timedelta(hours=6)
_EVENING = pd.Timedelta(hours=22)
# How careful the merchant is: standard deviations of safety stock, demand variance over mean.
_CARE = 1.15
_DISPERSION = 1.6
# Days of sales the merchant looks back on; opening stock over the first order-up-to level.
_MEMORY = 56
_OPENING = 1.25
# One delivered line in thirty lacks a pack.
_SHORT = 1 / 30


@dataclass(frozen=True)
class Inventory:
    """The replay's outcome: tables, the lines that found stock, and the truth about the others.

    lost: warehouse_id, product_id, at, quantity (units not sold).
    """

    lines: pd.DataFrame
    stock: pd.DataFrame
    purchase_orders: pd.DataFrame
    lost: pd.DataFrame


def replay(lines: pd.DataFrame, goods: Supply, *, seed: int) -> Inventory:
    """Serve the lines, in time order, from stock ordered by the plain policy.

    goods: terms of supply; seed: of the random draws.
    """
    pair = _pair_of(lines, goods.pairs)
    draws = (pair >= 0) & (lines["status"] != "cancelled").to_numpy()
    demand = np.zeros((DAYS, len(goods.pairs)))
    days = day(lines["at"]).to_numpy()
    np.add.at(demand, (days[draws], pair[draws]), lines["quantity"].to_numpy()[draws])
    state = _Replay(goods, demand, stream(seed, "replay"))
    state.run()
    filled = _filled(lines["quantity"].to_numpy(), draws, days, pair, state.counts)
    served, lost = _split(lines, filled)
    end = lines["at"].max()
    return Inventory(
        lines=served,
        stock=_stock(goods.pairs, state, end, stream(seed, "reserved")),
        purchase_orders=_purchase_orders(goods, state.orders, end),
        lost=lost,
    )


def _pair_of(lines: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """The planned pair of each line, -1 for goods that are not kept in stock."""
    keys = pd.MultiIndex.from_frame(pairs)
    return keys.get_indexer(pd.MultiIndex.from_frame(lines[["warehouse_id", "product_id"]]))


class _Replay:
    """One year of one policy; all arrays have one entry a pair."""

    def __init__(self, goods: Supply, demand: np.ndarray, random: np.random.Generator) -> None:
        self.goods = goods
        self.demand = demand
        self.random = random
        self.counts = np.full((DAYS + 1, demand.shape[1]), np.nan)
        self.orders: list[pd.DataFrame] = []
        self.arrivals = np.zeros((DAYS + 200, demand.shape[1]))
        self.closing = np.zeros_like(self.arrivals)
        self.prior = _first_guess(demand, random)
        self.start = _first_day(demand)

    def run(self) -> None:
        """Day by day: count, sell, receive, order."""
        goods, pairs = self.goods, self.demand.shape[1]
        on_hand, on_order = np.zeros(pairs), np.zeros(pairs)
        sold, present = np.zeros((DAYS, pairs)), np.zeros((DAYS, pairs))
        for today in range(DAYS):
            opening = self.start == today
            on_hand[opening] = np.ceil(_OPENING * self._levels(self.prior)[1])[opening]
            listed = self.start <= today
            self.counts[today, listed] = on_hand[listed]
            sold[today] = np.minimum(on_hand, self.demand[today])
            present[today] = on_hand > 0
            on_hand = on_hand - sold[today] + self.arrivals[today]
            on_order -= self.closing[today]
            due = listed & (today % goods.review == goods.phase)
            reorder, level = self._levels(self._rate(sold, present, today))
            due &= on_hand + on_order <= reorder
            wanted = np.maximum(level - on_hand - on_order, goods.minimum)
            quantity = np.ceil(np.maximum(wanted, 1) / goods.pack) * goods.pack
            quantity = np.where(due, quantity, 0.0)
            on_order += quantity
            self._order(today, quantity)
        self.counts[DAYS] = on_hand

    def _rate(self, sold: np.ndarray, present: np.ndarray, today: int) -> np.ndarray:
        """Units a day over the days in stock of the last eight weeks; the first guess fades out."""
        since = max(0, today - _MEMORY + 1)
        age = np.clip(today - self.start, 0, _MEMORY)
        weight = np.maximum(_MEMORY - age, 3)
        units = sold[since : today + 1].sum(axis=0)
        days = present[since : today + 1].sum(axis=0)
        rate: np.ndarray = (units + self.prior * weight) / (days + weight)
        return rate

    def _levels(self, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Reorder point and order-up-to level for a daily rate, by the promised lead time."""
        days = self.goods.promised + self.goods.review
        safety = _CARE * np.sqrt(_DISPERSION * rate * days)
        reorder = np.floor(rate * days + safety)
        return reorder, np.maximum(np.ceil(reorder + rate * 7), 1.0)

    def _order(self, today: int, quantity: np.ndarray) -> None:
        """Send the orders out; they arrive after the supplier's true, random lead time."""
        which = np.flatnonzero(quantity)
        mean, spread = self.goods.mean[which], self.goods.spread[which]
        # One draw a supplier and site and day: goods of one order travel together.
        trip = self.goods.supplier[which] * 1000 + _codes(self.goods.pairs["warehouse_id"])[which]
        _, first, place = np.unique(trip, return_index=True, return_inverse=True)
        drawn = self.random.standard_gamma(1 / spread[first] ** 2)
        lead = np.maximum(np.round(mean * spread**2 * drawn[place]), 1).astype(int)
        arrival = np.minimum(today + lead, len(self.arrivals) - 1)
        sent = quantity[which]
        short = (self.random.random(len(which)) < _SHORT) & (sent > self.goods.pack[which])
        received = np.where(short, sent - self.goods.pack[which], sent)
        self.arrivals[arrival, which] += received
        self.closing[arrival, which] += sent
        order = {"pair": which, "day": today, "arrival": arrival}
        self.orders.append(pd.DataFrame({**order, "quantity": sent, "received": received}))


def _codes(values: pd.Series) -> np.ndarray:
    return pd.factorize(values)[0]


def _first_day(demand: np.ndarray) -> np.ndarray:
    """The day a pair is listed: the year's first, or two days before a first sale after January."""
    first = np.argmax(demand > 0, axis=0)
    return np.where(first > 35, first - 2, 0)


def _first_guess(demand: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """What the merchant expects at first: the true rate of the first ten weeks, half-right."""
    start = _first_day(demand)
    ends = np.minimum(start + 70, DAYS)
    total = np.vstack([np.zeros(demand.shape[1]), demand.cumsum(axis=0)])
    every = np.arange(demand.shape[1])
    rate = (total[ends, every] - total[start, every]) / (ends - start)
    guess: np.ndarray = np.maximum(rate, 0.02) * np.exp(random.normal(0, 0.3, len(every)))
    return guess


def _filled(
    quantity: np.ndarray, draws: np.ndarray, days: np.ndarray, pair: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """How much of each line was there, first come first served from the morning's count."""
    frame = pd.DataFrame({"day": days, "pair": pair, "quantity": quantity})[draws]
    before = frame.groupby(["day", "pair"])["quantity"].cumsum() - frame["quantity"]
    there = np.nan_to_num(counts[frame["day"], frame["pair"]]) - before
    filled = quantity.copy()
    filled[draws] = np.clip(there, 0, frame["quantity"])
    return filled


def _split(lines: pd.DataFrame, filled: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The lines as sold, and what was asked for in vain."""
    asked = lines["quantity"].to_numpy()
    sold = lines.assign(quantity=filled, discount=(lines["discount"] * filled / asked).round(2))[
        filled > 0
    ]
    lost = lines[["warehouse_id", "product_id", "at"]].assign(quantity=asked - filled)
    return sold.reset_index(drop=True), lost[filled < asked].reset_index(drop=True)


def _stock(
    pairs: pd.DataFrame, state: _Replay, end: pd.Timestamp, random: np.random.Generator
) -> pd.DataFrame:
    """Every listed pair at 06:00 of every day, and once more at the data's end."""
    days, which = np.nonzero(~np.isnan(state.counts))
    on_hand = state.counts[days, which]
    when = START + pd.to_timedelta(days, unit="D") + _COUNTED
    reserved = np.minimum(random.random(len(days)) < 0.04, on_hand)
    return pd.DataFrame(
        {
            "observed_at": pd.Series(when).mask(days == DAYS, end),
            "warehouse_id": pairs["warehouse_id"].to_numpy()[which],
            "product_id": pairs["product_id"].to_numpy()[which],
            "on_hand": on_hand,
            "reserved": reserved.astype(float),
        }
    )


def _purchase_orders(goods: Supply, orders: list[pd.DataFrame], end: pd.Timestamp) -> pd.DataFrame:
    """One order a site, supplier and evening; open ones have no receipt yet."""
    sent = pd.concat(orders, ignore_index=True)
    pair = sent["pair"].to_numpy()
    names = np.array([s.supplier_id for s in SUPPLIERS])
    frame = goods.pairs.iloc[pair].reset_index(drop=True)
    frame = frame.assign(supplier_id=names[goods.supplier[pair]])
    evening = START + pd.to_timedelta(sent["day"], unit="D") + _EVENING
    arrived = START + pd.to_timedelta(sent["arrival"], unit="D") + _EVENING
    date = evening.dt.strftime("%y%m%d")
    po_id = "po-" + frame["warehouse_id"] + "-" + frame["supplier_id"] + "-" + date
    here = arrived <= end
    return pd.DataFrame(
        {
            "po_id": po_id,
            "line_no": sent.groupby(po_id).cumcount() + 1,
            **{name: frame[name] for name in ("warehouse_id", "product_id", "supplier_id")},
            "ordered_at": evening,
            "quantity": sent["quantity"],
            "expected_at": evening + pd.to_timedelta(goods.promised[pair], unit="D"),
            "received_at": arrived.where(here),
            "received_quantity": sent["received"].where(here),
        }
    )
