"""How many customers each segment has, and the best of them."""

import pandas as pd
import pytest

from decisions.customers.segment_report import members_of, report_segments
from decisions.runtime import Runtime


def test_segments_count_everyone_and_list_the_best(runtime: Runtime, scored: pd.DataFrame) -> None:
    report = report_segments(runtime)
    assert sum(each.customers for each in report.segments) == len(scored)
    biggest = max(report.segments, key=lambda each: each.customers)
    members = members_of(runtime, biggest.segment, 3)
    assert len(members) == 3
    assert members[0]["expected_margin_365d"] >= members[2]["expected_margin_365d"]


def test_before_anyone_is_scored_segments_are_made_at_once(
    runtime: Runtime, scored: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    latest = runtime.store.latest

    def nothing_scored(view: str, *given: object, **more: object) -> pd.DataFrame:
        found = latest(view, *given, **more)
        return found.iloc[:0] if view == "customer_value" else found

    monkeypatch.setattr(runtime.store, "latest", nothing_scored)
    report = report_segments(runtime)
    assert sum(each.customers for each in report.segments) == len(scored)
    assert report.scored_at is not None
