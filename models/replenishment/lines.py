"""What the policy reads of a planning frame, as arrays, with the rule for every missing value."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.zones import wall_clock
from models.replenishment import breaks
from models.replenishment.offers import chosen_offers
from models.replenishment.order_days import SupplierCalendar
from models.replenishment.protection_interval import GRID, WEIGHTS, Floats, Windows
from models.replenishment.recent_sales import NOTE, carry_on

Texts = NDArray[np.object_]
Flags = NDArray[np.bool_]

KEYS = ("warehouse_id", "product_id", "supplier_id")
YEAR_DAYS = 365.0
DEFAULT_HOLDING_RATE = 0.25
DEFAULT_REVIEW_DAYS = 7.0
# An open order this many days late still counts as about to arrive; an older one no more.
OVERDUE_DAYS = 28.0
# From so many days on a line says how long ago its stock was counted.
OLD_COUNT_DAYS = 28.0
NO_FORECAST = "no forecast and no recent sales"
NO_TERMS = "no supply terms"
# No stock keeps a service level of 1 for sure.
HIGHEST_SERVICE = 0.999
UNREADABLE_BREAKS = " The price breaks cannot be read and are left out: write 24:0.97|48:0.94."
UNREADABLE_DAYS = " The order days cannot be read and are left out: write mon,thu."
UNSEEN = "It was never sold here: its forecast is a guess from products like it."
FULL_SERVICE = f"A service level of 1 cannot be promised: {HIGHEST_SERVICE} is kept."


@dataclass(frozen=True)
class Lines:
    """One line a warehouse and product, with its supplier; n arrays.

    moment: n, of the plan, by the clock of the warehouse, written as UTC: its days are those of
    the warehouse. due_quantity, due_days: n × k, padded with 0. Money is in the base currency;
    where no rate is known it stays in that of the terms (`rate_known` False) and only ratios count.
    shortage, holding: of a unit, and of a unit and day; NaN: unknown. service_level: NaN: none.
    lead_days: until an order can be on the shelf; wait_days: the part of it until the supplier next
    takes one; closed_days: the part in which supplier or warehouse are closed; review_days: from
    then until what is ordered next can be on the shelf; calendar: when suppliers take orders.
    display: units that must stay on the shelf. launched: whether its life has begun. end_days:
    until its end, inf without one.
    promotion: n × 2, days until the next one begins and ends, 0 without one. break_quantity,
    break_share: n × k price breaks. goods_cost: the part of landed_cost that they lower, duty in.
    price: of a unit sold, NaN: unknown. most: units of the largest order, inf: no limit. rise: by
    how much a unit will be dearer when the next order can be placed, 0: no rise is announced.
    longest_days: days of demand that an order made larger for its cost or price may last.
    minimum_value: money that all lines of one order to the supplier must reach. on_hand may be
    negative: units owed to customers; counted: whether stock was ever observed, 0 is assumed where
    not. blocked: why nothing can be ordered, "" where it can.
    notes: what was assumed.
    """

    keys: pd.DataFrame
    moment: pd.Series
    on_hand: Floats
    counted: Flags
    reserved: Floats
    due_quantity: Floats
    due_days: Floats
    weekly_sales: Floats
    windows: Windows
    demand_class: Texts
    lead_days: Floats
    wait_days: Floats
    closed_days: Floats
    calendar: SupplierCalendar
    lead_sd: Floats
    review_days: Floats
    pack: Floats
    minimum: Floats
    landed_cost: Floats
    rate_known: Flags
    holding: Floats
    shortage: Floats
    order_cost: Floats
    service_level: Floats
    capacity: Floats
    display: Floats
    launched: Flags
    end_days: Floats
    weight: Floats
    volume: Floats
    country: Texts
    duty: Floats
    price: Floats
    promotion: Floats
    promotions_before: Floats
    break_quantity: Floats
    break_share: Floats
    goods_cost: Floats
    most: Floats
    longest_days: Floats
    rise: Floats
    minimum_value: Floats
    blocked: Texts
    notes: Texts

    def __len__(self) -> int:
        return len(self.on_hand)

    @property
    def protection_days(self) -> Floats:
        """Days until an order placed at the next review can be on the shelf, or the end of life."""
        return np.minimum(self.lead_days + self.review_days, self.end_days)

    def unit_cost(self, ordered: Floats) -> Floats:
        """Landed cost of a unit when so many are ordered, price breaks taken."""
        share = breaks.share_at(self.break_quantity, self.break_share, ordered)
        return self.landed_cost - self.goods_cost * (1.0 - share)

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Lines":
        """Arrays of a planning frame, each pair with the supplier that costs least."""
        offers = best_offers(frame)
        clock = _local_clock(offers)
        rows, carried = carry_on(offers, clock)
        stated = rows["on_hand"].to_numpy(dtype=float)
        quantity, days = _padded(rows["open_quantities"]), _padded(rows["open_due_days"])
        lead = _filled(rows["lead_time_mean"].fillna(rows["lead_time_days"]), 0.0)
        calendar, unread = SupplierCalendar.of(rows, clock)
        wait, usual, following = _turns(rows, calendar)
        arrival = calendar.arrival(wait, lead)
        cover = np.maximum(calendar.arrival(following, lead), arrival + usual - wait)
        lead_sd = _filled(rows["lead_time_spread"].fillna(rows["lead_time_sd"]), 0.0)
        age = _padded(rows["open_age_days"], least=quantity.shape[1])
        end = rows["days_to_end"].fillna(np.inf).to_numpy(dtype=float)
        steps, shares, unreadable = breaks.tables(rows["price_breaks"])
        rate = rows["fx_rate"].to_numpy(dtype=float)
        windows = Windows.of(rows, clock)
        return cls(
            keys=rows[list(KEYS)],
            moment=clock,
            on_hand=np.nan_to_num(stated),
            counted=~np.isnan(stated),
            reserved=_filled(rows["reserved"], 0.0),
            due_quantity=quantity,
            due_days=expected_days(quantity, days, age, lead=lead, lead_sd=lead_sd),
            weekly_sales=_filled(rows["weekly_sales"], 0.0),
            windows=windows,
            demand_class=rows["demand_class"].fillna("").to_numpy(dtype=object),
            lead_days=arrival,
            wait_days=wait,
            closed_days=np.maximum(arrival - wait - lead, 0.0),
            calendar=calendar,
            lead_sd=lead_sd,
            review_days=cover - arrival,
            pack=_above_zero(rows["pack_size"], 1.0),
            minimum=_filled(rows["min_order_quantity"], 0.0),
            landed_cost=_landed(rows) * np.nan_to_num(rate, nan=1.0),
            rate_known=~np.isnan(rate),
            holding=_holding(rows) * np.nan_to_num(rate, nan=1.0),
            shortage=_shortage(rows),
            order_cost=_filled(rows["order_cost"], 0.0) * np.nan_to_num(rate, nan=1.0),
            service_level=np.minimum(rows["service_level"].to_numpy(dtype=float), HIGHEST_SERVICE),
            capacity=rows["capacity_units"].to_numpy(dtype=float),
            display=_filled(rows["display_minimum"], 0.0),
            launched=~(_optional(rows, "days_to_launch") > 0).to_numpy(),
            end_days=np.maximum(end, 0.0),
            weight=rows["weight_kg"].to_numpy(dtype=float),
            volume=rows["volume_m3"].to_numpy(dtype=float),
            country=rows["country"].fillna("").to_numpy(dtype=object),
            duty=_filled(rows["duty_rate"], 0.0),
            price=_price(rows),
            promotion=rows[["promotion_from", "promotion_until"]].fillna(0.0).to_numpy(dtype=float),
            promotions_before=_filled(rows["promotions_before"], 0.0),
            break_quantity=steps,
            break_share=shares,
            goods_cost=_goods(rows) * np.nan_to_num(rate, nan=1.0),
            most=_above_zero(_optional(rows, "max_order_quantity"), np.inf),
            longest_days=_longest_days(rows),
            rise=_rise(rows, following) * np.nan_to_num(rate, nan=1.0),
            minimum_value=_filled(_optional(rows, "minimum_order_value"), 0.0),
            blocked=_blocked(rows, windows, ended=end <= arrival, cover=cover),
            notes=_notes(rows, stated, rate, quantity, days)
            + _closing(calendar, calendar.arrival(following, lead) - usual - lead)
            + (rows["_note"] + rows.get("order_note", "")).to_numpy(dtype=object)
            + np.where(carried, NOTE, "")
            + np.where(unreadable, UNREADABLE_BREAKS, "")
            + np.where(unread, UNREADABLE_DAYS, ""),
        )


def _local_clock(rows: pd.DataFrame) -> pd.Series:
    """The moment of each row by the clock of its warehouse, written as UTC."""
    if "time_zone" not in rows:
        return rows["event_timestamp"]
    clock = wall_clock(rows["event_timestamp"], rows["time_zone"].fillna("UTC"))
    local: pd.Series = clock.dt.tz_localize("UTC")
    return local


def best_offers(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a pair, in order of the pairs: the offer of the supplier to order from, with `_note`,
    what to tell about the choice (`offers.chosen_offers`). frame: the planning frame."""
    rate = frame["fx_rate"].to_numpy(dtype=float)
    given = frame.assign(
        _landed=_landed(frame) * rate,
        _goods=_goods(frame) * rate,
        _holding_rate=_holding_rate(frame),
        _shortage=_shortage(frame),
        _blocked=_flags(frame["blocked"]),
        _longest_days=_longest_days(frame),
    )
    first = chosen_offers(given.reset_index(drop=True))
    own = [name for name in first if str(name).startswith("_") and name != "_note"]
    return first.drop(columns=own)


