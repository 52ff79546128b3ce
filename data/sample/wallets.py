"""How honest customers pay: their cards, devices, addresses and travels; all generated.

What makes them look like fraudsters at times is here on purpose: new phones and renewed cards,
a family's shared tablet, a parcel shop's public terminal, mobile networks that put many people
behind one address, trips abroad, VPNs, gifts to other addresses, mistyped addresses, expatriates.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.sample.plan import DAYS, MARKETS, day, stream, token

ABROAD = np.array([*MARKETS, "AT", "BE", "IT", "NO", "PT", "RO", "TR", "US"], dtype=object)
CHANNELS = np.array(["web", "app", "phone"], dtype=object)
DELIVERIES = np.array(["standard", "express", "pickup"], dtype=object)

_TRIPS = 3
# Mobile networks show many people under few addresses; parcel shops have a public terminal.
_MOBILE_ADDRESSES = 8
_AT_TERMINAL = 0.05


@dataclass(frozen=True)
class Wallets:
    """Habits of each account; every array has one entry an account, in the frame's order.

    card_day, phone_day: the day a new card or phone comes into use.
    one_off, fresh, tunnel: share of payments by a one-off virtual card, from a browser that
        remembers nothing (a device never seen), through a VPN; high for a few, low for most.
    trip_from, trip_to, trip_country: one column a trip.
    """

    accounts: pd.Index
    country: np.ndarray
    billing: np.ndarray
    email_hash: np.ndarray
    second_card: np.ndarray
    card_day: np.ndarray
    phone_day: np.ndarray
    one_off: np.ndarray
    fresh: np.ndarray
    tunnel: np.ndarray
    family: np.ndarray
    mismatch: np.ndarray
    app: np.ndarray
    trip_from: np.ndarray
    trip_to: np.ndarray
    trip_country: np.ndarray


def wallets(accounts: pd.DataFrame, *, seed: int) -> Wallets:
    """Habits of every account.

    accounts: a row an account; seed: of the random draws.
    """
    random = stream(seed, "wallets")
    count = len(accounts)
    country = accounts["country"].to_numpy(dtype=object)
    started = random.integers(0, DAYS, (count, _TRIPS))
    taken = random.random((count, _TRIPS)) < (0.7, 0.4, 0.2)
    starts = np.where(taken, started, DAYS + 1)
    return Wallets(
        accounts=pd.Index(accounts["account"]),
        country=country,
        billing=np.where(random.random(count) < 0.07, random.choice(ABROAD, count), country),
        email_hash=accounts["email_hash"].to_numpy(dtype=object),
        second_card=random.choice([0.0, 0.15, 0.4], count, p=[0.5, 0.3, 0.2]),
        card_day=np.where(random.random(count) < 0.35, random.integers(0, DAYS, count), DAYS + 1),
        phone_day=np.where(random.random(count) < 0.5, random.integers(0, DAYS, count), DAYS + 1),
        one_off=np.where(random.random(count) < 0.06, 0.7, 0.01),
        fresh=np.where(random.random(count) < 0.06, 0.7, 0.04),
        tunnel=np.where(random.random(count) < 0.05, 0.6, 0.01),
        family=np.where(random.random(count) < 0.12, np.arange(count) // 2, -1),
        mismatch=np.where(random.random(count) < 0.15, 0.6, 0.06),
        app=random.beta(1.2, 1.2, count),
        trip_from=starts,
        trip_to=starts + random.integers(3, 16, (count, _TRIPS)),
        trip_country=random.choice(ABROAD, (count, _TRIPS)),
    )


def main_card(own: Wallets, place: int, when: int) -> str:
    """The token of the card an account uses mostly on a day.

    own: cards and devices of the honest; place: the account's place; when: the day, as a
    number.
    """
    return _card(own.accounts[place], "main", when >= own.card_day[place])


def address(*parts: object) -> str:
    """A made-up address in 2001:db8::/32, the block kept for documentation."""
    digits = token("ip", *parts)
    return f"2001:db8:{digits[:4]}:{digits[4:8]}::{digits[8:12]}"


def _card(account: str, which: str, renewed: bool) -> str:
    return "card-" + token(account, which, renewed)


def checkouts(orders: pd.DataFrame, own: Wallets, *, seed: int) -> pd.DataFrame:
    """How each order (order, at, account, market, currency, lines) was paid: one capture each.

    orders: a row an order; own: cards and devices of the honest; seed: of the random draws.
    """
    random = stream(seed, "checkouts")
    place = own.accounts.get_indexer(pd.Index(orders["account"]))
    days = day(orders["at"]).to_numpy()
    count = len(orders)
    where = _whereabouts(own, place, days, random)
    gift = random.random(count) < 0.04
    far = gift & (random.random(count) < 0.35)
    device, ip = _devices(own, place, days, where, random)
    match = random.random(count) >= own.mismatch[place]
    app = random.random(count) < own.app[place]
    return pd.DataFrame(
        {
            "order": orders["order"],
            "at": orders["at"] - pd.to_timedelta(random.integers(4, 40, count), unit="s"),
            "account": orders["account"],
            "currency": orders["currency"],
            "card_id": _cards(own, place, days, random),
            "device_id": device,
            "ip_address": ip,
            "email_hash": own.email_hash[place],
            "billing_country": own.billing[place],
            "shipping_country": np.where(far, random.choice(ABROAD, count), orders["market"]),
            "ip_country": where,
            "address_match": match & ~gift,
            "channel": CHANNELS[np.where(random.random(count) < 0.02, 2, app.astype(int))],
            "outcome": "captured",
            "x_basket_lines": orders["lines"],
            "x_session_seconds": _sessions(orders["lines"].to_numpy(), 1.0, random),
            "x_delivery": random.choice(DELIVERIES, count, p=[0.66, 0.2, 0.14]),
            "pattern": None,
        }
    )


def _sessions(lines: np.ndarray, pace: float, random: np.random.Generator) -> np.ndarray:
    """Seconds in the shop before paying; long-tailed, longer for larger baskets."""
    typical = np.log(150 * pace * np.sqrt(lines))
    seconds: np.ndarray = np.exp(random.normal(typical, 0.9)).round(0).clip(5, 7200)
    return seconds


def _whereabouts(
    own: Wallets, place: np.ndarray, days: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """The country of the address: home, a trip's, or that of a VPN."""
    where = own.country[place].copy()
    for trip in range(_TRIPS):
        away = (own.trip_from[place, trip] <= days) & (days <= own.trip_to[place, trip])
        where = np.where(away, own.trip_country[place, trip], where)
    tunnel = random.random(len(place)) < own.tunnel[place]
    return np.where(tunnel, random.choice(ABROAD, len(place)), where)


