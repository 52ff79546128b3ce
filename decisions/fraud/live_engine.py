"""The engine of the running server: its counters filled from what is known, its rates fresh."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from data.errors import ArgosyError
from data.records.steps import only_one
from decisions.fraud import controls as fraud_controls
from decisions.fraud.attempts import find_attempts
from decisions.fraud.breaker import Breaker
from decisions.fraud.control_group import ControlGroup
from decisions.fraud.controls import FraudControls
from decisions.fraud.engine import Engine, may_be_mistaken
from decisions.fraud.filling import FilledUpTo, catch_up, fill, fill_apart, is_due
from decisions.fraud.fraud_rate import fraud_rate_by_value
from decisions.fraud.metrics import Metrics
from decisions.runtime import Runtime
from features.counters import Counters, open_counters
from features.fraud import PLAN, ExchangeRates
from models.base import Release

# Payments in the lake from which on a process of its own fills the counters.
APART = 20_000
# How long a decision may be under way between the counters and the records.
UNDER_WAY = timedelta(seconds=2)
RATE_SECONDS = 600.0  # after which the shop's fraud rate is worked out again, reports or none
_LOOK_SECONDS = 0.2  # from look to look whether another worker has filled them


class LiveEngine:
    """The engine, opened on first use and then kept.

    The counters hold nothing that the lake and the decisions do not: they are filled from both at
    the start, and by the server's watch when the lake became another. The desk (lists, rules,
    policies) and the exchange rates are read at the start and then by the watch where they changed:
    no payment waits for them. A change made here (`changed`) is read at once.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.metrics = runtime.telemetry.of_use_case(Metrics)
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._filled = False
        self._late: tuple[FilledUpTo, datetime] | None = None
        self._rates: tuple[str, ExchangeRates] | None = None
        self._fraud_rate: tuple[tuple[str, int], float, float | None] | None = None
        self._reading = threading.Lock()
        self._desk = FraudControls()
        self._control: ControlGroup | None = None
        self._mark = -1
        self._known_policies: set[str] = set()
        runtime.watched.append(self._look)

    def get(self) -> Engine:
        """The engine; counters that cannot be filled now are filled at the next call."""
        if self._engine is not None and self._filled:
            return self._engine
        with self._lock:
            if self._engine is None:
                self._engine = self._open()
                with suppress(ArgosyError):
                    self._read_controls()
                with suppress(ArgosyError):
                    self._read_fraud_rate()
            if not self._filled:
                with suppress(ArgosyError):  # each decision says that it goes without them
                    while not self._follow(self._engine.counters):
                        time.sleep(_LOOK_SECONDS)
                    self._filled = True
            return self._engine

    def _look(self) -> None:
        """What changed is read again."""
        with suppress(ArgosyError):
            self._read_controls()
        self._read_rates()
        with suppress(ArgosyError):
            if self._engine is not None:
                self._read_fraud_rate()
        with suppress(ArgosyError):
            self._runtime.records.decision_digest.catch_up()
        with suppress(ArgosyError):
            if self._engine is not None and self._filled:
                self._follow(self._engine.counters)

    def _follow(self, counters: Counters) -> bool:
        """Fill the counters anew where they came back empty, or the lake became another; False
        while another worker does: of many, one reads all payments.

        What was decided meanwhile, by whichever worker, is counted right after, and at the next
        look once more: a decision under way may not have been stored yet. Those made later know the
        new filling.
        """
        if self._late is not None:
            catch_up(counters, self._runtime, self._rates_now(), *self._late)
            self._late = None
        if not is_due(counters, self._runtime):
            return True
        with only_one(self._runtime.records, "filling") as mine:
            if mine and is_due(counters, self._runtime):
                self._fill(counters)
            return mine

    def _fill(self, counters: Counters) -> None:
        much = self._runtime.lake.tables()["payments"].rows >= APART
        filled = fill_apart(self._runtime.settings) if much else fill(counters, self._runtime)
        if filled is not None:
            catch_up(counters, self._runtime, self._rates_now(), filled)
            self._late = filled, datetime.now(UTC) + UNDER_WAY

    def _open(self) -> Engine:
        settings = self._runtime.settings
        counters = open_counters(
            settings.counters_url,
            settings.home,
            PLAN,
            namespace=settings.namespace,
            seconds=settings.store_seconds,
        )
        return Engine(
            counters=counters,
            rates=self._rates_now,
            risks=self._risks,
            release=self._release,
            controls=self.controls,
            breaker=Breaker(settings.fraud_most_blocks, self._recent),
            timed=partial(self._runtime.telemetry.step, "fraud"),
            attempts=partial(find_attempts, self._runtime),
            control=lambda: self._control,
            fraud_rate=lambda: self._fraud_rate[2] if self._fraud_rate is not None else None,
        )

    def _recent(self, count: int) -> list[tuple[str, bool]]:
        """Action of each of the last decisions of all workers, and whether it may be mistaken."""
        try:
            last = self._runtime.records.last_decisions(count)
        except ArgosyError:  # the breaker stays as it is: the decision itself will be refused
            return []
        return [
            (each.decision, may_be_mistaken(each.rules_hit, each.lists) or each.excess)
            for each in last
        ]

    def close(self) -> None:
        """Close the counters; the next use opens them again."""
        with self._lock:
            if self._engine is not None:
                self._engine.counters.close()
            self._engine, self._filled = None, False

    def controls(self) -> FraudControls:
        """Lists, rules, policies and shadow in use. While the journal cannot be read, the last."""
        return self._desk

    def changed(self) -> None:
        """The journal was written to here: read it now."""
        self._read_controls()

    def current(self) -> FraudControls:
        """The desk as the journal has it now, for people."""
        self._read_controls()
        return self._desk

    def _read_controls(self) -> None:
        with self._reading:
            self._control = self._control_group()
            mark = self._runtime.records.journal.mark()
            if mark != self._mark:
                fresh = fraud_controls.read(self._runtime.records)
                self._desk, self._mark = replace(fresh, shadow=self._shadow(fresh)), mark

    def _control_group(self) -> ControlGroup | None:
        """The control group of the settings, under the key of this database; None where it is
        off."""
        settings = self._runtime.settings
        if self._control is not None or not settings.fraud_control_share:
            return self._control
        key = self._runtime.records.database_id()
        return ControlGroup(settings.fraud_control_share, settings.fraud_control_most_amount, key)

    def _shadow(self, fresh: FraudControls) -> Release | None:
        if not fresh.shadow_version:
            return None
        if self._desk.shadow is not None and self._desk.shadow.version == fresh.shadow_version:
            return self._desk.shadow
        return self._runtime.registry.load("fraud", fresh.shadow_version)

    def _release(self) -> Release | None:
        """The release in use; its policy is written down before the first decision by it."""
        release = self._runtime.release("fraud")
        if release is not None and release.version not in self._known_policies:
            fraud_controls.keep_policy(self._runtime.records, release)
            self._known_policies.add(release.version)
        return release

    def _rates_now(self) -> ExchangeRates:
        return self._rates[1] if self._rates is not None else self._read_rates()

    def _read_rates(self) -> ExchangeRates:
        lake, known = self._runtime.lake, self._rates
        version = lake.version()
        if known is None or known[0] != version:
            table = lake.read("fx_rates")
            known = version, ExchangeRates.of(table, self._runtime.settings.base_currency)
            self._rates = known
        return known[1]

    def _read_fraud_rate(self) -> None:
        """The shop's fraud rate, worked out again where reports or tables came, or it grew old."""
        runtime, now = self._runtime, time.monotonic()
        mark = runtime.lake.version(), runtime.records.newest_number("chargebacks")
        known = self._fraud_rate
        if known is None or known[0] != mark or now - known[1] > RATE_SECONDS:
            rate = fraud_rate_by_value(runtime, self._rates_now(), runtime.now())
            self._fraud_rate = mark, now, rate

    def _risks(
        self, customers: Sequence[str], at: Sequence[datetime]
    ) -> Sequence[Mapping[str, Any]]:
        asked = [{"customer_id": customer} for customer in customers]
        return self._runtime.store.online_values("fraud", asked, at)
