"""Overrides put on forecasts."""

from datetime import date, timedelta

import pandas as pd
import pytest

from data.overrides import checked
from features.forecasting import (
    Override,
    OverrideError,
    PairAttributes,
    layered,
)
from tests.features.forecasting.forecast_rows import NOW, forecast, override

ATTRIBUTES = PairAttributes(
    category={"p": "food/soup", "q": "food", "r": "foodstuff"},
    brand={"p": "best", "q": "other", "r": "best"},
    country={"w": "DE", "v": "FR"},
)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"category": "food"}, ""),
        ({"category": "foo"}, 'No product is of the category "foo"'),
        ({"category": "food/soup/hot"}, 'No product is of the category "food/soup/hot"'),
        ({"brand": "best"}, ""),
        ({"brand": "Best"}, 'No product is of the brand "Best"'),
        ({"country": "GB"}, "No warehouse is in GB"),
    ],
)
def test_a_group_that_nothing_is_of_is_told(names: dict[str, str], said: str) -> None:
    assert ATTRIBUTES.unknown(override(warehouse_id="*", product_id="*", **names)) == said


def test_a_factor_scales_its_periods_and_the_sums_after_them() -> None:
    row = layered(forecast(), [override()], NOW, ATTRIBUTES).iloc[0]
    assert list(row["mean"]) == [4, 8, 4]
    assert list(row["window_mean"]) == [4, 12, 16]
    assert list(row["quantiles"].reshape(3, 3)[1]) == [4, 8, 16]
    assert list(row["window_quantiles"].reshape(3, 3)[2]) == [8, 16, 32]
    assert row["overrides"] == "a"


def test_a_quantity_takes_the_place_of_the_mean_even_of_none() -> None:
    fixed = override(quantity=6.0, factor=None)
    assert list(layered(forecast(), [fixed], NOW, ATTRIBUTES).iloc[0]["mean"]) == [4, 6, 4]
    row = layered(forecast(mean=(0.0, 0.0, 0.0)), [fixed], NOW, ATTRIBUTES).iloc[0]
    assert list(row["quantiles"].reshape(3, 3)[1]) == [6, 6, 6]
    assert list(row["window_mean"]) == [0, 6, 6]


def test_the_newer_override_is_put_on_the_older() -> None:
    older = override(override_id="b", quantity=10.0, factor=None)
    newer = override(created_at=NOW)
    row = layered(forecast(), [newer, older], NOW, ATTRIBUTES).iloc[0]
    assert list(row["mean"]) == [4, 20, 4]
    assert row["overrides"] == "b,a"


@pytest.mark.parametrize(
    "other",
    [
        override(expires_at=NOW),
        override(created_at=NOW + timedelta(seconds=1)),
        override(product_id="q"),
        override(first=date(2025, 1, 1), last=date(2025, 2, 1)),
    ],
)
def test_an_override_of_another_time_or_pair_changes_nothing(other: Override) -> None:
    row = layered(forecast(), [other], NOW, ATTRIBUTES).iloc[0]
    assert list(row["mean"]) == [4, 4, 4]
    assert row["overrides"] is None


def three() -> pd.DataFrame:
    """p and q in w, r in v: 4, 12 and 8 a week."""
    parts = [forecast(), forecast("q", (12.0, 12.0, 12.0)), forecast("r", (8.0, 8.0, 8.0))]
    parts[2]["warehouse_id"] = "v"
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"warehouse_id": "w"}, [8, 24, 8]),
        ({"product_id": "r"}, [4, 12, 16]),
        ({"category": "food"}, [8, 24, 8]),
        ({"category": "food/soup"}, [8, 12, 8]),
        ({"brand": "best"}, [8, 12, 16]),
        ({"country": "FR"}, [4, 12, 16]),
        ({"country": "DE", "brand": "best"}, [8, 12, 8]),
    ],
)
def test_an_override_is_of_all_that_it_names(names: dict[str, str], expected: list[float]) -> None:
    wide = override(**{"warehouse_id": "*", "product_id": "*", **names})
    rows = layered(three(), [wide], NOW, ATTRIBUTES)
    assert [one[1] for one in rows["mean"]] == expected
    assert [one[0] for one in rows["mean"]] == [4, 12, 8]


def test_units_of_a_group_are_spread_as_it_is_forecast() -> None:
    named = {"warehouse_id": "*", "product_id": "*", "category": "food", "factor": None}
    rows = layered(three(), [override(**named, quantity=32.0)], NOW, ATTRIBUTES)
    assert [one[1] for one in rows["mean"]] == [8, 24, 8]
    assert list(rows["quantiles"][0][3:6]) == [4, 8, 16]
    rows = layered(three(), [override(**named, added=-8.0)], NOW, ATTRIBUTES)
    assert [one[1] for one in rows["mean"]] == [2, 6, 8]
    none = pd.concat([forecast("p", (0.0,) * 3), forecast("q", (0.0,) * 3)], ignore_index=True)
    rows = layered(none, [override(**named, added=6.0)], NOW, ATTRIBUTES)
    assert [one[1] for one in rows["mean"]] == [3, 3]


def test_fewer_than_nothing_is_nothing() -> None:
    rows = layered(forecast(), [override(factor=None, added=-9.0)], NOW, ATTRIBUTES)
    assert list(rows["mean"][0]) == [4, 0, 4]


def test_an_override_names_something_and_says_one_thing() -> None:
    with pytest.raises(OverrideError, match="name a warehouse_id"):
        checked(override(warehouse_id="*", product_id="*"))
    with pytest.raises(OverrideError, match="either"):
        checked(override(added=1.0))
