"""What `monitor` tells of the lists of the shop, and when it is past its limit."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from data.settings import Settings
from decisions.monitor import look
from decisions.recommendation.watch import placement_figures
from decisions.runtime import Runtime

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def answers(
    number: int, *, days_ago: float, clicked: float, placement: str | None = "home"
) -> pd.DataFrame:
    """Answers of five products each, and clicks on the first of a share of them."""
    rows = []
    for answer in range(number):
        name = f"rec-{placement}-{days_ago}-{answer}"
        at = NOW - timedelta(days=days_ago, seconds=answer)
        kinds = [("impression", f"p{(answer + place) % 40}") for place in range(5)]
        if answer < clicked * number:
            kinds += [("click", kinds[0][1]), ("view", kinds[0][1])]
        rows += [
            {
                "event_id": f"{name}-{place}",
                "occurred_at": pd.Timestamp(at),
                "kind": kind,
                "product_id": product,
                "visitor_id": f"v{answer}",
                "placement": placement,
                "recommendation_id": name,
            }
            for place, (kind, product) in enumerate(kinds)
        ]
    return pd.DataFrame(rows)


def test_figures_of_a_placement() -> None:
    events = pd.concat([answers(100, days_ago=1, clicked=0.5), answers(10, days_ago=20, clicked=1)])
    found = placement_figures(events, NOW - timedelta(days=7), NOW).iloc[0]
    assert (found["placement"], found["shown"], found["products"]) == ("home", 500, 40)
    assert found["click_rate"] == pytest.approx(0.1)
    # One product of forty is the best 1%: each is shown about as often.
    assert found["best_share"] == pytest.approx(1 / 40, abs=0.01)
    unnamed = answers(10, days_ago=1, clicked=0, placement=None)
    named = placement_figures(unnamed, NOW - timedelta(days=7), NOW)
    assert list(named["placement"]) == [""]


@pytest.mark.parametrize(("clicked", "fine"), [(0.45, True), (0.2, False)])
def test_a_fall_of_clicks_is_past_the_limit(settings: Settings, clicked: float, fine: bool) -> None:
    runtime = Runtime(settings)
    runtime.records.migrate()
    before = answers(300, days_ago=14, clicked=0.5)
    runtime.lake.append("events", pd.concat([before, answers(100, days_ago=1, clicked=clicked)]))
    watches = {watch.name: watch for watch in look(runtime).watches}
    assert watches["clicks per product shown, home"].value == pytest.approx(clicked / 5, abs=0.01)
    assert watches["fall of clicks per product shown, home"].ok is fine


def test_a_shop_without_events_tells_nothing_of_them(settings: Settings) -> None:
    runtime = Runtime(settings)
    runtime.records.migrate()
    assert not [watch for watch in look(runtime).watches if "shown" in watch.name]
