"""What holds for every good value of a table, in words that help when it does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import numpy as np
import pandas as pd

from data.clock import latest_fact
from data.iso_codes import country_codes, currency_codes
from data.tables import EVERYWHERE, Column, Kind, Table

# Plans may lie in the future; facts may not.
PLANNED = frozenset(
    {"expected_at", "starts_on", "ends_on", "launched_on", "discontinued_on", "valid_from"}
)
_LONGEST_ID, _LONGEST_TEXT = 128, 10_000


@dataclass(frozen=True)
class ValueRule:
    """A test that holds for every good value of a column, its opposite in words, the remedy."""

    name: str
    holds: Callable[[Any], Any]
    remedy: str


Rules = Mapping[str, tuple[ValueRule, ...]]


def column_rules(table: Table, now: datetime) -> Rules:
    """The rules of each column; a fact later than `latest_fact(now)` breaks one.

    table: the table's contract.
    """
    return {
        column.name: _column_rules(column, now, table.optional_key.get(column.name))
        for column in table.columns
    }


def _column_rules(
    column: Column, now: datetime, default: str | int | None
) -> tuple[ValueRule, ...]:
    """default: stands for a missing part of the key, and is allowed whatever the kind says."""
    rules = _kind_rules(column.kind)
    if default == EVERYWHERE:
        rules = tuple(
            ValueRule(rule.name, _or_everywhere(rule.holds), rule.remedy) for rule in rules
        )
    if column.values:  # noqa: PD011  (a column of the contract)
        allowed = ", ".join(column.values)
        rules += (
            ValueRule(
                "not an allowed value", _isin(frozenset(column.values)), f"write one of {allowed}"
            ),
        )
    if column.kind == "time" and column.name not in PLANNED:
        limit = pd.Timestamp(latest_fact(now))
        rules += (
            ValueRule(
                "in the future", lambda values: values <= limit, "correct it; is it really UTC?"
            ),
        )
    return rules


@cache
def _kind_rules(kind: Kind) -> tuple[ValueRule, ...]:
    finite = ValueRule("not a finite number", np.isfinite, "write a number such as 12.50")
    return {
        "id": (
            ValueRule(
                f"an id longer than {_LONGEST_ID} characters",
                lambda values: values.str.len() <= _LONGEST_ID,
                f"at most {_LONGEST_ID} characters are kept",
            ),
            ValueRule(
                "an id with control characters",
                lambda values: ~values.str.contains(r"[\x00-\x1f\x7f]", regex=True),
                "remove them",
            ),
        ),
        "text": (
            ValueRule(
                f"longer than {_LONGEST_TEXT} characters",
                lambda values: values.str.len() <= _LONGEST_TEXT,
                "shorten it",
            ),
        ),
        "country": (
            ValueRule(
                "an unknown country",
                _isin(country_codes()),
                "write the ISO 3166-1 alpha-2 code, such as DE or GB",
            ),
        ),
        "currency": (
            ValueRule(
                "an unknown currency", _isin(currency_codes()), "write the ISO 4217 code, as EUR"
            ),
        ),
        "quantity": (
            finite,
            ValueRule(
                "not above 0",
                lambda values: values > 0,
                "write a positive number; returns and cancellations are a status, not a quantity",
            ),
        ),
        "amount": (
            finite,
            ValueRule("below 0", lambda values: values >= 0, "write 0 or a positive number"),
        ),
        "share": (
            finite,
            ValueRule(
                "not between 0 and 1",
                lambda values: values.between(0, 1),
                "write a share: 0.25 for 25 %",
            ),
        ),
        "rate": (
            finite,
            ValueRule(
                "not between 0 and 5",
                lambda values: values.between(0, 5),
                "write a share: 0.25 for 25 %",
            ),
        ),
        "number": (finite,),
        "line": (
            finite,
            ValueRule(
                "not a whole number from 0",
                lambda values: (values >= 0) & (values % 1 == 0) & (values < 2**53),
                "write 0, 1, 2 …",
            ),
        ),
        "time": (),
        "date": (),
        "flag": (),
        "zone": (
            ValueRule(
                "an unknown time zone",
                _isin(frozenset(available_timezones())),
                "write its IANA name, such as Europe/Berlin",
            ),
        ),
        "hour": (
            ValueRule(
                "no time of day",
                lambda values: values.str.match(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"),
                "write hours and minutes, such as 14:30",
            ),
        ),
    }[kind]


def row_rules(table: Table) -> tuple[ValueRule, ...]:
    """Rules over several columns; none of them is about one value."""
    rules: tuple[ValueRule, ...] = ()
    if table.any_of:
        names = list(table.any_of)
        rules += (
            ValueRule(
                f"neither {' nor '.join(names)}",
                lambda frame: (frame[names].notna() & (frame[names] != EVERYWHERE)).any(
                    axis="columns"
                ),
                "fill in one of them",
            ),
        )
    if {"starts_on", "ends_on"} <= set(table.names):
        rules += (
            ValueRule(
                "ends_on before starts_on",
                lambda frame: (
                    (frame["ends_on"] >= frame["starts_on"])
                    | frame["ends_on"].isna()
                    | frame["starts_on"].isna()
                ),
                "correct one of them",
            ),
        )
    return rules


def _or_everywhere(holds: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: (values == EVERYWHERE) | holds(values)


def _isin(allowed: frozenset[str]) -> Callable[[Any], Any]:
    return lambda values: values.isin(allowed)