def expected_days(
    quantity: Floats, due: Floats, age: Floats, *, lead: Floats, lead_sd: Floats
) -> Floats:
    """Days until each open order is expected, n × k; an overdue one by the learned lead time.

    That is the mean of a normal lead time known to be longer than the order's age, less its age.
    One more than OVERDUE_DAYS late keeps its date: it is not counted on.

    quantity: units still to come, 0 where there is no order; due: days until each is due (below 0:
    overdue); age: days since it was ordered; all n × k. lead, lead_sd: n, days: mean and standard
    deviation of the lead time, learned or else declared.
    """
    late = (due < 0) & (due >= -OVERDUE_DAYS) & (quantity > 0)
    rows, columns = np.nonzero(late)
    whole = lead[rows, None] + GRID * lead_sd[rows, None]
    weight = WEIGHTS * (whole > age[rows, columns][:, None])
    mass = weight.sum(axis=1)
    mean = (weight * whole).sum(axis=1) / np.where(mass > 0, mass, 1.0)
    answer = due.copy()
    answer[rows, columns] = np.where(mass > 0, np.maximum(mean - age[rows, columns], 0.0), 0.0)
    return answer


def _landed(rows: pd.DataFrame) -> Floats:
    """Cost of a unit on the shelf: price, duty and freight; NaN where the price is unknown or 0."""
    return _goods(rows) + _filled(rows["freight_per_unit"], 0.0)


