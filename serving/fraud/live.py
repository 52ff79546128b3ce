"""The engine of the running server: its counters filled from what is known, its rates fresh."""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from features.counters import REMEMBER_DAYS, Counters, CountersError, open_counters
from features.fraud import PLAN, Rates, amounts, events
from features.windows import states
from serving.fraud.engine import Engine
from serving.live import Live

_RATES_SECONDS = 60.0


class LiveEngine:
    """The engine, opened on first use and then kept; the counters follow the lake.

    The counters hold nothing that the lake and the decisions do not: they are filled from both
    when the lake is another one than at the last filling.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._filled = False
        self._rates: tuple[float, Rates] | None = None

    def get(self) -> Engine:
        """The engine; counters that cannot be filled now are filled at the next call."""
        with self._lock:
            if self._engine is None:
                self._engine = self._open()
            if not self._filled:
                with suppress(CountersError):  # each decision says that it goes without them
                    _fill(self._engine.counters, self._live)
                    self._filled = True
            return self._engine

    def _open(self) -> Engine:
        settings = self._live.settings
        counters = open_counters(
            settings.counters_url, settings.home, PLAN, namespace=settings.namespace
        )
        return Engine(counters, self._fresh_rates, self._risk, lambda: self._live.release("fraud"))

    def close(self) -> None:
        """Close the counters; the next use opens them again."""
        with self._lock:
            if self._engine is not None:
                self._engine.counters.close()
            self._engine, self._filled = None, False

    def _fresh_rates(self) -> Rates:
        now = time.monotonic()
        if self._rates is None or now - self._rates[0] > _RATES_SECONDS:
            table = self._live.lake.read("fx_rates")
            self._rates = (now, Rates.of(table, self._live.settings.base_currency))
        return self._rates[1]

    def _risk(self, customer_id: str, at: datetime) -> Mapping[str, Any]:
        found: list[dict[str, Any]] = self._live.store.online_values(
            "fraud", [{"customer_id": customer_id}], at
        )
        return found[0]


def _fill(counters: Counters, live: Live) -> None:
    """Fill the counters from the lake's payments and those decided here, unless they hold them."""
    version = live.lake.version()
    if counters.version() == version:
        return
    payments, chargebacks = known_payments(live), live.lake.read("chargebacks")
    if payments.empty:
        return
    amount = amounts(payments, live.lake.read("fx_rates"), live.settings.base_currency)
    stream = events(payments, chargebacks, amount)
    recent = stream["at"].max() - timedelta(days=REMEMBER_DAYS) // timedelta(milliseconds=1)
    ids = stream.loc[stream["at"] >= recent, "event_id"]
    counters.load(states(stream, PLAN), ids, version)


def known_payments(live: Live, as_of: datetime | None = None) -> pd.DataFrame:
    """The lake's payments and those decided here that are not in it yet."""
    lake = live.lake.read("payments", as_of=as_of)
    decided, _ = live.records.pending("payments")
    fresh = decided[~decided["payment_id"].isin(lake["payment_id"])]
    if fresh.empty:
        return lake
    fresh = fresh.reindex(columns=lake.columns)
    times = pd.to_datetime(fresh["attempted_at"], utc=True, format="ISO8601")
    fresh = fresh.assign(attempted_at=times.astype("datetime64[ns, UTC]"))
    return pd.concat([lake, fresh], ignore_index=True) if len(lake) else fresh
