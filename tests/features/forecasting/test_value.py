"""What forecasts were worth."""

import pandas as pd
import pytest

from features.forecasting import (
    abc_xyz,
    accuracy,
    exceptions,
    outcomes,
    outcomes_by_lag,
    value_added,
    within,
)
from tests.features.forecasting.forecast_rows import RATES, demand, forecast


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


def test_of_no_outcomes_nothing_is_said() -> None:
    none = pd.DataFrame(columns=["warehouse_id", "actual", "mean", "low", "high"])
    assert accuracy(none, "warehouse").empty
