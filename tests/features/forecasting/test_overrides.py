"""Overrides, ABC/XYZ, value added and corrections on hand-made rows."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.overrides import checked
from data.records import Records
from features.forecasting import (
    Override,
    OverrideError,
    PairAttributes,
    abc_xyz,
    accuracy,
    exceptions,
    layered,
    outcomes,
    outcomes_by_lag,
    value_added,
    within,
)

NOW = datetime(2024, 1, 15, 12, tzinfo=UTC)
ATTRIBUTES = PairAttributes(
    category={"p": "food/soup", "q": "food", "r": "foodstuff"},
    brand={"p": "best", "q": "other", "r": "best"},
    country={"w": "DE", "v": "FR"},
)


def override(**changes) -> Override:
    given = {
        "override_id": "a",
        "warehouse_id": "w",
        "product_id": "p",
        "first": date(2024, 1, 22),
        "last": date(2024, 1, 22),
        "author": "ann",
        "reason": "spot",
        "created_at": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(days=30),
        "factor": 2.0,
    }
    return Override(**{**given, **changes})


def forecast(product: str = "p", mean: tuple[float, ...] = (4.0, 4.0, 4.0)) -> pd.DataFrame:
    """Three weeks from 2024-01-15, quantiles at half, once and twice the mean."""
    values = np.asarray(mean)
    wide = values[:, None] * np.array([0.5, 1.0, 2.0])
    row = {
        "warehouse_id": "w",
        "product_id": product,
        "event_timestamp": pd.Timestamp(NOW),
        "frequency": "week",
        "period_start": "2024-01-15",
        "levels": [0.1, 0.5, 0.9],
        "mean": values,
        "quantiles": wide.ravel(),
        "window_mean": np.cumsum(values),
        "window_quantiles": np.cumsum(wide, axis=0).ravel(),
        "overrides": None,
    }
    return pd.DataFrame([row])


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


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path, namespace: str):
    url = f"sqlite:///{tmp_path}/r.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = Records(url, namespace)
    made.migrate()
    yield made
    made.close()


def test_overrides_are_kept_and_dropped_once(records: Records) -> None:
    one, other = override(), override(override_id="b", product_id="q", created_at=NOW)
    for each in (one, other, one):
        assert records.overrides.add(each) == each
    assert records.overrides.all() == [other, one]
    assert records.overrides.all(product_id="p") == [one]
    assert records.overrides.drop("a", NOW) == one
    assert records.overrides.drop("a", NOW) is None
    assert records.overrides.all() == [other]


def test_an_override_without_sense_is_refused_with_all_faults(records: Records) -> None:
    wrong = override(quantity=1.0, last=date(2020, 1, 1), expires_at=NOW - timedelta(days=9))
    with pytest.raises(OverrideError, match=r"either quantity or factor.*before first.*is past"):
        records.overrides.add(wrong)
    with pytest.raises(OverrideError, match="-1"):
        records.overrides.add(override(factor=-1.0))
    assert records.overrides.all() == []


RATES = pd.DataFrame({"rate_date": ["2024-01-01"], "currency": ["PLN"], "rate": [0.25]})


def demand(sold: dict[str, list[float]], price: float = 1.0) -> pd.DataFrame:
    starts = pd.date_range("2024-01-01", periods=len(next(iter(sold.values()))), freq="7D")
    parts = [
        pd.DataFrame(
            {
                "warehouse_id": "w",
                "product_id": product,
                "event_timestamp": (starts + pd.Timedelta(days=7)).tz_localize("UTC"),
                "frequency": "week",
                "period_start": starts.strftime("%Y-%m-%d"),
                "quantity": np.asarray(values, dtype=float),
                "price": price,
                "currency": "EUR",
                "in_stock": 1.0,
                "censored": False,
            }
        )
        for product, values in sold.items()
    ]
    return pd.concat(parts, ignore_index=True)


def test_abc_by_revenue_and_xyz_by_variation() -> None:
    sold = {
        "big": [80.0] * 10,
        "mid": [5.0, 25.0] * 5,
        "low": [0.0] * 9 + [30.0],
        "none": [0.0] * 10,
    }
    found = abc_xyz(demand(sold), RATES, "EUR").set_index("product_id")["abc_xyz"]
    assert dict(found) == {"big": "AX", "mid": "BY", "low": "CZ", "none": "CZ"}


def test_value_added_and_exceptions_know_who_was_right() -> None:
    history = demand({"p": [4.0, 8.0, 4.0, 8.0], "q": [5.0, 5.0, 5.0, 5.0]}, price=3.0)
    rows = [
        forecast("p", (8.0,)).assign(period_start="2024-01-22"),
        forecast("q", (9.0,)).assign(period_start="2024-01-22"),
    ]
    final = pd.concat(rows, ignore_index=True)
    model = forecast("q", (7.0,)).assign(period_start="2024-01-22")
    beside = outcomes(final, model, history)
    table = value_added(beside).set_index("way")
    assert table.loc["naive", "wape"] == pytest.approx(4 / 13)
    assert table.loc["model", "wape"] == pytest.approx(2 / 13)
    assert table.loc["final", "value_added"] == pytest.approx(0)
    worst = exceptions(beside, RATES, "EUR").iloc[0]
    assert (worst["product_id"], worst["bias"], worst["money_at_stake"]) == ("q", 4.0, 12.0)
    assert worst["tracking_signal"] == pytest.approx(1)


def test_what_was_sold_lies_within_the_interval_ends_included_or_not() -> None:
    """Quantiles 10 % and 90 % are half and twice the mean."""
    history = demand({"inside": [8.0], "end": [5.0], "above": [5.0], "never said": [1.0]})
    means = {"inside": 8.0, "end": 2.5, "above": 2.0, "not closed": 1.0}
    said = [
        forecast(product, (mean,)).assign(period_start="2024-01-01")
        for product, mean in means.items()
    ]
    found = within(pd.concat(said, ignore_index=True), history).droplevel([0, 2])
    assert dict(found) == {"inside": True, "end": True, "above": False}
    assert within(said[0].iloc[:0], history).empty


def test_without_stored_forecasts_there_is_nothing_to_tell() -> None:
    history = demand({"p": [1.0, 2.0]})
    none = forecast().iloc[:0]
    beside = outcomes(none, none, history)
    assert exceptions(beside, RATES, "EUR").empty
    assert set(value_added(beside)["periods"]) == {0}


def test_money_of_two_currencies_is_compared_in_the_base_currency() -> None:
    """100 zloty are 25 euros: less than 30 euros."""
    sold = demand({"p": [1.0, 1.0], "q": [1.0, 1.0]}, price=100.0)
    zloty, euros = sold["product_id"] == "p", sold["product_id"] == "q"
    sold.loc[zloty, "currency"] = "PLN"
    sold.loc[euros, "price"] = 30.0
    said = pd.concat([forecast(one, (2.0,)).assign(period_start="2024-01-08") for one in "pq"])
    beside = outcomes(said, said.iloc[:0], sold)
    table = exceptions(beside, RATES, "EUR").set_index("product_id")["money_at_stake"]
    assert dict(table) == {"q": 30.0, "p": 25.0}
    assert list(table.index) == ["q", "p"]
    sold.loc[zloty, "currency"] = "XAF"
    unknown = exceptions(outcomes(said, said.iloc[:0], sold), RATES, "EUR")
    assert unknown["product_id"].tolist() == ["q", "p"]
    assert unknown["money_at_stake"].isna().tolist() == [False, True], "units are no money"
    many = {"p": [9.0] * 9, "q": [6.0] * 9}  # 225 of 405 euros at 25, were they alike: p is more
    rows = demand(many, price=100.0)
    rows.loc[rows["product_id"] == "p", "currency"] = "PLN"
    rows.loc[rows["product_id"] == "q", "price"] = 150.0
    assert dict(abc_xyz(rows, RATES, "EUR").set_index("product_id")["abc_xyz"])["p"] == "BX"


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


def test_accuracy_by_lag_and_category() -> None:
    rows = pd.concat([forecast(), forecast("q", (8.0, 8.0, 8.0))], ignore_index=True)
    weeks = ["2024-01-15", "2024-01-22"]
    demand = pd.DataFrame(
        [
            {
                "warehouse_id": "w",
                "product_id": product,
                "event_timestamp": pd.Timestamp(week, tz="UTC") + pd.Timedelta(days=7),
                "frequency": "week",
                "period_start": week,
                "quantity": units,
                "price": 1.0,
                "currency": "EUR",
                "in_stock": None,
                "censored": False,
                "category": product.upper(),
                "country": "DE",
            }
            for product, came in (("p", (4.0, 10.0)), ("q", (4.0, 8.0)))
            for week, units in zip(weeks, came, strict=True)
        ]
    )
    beside = outcomes_by_lag(rows, demand)
    whole = accuracy(beside, "all").iloc[0]
    assert (whole["periods"], whole["actual"], whole["forecast"]) == (4, 26, 24)
    assert whole["wape"] == pytest.approx(10 / 26)
    assert whole["coverage_80"] == 0.75  # 10 is above twice 4
    by_lag = accuracy(beside, "lag").set_index("key")
    assert by_lag.loc["1", "bias"] == pytest.approx(4 / 8)
    assert by_lag.loc["2", "bias"] == pytest.approx(-6 / 18)
    assert list(accuracy(beside, "category")["key"]) == ["P", "Q"]
    assert list(accuracy(beside, "month")["key"]) == ["2024-01"]
