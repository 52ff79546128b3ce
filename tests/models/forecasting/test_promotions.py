"""Promotions by kind and announced prices: each has the effect that its history shows."""

import json

import numpy as np
import pandas as pd
import pytest

from models.forecasting.panel import DemandPanel, panel
from models.forecasting.seasonal import seasonal_level, structure

DAYS, AHEAD = 280, 14


def shop(
    kinds: list[dict[str, float]], lifts: dict[str, float], *, base: float = 25.0, series: int = 3
) -> pd.DataFrame:
    """Daily Poisson demand; kinds: by day, kind -> share, of history and AHEAD days to come."""
    random = np.random.default_rng(7)
    dates = pd.date_range("2024-01-01", periods=len(kinds), freq="D").strftime("%Y-%m-%d")
    lift = np.array([np.prod([lifts[one] for one in day]) if day else 1.0 for day in kinds])
    steps = np.arange(len(kinds)) - (len(kinds) - AHEAD) + 1
    parts = [
        pd.DataFrame(
            {
                "warehouse_id": "w",
                "product_id": f"p{number}",
                "period_start": dates,
                "frequency": "day",
                "quantity": np.where(steps > 0, np.nan, random.poisson(base * lift)),
                "promotion": [1.0 if day else 0.0 for day in kinds],
                "promotion_discount": [0.2 if day else 0.0 for day in kinds],
                "promotion_kinds": [json.dumps(day) if day else None for day in kinds],
                "horizon": np.maximum(steps, 0),
            }
        )
        for number in range(series)
    ]
    return pd.concat(parts, ignore_index=True)


def forecast(frame: pd.DataFrame) -> np.ndarray:
    return seasonal_level(panel(frame, horizon=AHEAD), AHEAD).mean(axis=0)


def test_a_flash_sale_and_a_newsletter_of_one_discount_have_effects_of_their_own() -> None:
    kinds: list[dict[str, float]] = [{} for _ in range(DAYS + AHEAD)]
    for day in range(10, DAYS, 23):
        kinds[day] = {"flash": 1.0}
    for day in range(4, DAYS, 17):
        kinds[day] = {"newsletter": 1.0}
    kinds[DAYS + 3], kinds[DAYS + 9] = {"flash": 1.0}, {"newsletter": 1.0}
    answer = forecast(shop(kinds, {"flash": 4.0, "newsletter": 1.0}))
    assert answer[3] == pytest.approx(100, rel=0.15)
    assert answer[9] == pytest.approx(25, rel=0.15)
    assert answer[6] == pytest.approx(25, rel=0.15)


def test_a_kind_never_seen_does_what_the_others_do() -> None:
    kinds: list[dict[str, float]] = [{} for _ in range(DAYS + AHEAD)]
    for day in range(10, DAYS, 9):
        kinds[day] = {"leaflet": 1.0}
    kinds[DAYS + 3] = {"television": 1.0}
    answer = forecast(shop(kinds, {"leaflet": 2.0, "television": 2.0}))
    assert answer[3] == pytest.approx(50, rel=0.2)


def test_days_on_which_nothing_is_ever_sold_are_forecast_as_nothing() -> None:
    kinds: list[dict[str, float]] = [{} for _ in range(DAYS + AHEAD)]
    for day in range(10, DAYS, 31):
        kinds[day] = {"stocktaking": 1.0}
    kinds[DAYS + 3] = {"stocktaking": 1.0}
    answer = forecast(shop(kinds, {"stocktaking": 0.0}))
    assert answer[3] < 1
    assert answer[6] == pytest.approx(25, rel=0.15)


def priced(now: float) -> DemandPanel:
    """Weekly demand that falls by the square of a price between 8 and 12; `now` is the next."""
    random = np.random.default_rng(3)
    price = np.append(random.choice([8.0, 9.0, 10.0, 11.0, 12.0], 100), [now] * 4)
    demand = random.poisson(200 * (price / 10) ** -2.0).astype(float)
    dates = pd.date_range("2022-01-03", periods=104, freq="7D").strftime("%Y-%m-%d")
    frame = pd.DataFrame(
        {
            "warehouse_id": "w",
            "product_id": "p",
            "period_start": dates,
            "frequency": "week",
            "quantity": np.where(np.arange(104) < 100, demand, np.nan),
            "list_price": price,
            "horizon": np.maximum(np.arange(104) - 99, 0),
        }
    )
    return panel(frame, horizon=4)


@pytest.mark.parametrize("price", [8.0, 10.0, 12.0])
def test_an_announced_price_moves_demand_as_prices_did(price: float) -> None:
    answer = seasonal_level(priced(price), 4)[0]
    assert answer.mean() == pytest.approx(200 * (price / 10) ** -2.0, rel=0.12)


def marked(*, drifts: float, stronger: float, seed: int = 3) -> pd.DataFrame:
    """Twenty weekly series; a mark-down in most weeks of the last year lifts every second one."""
    random = np.random.default_rng(seed)
    weeks = pd.date_range("2021-01-04", periods=116, freq="7D").strftime("%Y-%m-%d")
    parts = []
    for series in range(20):
        on = (np.arange(116) >= 70) & (random.random(116) < 0.6)
        lift = np.where(on & (series % 2 == 0), stronger, 1.0)
        level = 1000 * np.exp(np.cumsum(random.normal(0, drifts, 116)))
        parts.append(
            pd.DataFrame(
                {
                    "warehouse_id": "w",
                    "product_id": f"p{series}",
                    "period_start": weeks,
                    "frequency": "week",
                    "quantity": level * lift * np.exp(random.normal(0, 0.05, 116)),
                    "promotion": on * 1.0,
                    "promotion_kinds": np.where(on, '{"mark-down": 1}', None),
                    "horizon": np.maximum(np.arange(116) - 103.0, 0.0),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_a_level_that_drifts_is_no_reaction_to_promotions() -> None:
    past = panel(marked(drifts=0.02, stronger=1.0), horizon=12)
    found = structure(past.at(past.now)).effects
    assert found is not None
    ahead = np.log(found.promotion[:, past.now :])
    assert ahead.std() < 0.03
    assert abs(ahead.mean()) < 0.05


def test_series_that_react_differently_keep_their_own_reaction() -> None:
    past = panel(marked(drifts=0.005, stronger=2.0), horizon=12)
    found = structure(past.at(past.now)).effects
    assert found is not None
    on = past.promotion[:, past.now :] > 0
    factor = np.where(on, found.promotion[:, past.now :], np.nan)
    react = np.arange(20) % 2 == 0
    # Twice; a mark-down that is on more often than not is told from the level step by step.
    assert np.nanmean(factor[react]) > 1.5 * np.nanmean(factor[~react])
    assert np.nanmean(factor[~react]) == pytest.approx(1.0, rel=0.15)
