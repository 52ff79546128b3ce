"""The fraudsters' memory, from which each attack is drawn: generated, like all they do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.sample.plan import DAYS, START, stream, token
from data.sample.wallets import ABROAD, CHANNELS, DELIVERIES, Wallets, address


@dataclass(frozen=True)
class Attempt:
    """One fraudulent payment; `basket` is the real order whose goods it copies.

    goods: how many of the basket's lines, 0 for all; times: factor of their quantities.
    """

    at: pd.Timestamp
    account: str
    basket: int
    goods: int
    times: int
    card_id: str
    device_id: str
    ip_address: str
    email_hash: str
    billing_country: str
    shipping_country: str
    ip_country: str
    address_match: bool
    channel: str
    outcome: str
    x_session_seconds: float
    x_delivery: str
    pattern: str
    order: str = ""


class Ring:
    """The fraudsters' memory: random stream, devices that come back, what they did so far."""

    def __init__(
        self, baskets: pd.DataFrame, own: Wallets, accounts: pd.DataFrame, seed: int
    ) -> None:
        self.random = stream(seed, "fraudsters")
        self.own = own
        self.seed = seed
        self.attempts: list[Attempt] = []
        self.accounts: list[dict[str, object]] = []
        self.devices: list[tuple[int, str, str]] = []
        self._times = baskets["at"].to_numpy(dtype="datetime64[ns]").astype("int64")
        self._market = baskets["market"].to_numpy(dtype=object)
        self._rank = baskets["rank"].to_numpy()
        self._last = pd.Timestamp(self._times[-1], tz="UTC")
        orders = baskets.groupby("account")["at"].agg(["min", "max", "size"])
        self.orders = orders.loc[accounts["account"]].reset_index(drop=True)

    def attack(self, pattern: Callable[["Ring"], Iterator[Attempt]], wanted: int) -> None:
        """Attack after attack until so many payments were tried within the year.

        pattern: one attack's attempts; wanted: how many payments.
        """
        done = 0
        while done < wanted:
            tried = [attempt for attempt in pattern(self) if attempt.at < self._last]
            self.attempts += tried
            done += len(tried)

    def moment(self) -> pd.Timestamp:
        """A random second from the second week on, a little more at night."""
        number = self.random.integers(8, DAYS)
        hour = self.random.choice([self.random.uniform(0, 24), self.random.normal(23, 3) % 24])
        return (START + pd.Timedelta(days=int(number), hours=float(hour))).floor("s")

    def basket(
        self, when: pd.Timestamp, market: str | None, low: float = 0.0, high: float = 1.0
    ) -> int:
        """A real basket of the ten days before, of that market, between two ranks by amount.

        when: the moment; low: lowest share; high: highest share.
        """
        first, last = np.searchsorted(
            self._times, [(when - pd.Timedelta(days=10)).value, when.value]
        )
        first = min(first, len(self._times) - 1)
        recent = np.arange(first, max(last, first + 1))
        fits = (self._rank[recent] >= low) & (self._rank[recent] <= high)
        if market is not None and (self._market[recent] == market).any():
            fits &= self._market[recent] == market
        return int(self.random.choice(recent[fits] if fits.any() else recent))

    def market(self, basket: int) -> str:
        """The country a basket was delivered to."""
        return str(self._market[basket])

    def account(self, when: pd.Timestamp, country: str, sleeper: float) -> tuple[str, str]:
        """A new account (name, email hash); a share of them was opened long before.

        when: the moment; country: ISO 3166-1 alpha-2; sleeper: share opened long before.
        """
        name = f"f{len(self.accounts)}"
        asleep = self.random.random() < sleeper
        ago = self.random.uniform(20, 400) if asleep else np.exp(self.random.normal(-2.5, 1.8))
        email = token(self.seed, "mail", name)
        self.accounts.append(
            {
                "account": name,
                "signed_up_at": (when - pd.Timedelta(days=float(ago) + 0.01)).floor("s"),
                "country": country,
                "segment": None,
                "email_hash": email,
            }
        )
        return name, email

    def device(self, when: pd.Timestamp, country: str) -> tuple[str, str]:
        """A device and its address; two in five were used in an attack of the last two months.

        when: the moment; country: ISO 3166-1 alpha-2.
        """
        known = [(d, ip) for at, d, ip in self.devices if 0 < when.value - at < 60 * 86400 * 10**9]
        if known and self.random.random() < 0.4:
            return known[int(self.random.integers(len(known)))]
        number = len(self.devices)
        if self.random.random() < 0.3:
            ip = address(country, "mobile", int(self.random.integers(8)))
        else:
            ip = address(self.seed, "ring", number)
        self.devices.append((when.value, "dev-" + token(self.seed, "ring", number), ip))
        return self.devices[-1][1:]

    def victim(self) -> tuple[int, pd.Timestamp]:
        """The place of a real account with a past, and a moment after some of its orders."""
        able = np.flatnonzero((self.orders["size"] >= 5).to_numpy())
        victim = int(self.random.choice(able))
        first, last = self.orders["min"].iloc[victim], self.orders["max"].iloc[victim]
        return victim, (first + (last - first) * self.random.uniform(0.2, 1.0)).floor("s")

    def plain(
        self,
        when: pd.Timestamp,
        who: tuple[str, str],
        home: str,
        machine: tuple[str, str],
        low: float = 0.0,
        high: float = 1.0,
    ) -> Attempt:
        """An attempt without anything odd; the patterns replace what they do otherwise.

        who: account and email hash; machine: device and address; low, high: ranks of the amount.
        Channel and delivery are a little more web and express than those of honest customers.

        when: the moment; home: the home country.
        """
        return Attempt(
            at=when,
            account=who[0],
            basket=self.basket(when, home, low, high),
            goods=0,
            times=1,
            card_id="",
            device_id=machine[0],
            ip_address=machine[1],
            email_hash=who[1],
            billing_country=home,
            shipping_country=home,
            ip_country=home,
            address_match=True,
            channel=str(self.random.choice(CHANNELS, p=[0.6, 0.38, 0.02])),
            outcome="captured",
            x_session_seconds=self.session(1.0),
            x_delivery=str(self.random.choice(DELIVERIES, p=[0.5, 0.32, 0.18])),
            pattern="",
        )

    def chance(self, share: float) -> bool:
        """True in that share of the cases."""
        return bool(self.random.random() < share)

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included.

        low: lowest; high: highest.
        """
        return int(self.random.integers(low, high + 1))

    def pick(self, values: Sequence[int], shares: Sequence[float]) -> int:
        """One of the values, by their shares."""
        return int(self.random.choice(values, p=shares))

    def wait(self, seconds: float) -> pd.Timedelta:
        """A pause, exponential with that mean, five seconds at least."""
        return pd.Timedelta(seconds=int(self.random.exponential(seconds)) + 5)

    def abroad(self, home: str, share: float) -> str:
        """Home, or with that chance some other country.

        home: the home country; share: the chance, in 0 … 1.
        """
        return str(self.random.choice(ABROAD)) if self.chance(share) else home

    def card(self) -> str:
        """A stolen card never seen before."""
        return "card-" + token(self.seed, "stolen", self.random.integers(2**62))

    def session(self, pace: float) -> float:
        """Seconds in the shop before paying."""
        return float(np.clip(np.exp(self.random.normal(np.log(300 * pace), 1.0)), 5, 7200).round())
