"""Forecasts as they are told."""

from fastapi.testclient import TestClient

from tests.serving.http.forecasting.forecast_shop import ask


def test_levels_may_be_repeated_or_parted_by_commas(client: TestClient) -> None:
    assert ask(client, quantiles="0.1,0.9") == ask(client, quantiles=[0.1, 0.9])


def test_windows_grow_and_are_narrower_than_their_periods_added(client: TestClient) -> None:
    answer = ask(client, quantiles=[0.1, 0.9])
    assert [one["periods"] for one in answer["windows"]] == [1, 2, 3, 4, 5]
    width = sum(one["quantiles"]["0.9"] - one["quantiles"]["0.1"] for one in answer["periods"])
    last = answer["windows"][-1]["quantiles"]
    assert last["0.9"] - last["0.1"] < width
