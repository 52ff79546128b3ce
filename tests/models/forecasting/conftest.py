"""Fixtures of the tests beside."""

import pytest

from models.forecasting import Forecaster
from tests.models.forecasting.series import SMALL, shop


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return Forecaster(**SMALL).fit(shop())
