"""Interactions as arrays, and what each person bought: one compressed row a person."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.recommendation.id_index import IdIndex

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]

_DAY_NS = 86_400 * 10**9
# Half-lives, in days, of the decayed purchase counts a person's history is described by.
HALF_LIVES = (14.0, 30.0, 90.0, 180.0)
# Half-lives, in days, of looks (views, carts) and of all interest.
LOOKED_HALF_LIFE, LIKED_HALF_LIFE = 7.0, 90.0
_NOWHERE = ""


@dataclass(frozen=True)
class InteractionLog:
    """Encoded interactions, one entry a row, hides left out.

    day: days since 1970. basket: code of the order; of (person, day) where there is none.
    bought: True for the events that are to be foretold. price: what one unit was bought for, NaN
    where nothing was. end: the time of the newest row, the moment a history is described at.
    """

    people: IdIndex
    products: IdIndex
    markets: IdIndex
    person: Ints
    product: Ints
    market: Ints
    basket: Ints
    day: Floats
    weight: Floats
    bought: NDArray[np.bool_]
    price: Floats
    end: float


def encode_interactions(frame: pd.DataFrame) -> InteractionLog:
    """Interactions (columns as features.recommendation.INTERACTIONS) as arrays."""
    frame = frame[frame["weight"] > 0]
    people, products = IdIndex.of(frame["customer_id"]), IdIndex.of(frame["product_id"])
    market = frame["market"].astype(object).fillna(_NOWHERE)
    markets = IdIndex.of(market)
    person = people.encode(frame["customer_id"])
    day = days_since_1970(frame["occurred_at"])
    # An event without an order belongs to the basket of its person and day.
    alone = person.astype(np.int64) * 10**6 + np.floor(day).astype(np.int64)
    order, _ = pd.factorize(frame["order_id"])
    basket = np.where(order >= 0, order, -1 - alone)
    return InteractionLog(
        people=people,
        products=products,
        markets=markets,
        person=person.astype(np.int32),
        product=products.encode(frame["product_id"]).astype(np.int32),
        market=markets.encode(market).astype(np.int16),
        basket=pd.factorize(basket)[0],
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


def days_since_1970(times: pd.Series) -> NDArray[np.float64]:
    """UTC timestamps as days since 1970."""
    return times.to_numpy(dtype="datetime64[ns]").astype(np.int64) / _DAY_NS


@dataclass(frozen=True)
class _Pairs:
    """What is known of each person and product (see PurchaseHistory); one entry a pair."""

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


@dataclass(frozen=True)
class PersonHistory(_Pairs):
    """What one person bought and looked at; one entry a product, sorted by product.

    The columns are those of PurchaseHistory; baskets, pace (one value a half-life), home (-1:
    unknown) and paid (NaN: unknown) are the person's own.
    """

    baskets: float
    pace: Floats
    home: int
    paid: float

    def __len__(self) -> int:
        return len(self.product)

    @property
    def bought(self) -> Ints:
        """The products bought at least once."""
        return self.product[self.count > 0]


_PAIR_COLUMNS = ("count", "last", "first", "chances", "skipped", "weeks", "looked", "liked")


def _nothing() -> PersonHistory:
    none = np.empty(0)
    return PersonHistory(
        product=np.empty(0, dtype=np.int64),
        **dict.fromkeys(_PAIR_COLUMNS, none),
        decayed=np.empty((0, len(HALF_LIVES))),
        baskets=0.0,
        pace=np.zeros(len(HALF_LIVES)),
        home=-1,
        paid=float("nan"),
    )


NO_HISTORY = _nothing()


@dataclass(frozen=True)
class PurchaseHistory(_Pairs):
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
    baskets: Floats
    pace: Floats
    home: Ints
    paid: Floats

    def of_person(self, person: int) -> PersonHistory:
        """The history of the person in this row; without any for nobody (-1)."""
        if person < 0:
            return NO_HISTORY
        row = slice(int(self.start[person]), int(self.start[person + 1]))
        return PersonHistory(
            product=self.product[row],
            count=self.count[row],
            last=self.last[row].astype(np.float64),
            first=self.first[row].astype(np.float64),
            chances=self.chances[row].astype(np.float64),
            skipped=self.skipped[row].astype(np.float64),
            weeks=self.weeks[row].astype(np.float64),
            decayed=self.decayed[row].astype(np.float64),
            looked=self.looked[row].astype(np.float64),
            liked=self.liked[row].astype(np.float64),
            baskets=float(self.baskets[person]),
            pace=self.pace[person].astype(np.float64),
            home=int(self.home[person]),
            paid=float(self.paid[person]),
        )

    def likes(self, products: int) -> csr_matrix:
        """People × products: log(1 + liked)."""
        strength = np.log1p(self.liked.astype(np.float32))
        return self._matrix(strength, products)

    def bought_once(self, products: int) -> csr_matrix:
        """People × products: 1 where a person bought the product."""
        return self._matrix((self.count > 0).astype(np.float32), products)

    def _matrix(self, values: NDArray[np.float32], products: int) -> csr_matrix:
        shape = (len(self.start) - 1, products)
        # A copy: leaving zeros out changes the arrays in place.
        found = csr_matrix((values, self.product, self.start), shape=shape, copy=True)
        found.eliminate_zeros()
        return found


@dataclass(frozen=True)
class RecentAction:
    """Something a person did after the history was described.

    product: its position. kind: `purchase`, `cart`, `view` or `click`. days: since the history's
    end. weight: what such an event says (features.recommendation.KIND_WEIGHTS). basket: equal for
    the products of one order.
    """

    product: int
    bought: bool
    days: float
    weight: float
    basket: str


def with_recent_actions(
    history: PersonHistory, recent: list[RecentAction], *, days: float
) -> PersonHistory:
    """A person's history as it stands `days` after it was described, with what came since.

    history: of the model; recent: oldest first, each at most `days` old. Days age, decayed counts
    fall, baskets since a purchase are counted on.
    """
    if not recent and days <= 0:
        return history
    products = np.union1d(history.product, [action.product for action in recent]).astype(np.int64)
    place = np.searchsorted(products, history.product)
    grown: dict[str, Any] = {
        name: np.zeros(len(products)) for name in (*_PAIR_COLUMNS, "decayed") if name != "decayed"
    }
    for name in _PAIR_COLUMNS:
        grown[name][place] = getattr(history, name)
    decayed = np.zeros((len(products), len(HALF_LIVES)))
    fade = 0.5 ** (days / np.array(HALF_LIVES))
    decayed[place] = history.decayed * fade
    there = np.zeros(len(products), dtype=bool)
    there[place] = True
    grown["last"][there] += days
    grown["first"][there] += days
    grown["looked"] *= 0.5 ** (days / LOOKED_HALF_LIFE)
    grown["liked"] *= 0.5 ** (days / LIKED_HALF_LIFE)
    aged = replace(history, product=products, **grown, decayed=decayed, pace=history.pace * fade)
    return _add_actions(aged, recent, there, days=days)


def _add_actions(
    aged: PersonHistory, recent: list[RecentAction], there: NDArray[np.bool_], *, days: float
) -> PersonHistory:
    """The aged history with each action counted in; its arrays are changed in place."""
    baskets, pace, seen = aged.baskets, aged.pace.copy(), set[str]()
    bought_pairs = set[tuple[str, int]]()
    for action in recent:
        place = int(np.searchsorted(aged.product, action.product))
        age = max(days - action.days, 0.0)
        aged.liked[place] += action.weight * 0.5 ** (age / LIKED_HALF_LIFE)
        first_time = not there[place] or (action.bought and aged.count[place] == 0)
        there[place] = True
        if not action.bought:
            aged.looked[place] += action.weight * 0.5 ** (age / LOOKED_HALF_LIFE)
            if aged.count[place] == 0:
                aged.last[place] = age
                aged.first[place] = age if first_time else aged.first[place]
            continue
        if action.basket not in seen:
            seen.add(action.basket)
            baskets += 1
            pace += 0.5 ** (age / np.array(HALF_LIVES))
            held = aged.count > 0
            aged.skipped[held] += 1
            aged.chances[held] += 1
        if (action.basket, action.product) in bought_pairs:
            continue
        bought_pairs.add((action.basket, action.product))
        aged.count[place] += 1
        aged.weeks[place] += 1
        aged.decayed[place] += 0.5 ** (age / np.array(HALF_LIVES))
        aged.last[place] = age
        aged.skipped[place] = 0
        if first_time:
            aged.first[place], aged.chances[place] = age, 1
    return replace(aged, baskets=baskets, pace=pace)


def describe_history(log: InteractionLog) -> PurchaseHistory:
    """Describe every person's products as of `log.end`."""
    width = len(log.products)
    # One number a (person, product) pair; sorting it gives the compressed rows.
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
    seen = np.where(log.bought, 0.0, log.weight) * 0.5 ** (age / LOOKED_HALF_LIFE)
    return PurchaseHistory(
        start=np.searchsorted(pairs, np.arange(len(log.people) + 1) * width).astype(np.int64),
        product=(pairs % max(width, 1)).astype(np.int32),
        count=count.astype(np.float32),
        last=last,
        first=first,
        chances=chances,
        skipped=skipped,
        weeks=_weeks(place[bought], age[bought], size),
        decayed=np.stack(decayed, axis=1).astype(np.float16),
        looked=_weighed(place, seen, size),
        liked=_weighed(place, log.weight * 0.5 ** (age / LIKED_HALF_LIFE), size),
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


def _turns(
    log: InteractionLog, place: Ints, pairs: int
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
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


def _paid(log: InteractionLog) -> NDArray[np.float32]:
    priced = log.bought & (log.price > 0)
    people = len(log.people)
    total = np.bincount(log.person[priced], np.log1p(log.price[priced]), minlength=people)
    number = np.bincount(log.person[priced], minlength=people)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan).astype(np.float32)


def _activity(log: InteractionLog, age: Floats) -> dict[str, Floats]:
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


def _home(log: InteractionLog) -> Ints:
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