def _goods(rows: pd.DataFrame) -> Floats:
    """The part of the landed cost that follows the price: price and duty."""
    return _cost(rows) * (1.0 + _filled(rows["duty_rate"], 0.0))


def _cost(rows: pd.DataFrame) -> Floats:
    cost = rows["unit_cost"].to_numpy(dtype=float)
    return np.where(cost > 0, cost, np.nan)


def _holding(rows: pd.DataFrame) -> Floats:
    return _cost(rows) * _holding_rate(rows) / YEAR_DAYS


def _holding_rate(rows: pd.DataFrame) -> Floats:
    return _filled(rows["holding_cost_rate"], DEFAULT_HOLDING_RATE)


def _shortage(rows: pd.DataFrame) -> Floats:
    """Cost of a unit of lost sale: as declared, else the margin on the landed cost where known."""
    rate = rows["fx_rate"].to_numpy(dtype=float)
    stated = rows["stockout_cost"].to_numpy(dtype=float) * np.nan_to_num(rate, nan=1.0)
    margin = _price(rows) - _landed(rows) * rate
    known = np.where(margin > 0, margin, np.nan)
    return np.where(stated > 0, stated, known)


def _sold_at_a_loss(rows: pd.DataFrame) -> Flags:
    rate = rows["fx_rate"].to_numpy(dtype=float)
    return np.asarray(_price(rows) < _landed(rows) * rate, dtype=np.bool_)


