"""Interactions as arrays: each person's products in one compressed row."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.recommendation.ids import Ids

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]

_DAY_NS = 86_400 * 10**9
# Half-lives, in days, of the decayed purchase counts a person's habit is described by.
HALF_LIVES = (14.0, 30.0, 90.0, 180.0)
_NOWHERE = ""


@dataclass(frozen=True)
class Log:
    """Encoded interactions, one entry a row, hides left out.

    day: days since 1970. basket: code of the order; of (person, day) where there is none.
    price: what one unit was bought for, NaN where nothing was. end: the time of the newest row,
    the moment the habits are described at.
    """

    people: Ids
    products: Ids
    markets: Ids
    person: Ints
    product: Ints
    market: Ints
    basket: Ints
    day: Floats
    weight: Floats
    bought: NDArray[np.bool_]
    price: Floats
    end: float


def encode(frame: pd.DataFrame) -> Log:
    """Interactions (columns as features.recommendation.INTERACTIONS) as arrays."""
    frame = frame[frame["weight"] > 0]
    people, products = Ids.of(frame["customer_id"]), Ids.of(frame["product_id"])
    market = frame["market"].fillna(_NOWHERE)
    markets = Ids.of(market)
    person = people.encode(frame["customer_id"])
    day = days(frame["occurred_at"])
    alone = (
        pd.Series(person, index=frame.index).astype(str)
        + "@"
        + np.floor(day).astype(int).astype(str)
    )
    return Log(
        people=people,
        products=products,
        markets=markets,
        person=person.astype(np.int32),
        product=products.encode(frame["product_id"]).astype(np.int32),
        market=markets.encode(market).astype(np.int16),
        basket=pd.factorize(frame["order_id"].fillna(alone))[0],
        day=day,
        weight=frame["weight"].to_numpy(dtype=float),
        bought=(frame["kind"] == "purchase").to_numpy(),
        price=_prices(frame),
        end=float(day.max()) if len(day) else 0.0,
    )


def _prices(frame: pd.DataFrame) -> NDArray[np.float64]:
    if "price" not in frame:
        return np.full(len(frame), np.nan)
    return frame["price"].to_numpy(dtype=float)


def days(times: pd.Series) -> NDArray[np.float64]:
    """UTC timestamps as days since 1970."""
    return times.to_numpy(dtype="datetime64[ns]").astype(np.int64) / _DAY_NS


@dataclass(frozen=True)
class Habits:
    """Each person's products, a compressed row a person (row p is start[p]:start[p + 1]).

    product: sorted in a row. count: orders with the product. last, first: days before `end` of
    the newest and oldest purchase (of the newest and oldest look, where there is no purchase).
    chances, skipped: baskets of the person from the first with the product on, and since the last.
    weeks: in how many weeks, counted back from `end`, the product was bought.
    decayed: purchases, each halved every HALF_LIVES days, one column each. looked: weight of views
    and carts, halved every 7 days. liked: weight of all interactions, halved every 90 days.
    baskets, pace: orders a person, and the same halved every HALF_LIVES days, one column each.
    home: the market a person acts in most. paid: mean of log(1 + price of what a person bought),
    NaN where unknown. Days, turns and weights are kept in half precision: there are many pairs.
    """

    start: Ints
    product: Ints
    count: Floats
    last: Floats
    first: Floats
    chances: Floats
    skipped: Floats
    weeks: Floats
    decayed: Floats
    looked: Floats
    liked: Floats
    baskets: Floats
    pace: Floats
    home: Ints
    paid: Floats

    def row(self, person: int) -> slice:
        """Where a person's products are; an empty slice for nobody (-1)."""
        if person < 0:
            return slice(0, 0)
        return slice(int(self.start[person]), int(self.start[person + 1]))

    def likes(self, products: int) -> csr_matrix:
        """People × products: log(1 + liked)."""
        shape = (len(self.start) - 1, products)
        strength = np.log1p(self.liked.astype(np.float32))
        return csr_matrix((strength, self.product, self.start), shape=shape)


