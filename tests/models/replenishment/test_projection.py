"""Stock projected day by day."""

import numpy as np
import pytest

from models.replenishment.lines import Lines
from models.replenishment.position import Position
from models.replenishment.projection import available, break_days, project
from tests.models.replenishment.plan_frames import line
from tests.models.replenishment.planning import frame, row


def test_the_projection_breaks_when_stock_is_used_up() -> None:
    lines = Lines.of(frame(row(on_hand=25.0), row(product_id="Q", on_hand=500.0)))
    assert break_days(lines, Position.of(lines)).tolist() == [17.5, np.inf]
    found = line(on_hand=25.0)
    assert (found["stockout_on"], found["decide_by"]) == ("2024-01-18", "2024-01-01")
    assert line(on_hand=500.0)["stockout_on"] is None


def test_an_order_counts_from_the_day_it_is_expected() -> None:
    coming = {"open_quantities": [30.0], "open_due_days": [10.0], "open_age_days": [4.0]}
    lines = Lines.of(frame(row(on_hand=20.0, reserved=2.0, **coming)))
    ahead = available(Position.of(lines), np.array([0.0, 7.0, 14.0]))
    assert ahead.tolist() == [[18.0, 18.0, 48.0]]
    assert project(lines, Position.of(lines)).mean[0, :3].tolist() == [18.0, 8.0, 28.0]


def test_every_screen_reads_the_same_projection() -> None:
    """The plan's risk over the cover is the projection's at the cover's end."""
    lines = Lines.of(frame(row(on_hand=33.0, service_level=0.9)))
    ahead = project(lines, Position.of(lines), days=np.array([0.0, 21.0]))
    planned = line(on_hand=33.0, service_level=0.9)
    assert ahead.broken[0, 1] == pytest.approx(planned["stockout_probability_unordered"], abs=0.03)