def _price(rows: pd.DataFrame) -> Floats:
    """What a unit is sold for, in the base currency; NaN: unknown."""
    rate: Floats = rows["price_fx_rate"].to_numpy(dtype=float)
    return np.asarray(rows["price"].to_numpy(dtype=float) * rate)


def _rise(rows: pd.DataFrame, days: Floats) -> Floats:
    """Units of money by which a unit will cost more once the next order can be placed."""
    later = _optional(rows, "next_unit_cost").to_numpy(dtype=float)
    since = _optional(rows, "next_cost_days").to_numpy(dtype=float)
    duty = 1.0 + _filled(_optional(rows, "next_duty_rate").fillna(rows["duty_rate"]), 0.0)
    price = np.where(np.isnan(later), _cost(rows), later) * duty
    known = ~np.isnan(since) & (since <= days)
    return np.where(known, np.nan_to_num(np.maximum(price - _goods(rows), 0.0)), 0.0)


def _longest_days(rows: pd.DataFrame) -> Floats:
    """Days of demand that a lot may last."""
    return _above_zero(_optional(rows, "max_cover_days"), breaks.LONGEST_LOT_DAYS)


def _optional(rows: pd.DataFrame, name: str) -> pd.Series:
    """A column of numbers that older planning frames do not have; missing there."""
    if name in rows:
        return pd.to_numeric(rows[name])
    return pd.Series(np.nan, index=rows.index)


def _turns(rows: pd.DataFrame, calendar: SupplierCalendar) -> tuple[Floats, Floats, Floats]:
    """Days until the supplier next takes an order, and until the review after that: without and
    with closures."""
    default = np.where(calendar.is_every_day, DEFAULT_REVIEW_DAYS, 1.0)
    review = _above_zero(rows["review_period_days"], default)
    wait = calendar.next_day(calendar.first)
    plain = wait + np.where(calendar.is_every_day, review, np.ceil(review - 1e-9))
    following = calendar.next_day(plain)
    on_time = following == np.ceil(plain - 1e-9)
    return wait, calendar.usual_day(plain), np.where(on_time, plain, following)


def _closing(calendar: SupplierCalendar, longer: Floats) -> Texts:
    """That closures delay what is ordered next. longer: n, days by which they do."""
    if not calendar.closes:
        return np.full(len(longer), "", dtype=object)
    text = " Closed days put off the order after this one by " + number(longer) + "."
    answer: Texts = np.where(longer >= 0.05, text, "")
    return answer


def _blocked(rows: pd.DataFrame, windows: Windows, *, ended: Flags, cover: Floats) -> Texts:
    launch = _optional(rows, "days_to_launch").to_numpy(dtype=float)
    most = _above_zero(_optional(rows, "max_order_quantity"), np.inf)
    reasons = [
        (rows["supplier_id"].isna().to_numpy(), NO_TERMS),
        (_flags(rows["discontinued"]), "discontinued"),
        (_flags(rows["blocked"]), "blocked"),
        (ended, "its life ends before an order can arrive"),
        (launch > cover, "it is launched only after the next order can arrive"),
        (
            rows["min_order_quantity"].to_numpy(dtype=float) > most,
            "the minimum is above the maximum",
        ),
        (~windows.known, NO_FORECAST),
    ]
    return np.select([flag for flag, _ in reasons], [text for _, text in reasons], "").astype(
        object
    )