def _cards(
    own: Wallets, place: np.ndarray, days: np.ndarray, random: np.random.Generator
) -> list[str]:
    second = random.random(len(place)) < own.second_card[place]
    renewed = days >= own.card_day[place]
    one_off = random.random(len(place)) < own.one_off[place]
    cards = [
        _card(own.accounts[i], "second" if other else "main", bool(new and not other))
        for i, other, new in zip(place, second, renewed, strict=True)
    ]
    return [
        "card-" + token("virtual", row) if once else card
        for row, (once, card) in enumerate(zip(one_off, cards, strict=True))
    ]


def _devices(
    own: Wallets,
    place: np.ndarray,
    days: np.ndarray,
    where: np.ndarray,
    random: np.random.Generator,
) -> tuple[list[str], list[str]]:
    """The device and the address of each checkout."""
    drawn = random.random(len(place))
    mobile = random.random(len(place)) < 0.35
    cell = random.integers(0, _MOBILE_ADDRESSES, len(place))
    fresh = random.random(len(place)) < own.fresh[place]
    devices, addresses = [], []
    for row, i in enumerate(place):
        account, home = own.accounts[i], where[row] == own.country[i]
        if drawn[row] < _AT_TERMINAL:
            spot = (where[row], "terminal", row % 2)
            devices.append("dev-" + token(*spot))
            addresses.append(address(*spot))
            continue
        shared = own.family[i] >= 0 and drawn[row] < 0.5
        renewed = days[row] >= own.phone_day[i]
        name = ("family", own.family[i]) if shared else (account, drawn[row] < 0.7, renewed)
        devices.append("dev-" + token(*(("fresh", row) if fresh[row] else name)))
        nest = ("family", own.family[i]) if own.family[i] >= 0 else ("home", account)
        roaming = (where[row], "mobile", cell[row])
        addresses.append(address(*(roaming if mobile[row] or not home else nest)))
    return devices, addresses


def with_declines(paid: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Honest declines: one order in twenty was declined first; some shoppers gave up there.

    paid: captured payments; seed: of the random draws.
    """
    random = stream(seed, "declines")
    frames = [paid]
    for share in (0.05, 0.008):
        again = paid[random.random(len(paid)) < share]
        ago = pd.to_timedelta(random.integers(25, 420, len(again)), unit="s")
        frames.append(again.assign(at=again["at"] - ago, outcome="declined"))
    given_up = paid[random.random(len(paid)) < 0.012]
    later = pd.to_timedelta(random.integers(3600, 5 * 86400, len(given_up)), unit="s")
    given_up = given_up.assign(
        at=given_up["at"] + later,
        order=given_up["order"] + "-given-up",
        outcome="declined",
        amount=(given_up["amount"] * random.uniform(0.4, 1.5, len(given_up))).round(2),
    )
    frames.append(given_up[given_up["at"] < paid["at"].max()])
    return pd.concat(frames, ignore_index=True)
