"""The measures of all sources, computed for the days that may have changed, and kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import pandas as pd

from decisions.kpis.browsing import event_facts, visit_facts
from decisions.kpis.catalogue import DIMENSIONS
from decisions.kpis.cells import PARTS, Span, sum_measures, utc_days
from decisions.kpis.foreseeing import FORECAST_FEATURES, forecast_facts, value_facts
from decisions.kpis.paying import chargeback_facts, decision_facts, payment_facts, review_facts
from decisions.kpis.purchases import open_facts, receipt_facts
from decisions.kpis.selling import (
    order_facts,
    priced_lines,
    recommendation_clicks,
    retention_facts,
    return_facts,
)
from decisions.kpis.stocking import stock_facts
from decisions.runtime import Runtime

COMPUTED = "kpis_computed"  # a note of the journal, one an update
REVISED_DAYS = 45  # facts that come later than this (a late return) need a rebuild
_KEPT_DAYS = 800  # older days of counts and open orders are not looked at on a first run
_PLAIN = frozenset({"day", "product_id", *PARTS})


@dataclass(frozen=True)
class MeasureReport:
    """What an update did: of a source, from which day on, how many sums, the newest day."""

    source: str
    since: str | None
    sums: int
    newest: str | None


class ShopFacts:
    """The facts that measures are summed from; each table is read once, on first need.

    runtime: the stores in use; now: the wall clock, for what goes on at the time of asking.
    """

    def __init__(self, runtime: Runtime, now: datetime | None = None) -> None:
        self._runtime = runtime
        self._now = now or datetime.now(UTC)
        self._tables: dict[str, pd.DataFrame] = {}
        self._base = runtime.settings.base_currency

    def table(self, name: str) -> pd.DataFrame:
        """A table of the lake as it is known now."""
        if name not in self._tables:
            self._tables[name] = self._runtime.lake.read(name)
        return self._tables[name]

    def tables(self, *names: str) -> Mapping[str, pd.DataFrame]:
        """Some tables of the lake by name."""
        return {name: self.table(name) for name in names}

    @cached_property
    def last_day(self) -> pd.Timestamp:
        """The day of the merchant's clock (UTC)."""
        return pd.Timestamp(self._runtime.now()).tz_convert("UTC").tz_localize(None).floor("D")

    def span(self, since: pd.Timestamp | None) -> Span:
        """The days to look at: from `since` (None: all that are kept) to the merchant's clock."""
        first = self.last_day - pd.Timedelta(days=_KEPT_DAYS)
        return Span(max(since, first) if since is not None else first, self.last_day)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Order lines with their money; see `priced_lines`."""
        names = ("orders", "products", "supply_terms", "fx_rates", "warehouses")
        return priced_lines(self.tables(*names), self._base)

    def orders(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of order lines; since: days before it may be left out."""
        return order_facts(self.lines, recommendation_clicks(self.table("events")))

    def returns(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of returns; since: days before it may be left out."""
        return return_facts(self.lines)

    def retention(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of retention; since: days before it may be left out."""
        facts = retention_facts(self.lines)
        return facts[facts["day"] <= self.last_day]

    def visits(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of visits; since: days before it may be left out."""
        return visit_facts(self.table("events"))

    def events(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of impressions and clicks; since: days before it may be left out."""
        return event_facts(self.tables("events", "products"))

    def stock(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of stock; since: days before it may be left out."""
        money = ("products", "supply_terms", "fx_rates", "warehouses")
        names = ("stock", "orders", "purchase_orders", "transfers", *money)
        first = utc_days(self.table("stock")["observed_at"]).min()
        span = self.span(first if since is None else max(since, first))
        return stock_facts(self.tables(*names), self.lines, span, self._base)

    def purchasing(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of open purchase orders; since: days before it may be left out."""
        span = self.span(since)
        return open_facts(self.tables("purchase_orders", "products", "warehouses"), span)

    def receipts(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of received purchase orders; since: days before it may be left out."""
        return receipt_facts(self.tables("purchase_orders", "products", "warehouses"))

    def payments(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of payments; since: days before it may be left out."""
        return payment_facts(self.table("payments"))

    def chargebacks(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of chargebacks; since: days before it may be left out."""
        chargebacks, payments, rates = map(self.table, ("chargebacks", "payments", "fx_rates"))
        return chargeback_facts(chargebacks, payments, rates, self._base)

    def decisions(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of decisions on payments; since: days before it may be left out."""
        start = pd.Timestamp("1970-01-01") if since is None else since
        moment = start.tz_localize("UTC").to_pydatetime()
        return decision_facts(self._runtime.records.decision_sums.by_market(moment))

    def reviews(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of the review queue; since: days before it may be left out."""
        today = pd.Timestamp(self._now).tz_convert("UTC").tz_localize(None).floor("D")
        first = today - pd.Timedelta(days=REVISED_DAYS) if since is None else since
        return review_facts(self._runtime.records, Span(first, today))

    def forecasts(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of forecasts beside demand; since: days before it may be left out."""
        if "forecasting" not in self._runtime.settings.use_cases:
            return pd.DataFrame({"day": pd.to_datetime([])})
        store, now = self._runtime.store, self._runtime.now()
        said, plain = (
            store.history(view, now, features=FORECAST_FEATURES)
            for view in ("forecast", "model_forecast")
        )
        terms = self.table("supply_terms").sort_values("valid_from", kind="stable")
        pair = ["warehouse_id", "product_id"]
        lead = terms.drop_duplicates(pair, keep="last")[[*pair, "lead_time_days"]]
        return forecast_facts(said, plain, store.history("demand", now), lead)

    def customers(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Measures of customers' value; since: days before it may be left out."""
        if "customers" not in self._runtime.settings.use_cases:
            return pd.DataFrame({"day": pd.to_datetime([])})
        values = self._runtime.store.history("customer_value", self._runtime.now())
        return value_facts(values, self.table("customers"), self.span(since))

    def freshness(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """How old the features are; since: days before it may be left out."""
        clock, as_of = self._runtime.lake.clock(), self._runtime.features_as_of()
        if clock is None or as_of is None:
            return pd.DataFrame({"day": pd.to_datetime([])})
        hours = max((clock - as_of).total_seconds() / 3_600, 0.0)
        return pd.DataFrame({"day": [self.last_day], "feature_hours": [hours]})

    def sums(
        self, source: str, since: pd.Timestamp | None, by: Sequence[str] = DIMENSIONS
    ) -> pd.DataFrame:
        """The measures of one source by day and cell, see `sum_measures`.

        source: a name of SOURCES; since: the first day that is wanted; None: all; by: the parts to
        split by.
        """
        needed = SOURCES[source]
        if any(self.table(name).empty for name in needed):
            facts = pd.DataFrame({"day": pd.to_datetime([])})
        else:
            make: Callable[[pd.Timestamp | None], pd.DataFrame] = getattr(self, source)
            facts = make(since)
        if since is not None:
            facts = facts[facts["day"] >= since]
        facts = facts[facts["day"].notna()]
        measures = [name for name in facts.columns if name not in _PLAIN]
        return sum_measures(source, facts, measures, by)


# Each source and the tables that it cannot do without; a method of ShopFacts has its name.
SOURCES: Mapping[str, tuple[str, ...]] = {
    "orders": ("orders",),
    "returns": ("orders",),
    "retention": ("orders",),
    "visits": ("events",),
    "events": ("events",),
    "stock": ("stock", "orders"),
    "purchasing": ("purchase_orders",),
    "receipts": ("purchase_orders",),
    "payments": ("payments",),
    "chargebacks": ("chargebacks", "payments"),
    "decisions": (),
    "reviews": (),
    "forecasts": ("orders",),
    "customers": ("orders",),
    "freshness": (),
}


def whole_day(runtime: Runtime) -> date:
    """The newest day (UTC) that is over by the merchant's clock; runtime: the stores in use."""
    return runtime.now().astimezone(UTC).date() - timedelta(days=1)


def update_kpis(
    runtime: Runtime, *, rebuild: bool = False, now: datetime | None = None
) -> list[MeasureReport]:
    """Bring the kept measures up to what the lake, the store and the records hold now.

    runtime: the stores in use; rebuild: True to compute every day anew; else only the newest day
    kept and the REVISED_DAYS before it, and what came since; now: the wall clock.
    """
    facts, kept = ShopFacts(runtime, now), runtime.records.measures
    reports = []
    for source in SOURCES:
        newest = None if rebuild else kept.newest_day(source)
        since = None
        if newest is not None:
            since = pd.Timestamp(newest) - pd.Timedelta(days=REVISED_DAYS)
        sums = facts.sums(source, since)
        first = None if since is None else since.strftime("%Y-%m-%d")
        if source == "freshness":  # what was is not known from what is: past days stay
            first = facts.last_day.strftime("%Y-%m-%d")
        kept.replace(source, sums, first)
        reports.append(MeasureReport(source, first, len(sums), kept.newest_day(source)))
    body = {"sums": sum(one.sums for one in reports)}
    runtime.records.journal.add(COMPUTED, "all", author="argosy", body=body)
    return reports