def _notes(
    rows: pd.DataFrame, stated: Floats, rate: Floats, quantity: Floats, days: Floats
) -> Texts:
    """Sentences on what was missing or odd, "" where nothing was."""
    terms = rows["supplier_id"].notna().to_numpy()
    late = ((days < 0) & (days >= -OVERDUE_DAYS) & (quantity > 0)).any(axis=1)
    lost = np.where(days < -OVERDUE_DAYS, quantity, 0.0).sum(axis=1)
    lost_text = (
        number(lost)
        + f" on order more than {OVERDUE_DAYS:.0f} days late are not counted: will they still come?"
    )
    counted = _days_since_count(rows)
    notes = np.full(len(rows), "", dtype=object)
    for flag, text in (
        (np.isnan(stated), "Stock was never observed: it is not known, and counts as 0 here."),
        (counted >= OLD_COUNT_DAYS, "Stock was last counted " + number(counted) + " days ago."),
        (stated < 0, number(-stated) + " are owed to customers and served first."),
        ((rows["demand_class"] == "unseen").to_numpy(), UNSEEN),
        (late, "An overdue purchase order is expected by the learned lead time."),
        (lost > 0, lost_text),
        (terms & np.isnan(_cost(rows)), "The unit cost is missing or 0, so its value is unknown."),
        (terms & np.isnan(rate), "No exchange rate is known, so its value is unknown."),
        (terms & _sold_at_a_loss(rows), "It is sold below its landed cost."),
        (rows["service_level"].to_numpy(dtype=float) >= 1, FULL_SERVICE),
    ):
        notes = notes + np.where(flag, " " + np.asarray(text, dtype=object), "")
    return notes


def _days_since_count(rows: pd.DataFrame) -> Floats:
    """Whole days since stock was last observed, 0 where it never was."""
    if "observed_at" not in rows:
        return np.zeros(len(rows))
    seen = pd.to_datetime(rows["observed_at"], utc=True)
    return np.asarray((rows["event_timestamp"] - seen).dt.days.fillna(0), dtype=float)


def number(values: Floats) -> Texts:
    """Numbers as people write them: at most two decimals, no trailing zeros."""
    texts = np.char.mod("%.2f", np.nan_to_num(values) + 0.0)
    trimmed = np.char.rstrip(np.char.rstrip(texts, "0"), ".")
    return np.where(trimmed == "-0", "0", trimmed).astype(object)


def _padded(lists: pd.Series, *, least: int = 1) -> Floats:
    """Ragged lists as one table, padded with 0; missing lists are empty."""
    lengths = lists.map(lambda values: 0 if values is None or np.isscalar(values) else len(values))
    count = lengths.to_numpy(dtype=int)
    table = np.zeros((len(lists), max(int(count.max(initial=0)), least)))
    if count.sum():
        rows = np.repeat(np.arange(len(lists)), count)
        columns = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        table[rows, columns] = np.concatenate(
            [np.asarray(lists.iloc[row], dtype=float) for row in np.flatnonzero(count)]
        )
    return table


def _flags(values: pd.Series) -> Flags:
    """True where it is said so."""
    return np.asarray(values.astype("boolean").fillna(False), dtype=np.bool_)


def _filled(values: pd.Series, default: float) -> Floats:
    return values.fillna(default).to_numpy(dtype=float)


def _above_zero(values: pd.Series, default: float | Floats) -> Floats:
    numbers = values.to_numpy(dtype=float)
    return np.where(numbers > 0, numbers, default)