def habits(log: Log) -> Habits:
    """Describe every person's products as of `log.end`."""
    width = len(log.products)
    key = log.person.astype(np.int64) * width + log.product
    pairs, place = np.unique(key, return_inverse=True)
    age = (log.end - log.day).astype(np.float64)
    # A product twice in one basket is one purchase.
    once = np.zeros(len(key), dtype=bool)
    order = np.lexsort((log.basket, key, ~log.bought))
    once[order] = np.r_[True, (np.diff(key[order]) != 0) | (np.diff(log.basket[order]) != 0)]
    bought = log.bought & once
    size = len(pairs)
    count = np.bincount(place[bought], minlength=size)
    decayed = [
        np.bincount(place[bought], 0.5 ** (age[bought] / half), minlength=size)
        for half in HALF_LIVES
    ]
    last, first = _ends(place, age, bought, count > 0)
    chances, skipped = _turns(log, place, size)
    return Habits(
        start=np.searchsorted(pairs, np.arange(len(log.people) + 1) * width).astype(np.int64),
        product=(pairs % max(width, 1)).astype(np.int32),
        count=count.astype(np.float32),
        last=last,
        first=first,
        chances=chances,
        skipped=skipped,
        weeks=_weeks(place[bought], age[bought], size),
        decayed=np.stack(decayed, axis=1).astype(np.float16),
        looked=_weighed(place, np.where(log.bought, 0.0, log.weight) * 0.5 ** (age / 7.0), size),
        liked=_weighed(place, log.weight * 0.5 ** (age / 90.0), size),
        **_activity(log, age),
        home=_home(log),
        paid=_paid(log),
    )


def _weeks(place: Ints, age: Floats, pairs: int) -> NDArray[np.float16]:
    """Different weeks in which each pair was bought."""
    week = (age // 7).astype(np.int64)
    most = int(week.max(initial=0)) + 1
    held = np.unique(place.astype(np.int64) * most + week)
    return np.bincount(held // most, minlength=pairs).astype(np.float16)


def _weighed(place: Ints, weight: Floats, size: int) -> NDArray[np.float16]:
    return np.bincount(place, weight, minlength=size).astype(np.float16)


def _ends(
    place: Ints, age: Floats, bought: NDArray[np.bool_], ever: NDArray[np.bool_]
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Age of the newest and the oldest purchase of each pair; of looks where nothing was bought."""
    last, first = np.full(len(ever), np.inf), np.zeros(len(ever))
    speaks = bought | ~ever[place]
    np.minimum.at(last, place[speaks], age[speaks])
    np.maximum.at(first, place[speaks], age[speaks])
    return last.astype(np.float16), first.astype(np.float16)


def _turns(log: Log, place: Ints, pairs: int) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Baskets of each pair's person from the first with the product on, and after the last."""
    person, basket, pair = log.person[log.bought], log.basket[log.bought], place[log.bought]
    begun = np.full(int(log.basket.max(initial=-1)) + 1, np.inf)
    np.minimum.at(begun, basket, log.day[log.bought])
    order = np.lexsort((basket, begun[basket], person))
    new = np.r_[True, np.diff(basket[order]) != 0] if len(order) else np.empty(0, dtype=bool)
    turn = np.empty(len(order))
    turn[order] = np.cumsum(new)
    # Turns count on from person to person; the last of a person is where theirs end.
    ends = np.zeros(len(log.people))
    np.maximum.at(ends, person, turn)
    first, last, until = np.full(pairs, np.inf), np.zeros(pairs), np.zeros(pairs)
    np.minimum.at(first, pair, turn)
    np.maximum.at(last, pair, turn)
    np.maximum.at(until, pair, ends[person])
    chances = np.where(last > 0, until - first + 1, 0.0)
    return chances.astype(np.float16), (until - last).astype(np.float16)


def _paid(log: Log) -> NDArray[np.float32]:
    priced = log.bought & (log.price > 0)
    people = len(log.people)
    total = np.bincount(log.person[priced], np.log1p(log.price[priced]), minlength=people)
    number = np.bincount(log.person[priced], minlength=people)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan).astype(np.float32)


def _activity(log: Log, age: Floats) -> dict[str, Floats]:
    baskets = pd.DataFrame({"person": log.person, "basket": log.basket, "age": age})[log.bought]
    baskets = baskets.drop_duplicates(["person", "basket"])
    people = len(log.people)
    pace = [
        np.bincount(baskets["person"], 0.5 ** (baskets["age"] / half), minlength=people)
        for half in HALF_LIVES
    ]
    return {
        "baskets": np.bincount(baskets["person"], minlength=people).astype(np.float32),
        "pace": np.stack(pace, axis=1).astype(np.float32),
    }


def _home(log: Log) -> Ints:
    """Each person's most frequent market, the first by name among equals."""
    people, markets = len(log.people), max(len(log.markets), 1)
    cell = log.person.astype(np.int64) * markets + log.market
    cells, count = np.unique(cell, return_counts=True)
    home = np.zeros(people, dtype=np.int16)
    order = np.lexsort((cells % markets, -count, cells // markets))
    owner = cells[order] // markets
    first = np.r_[True, np.diff(owner) != 0] if len(owner) else np.empty(0, dtype=bool)
    home[owner[first]] = (cells[order] % markets)[first]
    return home
