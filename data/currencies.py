"""Which of the merchant's amounts cannot be told in the base currency, in words with a remedy."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.dataset as pads

if TYPE_CHECKING:
    from data.lake import Lake

# The tables whose amounts decide something, by the column that says when each amount holds.
_AMOUNTS = ("orders", "payments", "products", "supply_terms", "prices")
_OLD = timedelta(days=31)


@dataclass(frozen=True)
class CurrencyFinding:
    """Something about the merchant's money: what was found, and what to do about it."""

    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.found}; {self.remedy}"


def currency_findings(lake: "Lake", base_currency: str) -> list[CurrencyFinding]:
    """Amounts without a rate to the base currency, table by table, and rates that are old.

    lake: with the tables as they are now. base_currency: ISO 4217.

    Where no amount of any table is in the base currency, and their most frequent one has no rate to
    it, the setting is what is wrong, and the currency to set is named: the same for all tables.
    """
    counts = {name: _counts(lake, name) for name in _AMOUNTS}
    rates = lake.read("fx_rates", columns=["rate_date", "currency"])
    rated = {base_currency, *rates["currency"]}
    total = pd.concat(list(counts.values())).groupby(level=0).sum()
    main = str(total.idxmax()) if len(total) and base_currency not in total.index else ""
    setting = f"set ARGOSY_BASE_CURRENCY={main}, or " if main and main not in rated else ""
    found = [
        _without_rate(name, count, rated, base_currency, setting)
        for name, count in counts.items()
        if count[~count.index.isin(rated)].sum()
    ]
    used = {currency for count in counts.values() for currency in count.index}
    return [*found, *_old_rates(lake, rates, used - {base_currency})]


def _counts(lake: "Lake", table: str) -> "pd.Series[int]":
    """How many amounts of a table are in each currency, most frequent first."""
    files = [str(path) for path in lake.files(table)]
    if not files:
        return pd.Series(dtype=int)
    # Counted by Arrow: as Python objects the currencies of many lines would fill the memory.
    found = pads.dataset(files, format="parquet").to_table(columns=["currency"])["currency"]
    counted = found.drop_null().value_counts().to_pylist()
    by_currency = {each["values"]: each["counts"] for each in counted}
    return pd.Series(by_currency, dtype=int).sort_values(ascending=False, kind="stable")


def _without_rate(
    table: str, counts: "pd.Series[int]", rated: set[str], base: str, setting: str
) -> CurrencyFinding:
    unknown = counts[~counts.index.isin(rated)]
    names = ", ".join(map(str, unknown.index))
    found = (
        f"{table}: {int(unknown.sum()):,} of {int(counts.sum()):,} amounts are in {names}, without "
        f"a rate to the base currency {base}: they are unknown to every decision"
    )
    return CurrencyFinding(found, f"{setting}ingest fx_rates of {names}")


def _old_rates(lake: "Lake", rates: pd.DataFrame, used: set[str]) -> list[CurrencyFinding]:
    """Currencies in use whose newest rate is more than a month older than the newest fact."""
    clock = lake.clock()
    if clock is None or rates.empty:
        return []
    newest = rates[rates["currency"].isin(used)].groupby("currency")["rate_date"].max()
    return [
        CurrencyFinding(
            f"fx_rates: the newest rate of {currency} is of {day:%Y-%m-%d}, "
            f"{(clock - day).days} days older than the newest fact; it is used as it is",
            f"ingest newer fx_rates of {currency}",
        )
        for currency, day in newest.items()
        if clock - day > _OLD
    ]
