"""Overrides as planners may send them."""

import pytest
from pydantic import ValidationError

from serving.http.forecasting.planner_schemas import OverrideRequest

GOOD = OverrideRequest.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,call-overload]


def test_the_example_is_a_good_one() -> None:
    made = OverrideRequest(**GOOD)
    assert made.first <= made.last
    assert made.factor == 1.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantity", -1.0),
        ("quantity", "5"),
        ("factor", float("nan")),
        ("factor", 1001.0),
        ("author", ""),
        ("reason", ""),
        ("expires_at", "2018-02-01T00:00:00"),
        ("product_id", "p" * 129),
        ("colour", "red"),
    ],
)
def test_what_makes_no_override_is_named(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        OverrideRequest(**GOOD | {name: value})
