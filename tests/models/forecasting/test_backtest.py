"""The back test knows no more than was known then."""

import pytest

from models.forecasting import Forecaster, forecaster
from models.forecasting.boosted import Boosted, Sample
from models.forecasting.panel import DemandPanel
from tests.models.forecasting.series import SMALL, shop


def test_the_back_test_asks_no_model_that_knows_more_than_was_known_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[Boosted, int]] = []
    asked: list[tuple[int, int]] = []
    plain, point_forecast = forecaster.boost, Boosted.point_forecast

    def boost(learned: Sample, *given) -> Boosted | None:
        found = plain(learned, *given)
        made.append((found, learned.end))
        return found

    def watched(self: Boosted, known: DemandPanel, origin: int, *given):
        asked.extend((now, origin) for one, now in made if one is self)
        return point_forecast(self, known, origin, *given)

    monkeypatch.setattr(forecaster, "boost", boost)
    monkeypatch.setattr(Boosted, "point_forecast", watched)
    Forecaster(**SMALL).fit(shop())
    assert all(now <= origin for now, origin in asked)
    assert len({now for now, _ in asked}) == forecaster.REFITS
