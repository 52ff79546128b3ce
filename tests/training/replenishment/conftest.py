"""Fixtures of the tests beside."""

from datetime import timedelta

import pandas as pd
import pytest

from data.lake import Lake
from data.settings import Settings
from features import forecasting
from features.replenishment import SERVICE, VIEWS
from features.store import Store
from tests.training.replenishment.history import AS_OF, FIRST, WEEKS, forecasts, tables
from training.job import Context
from training.replenishment import RECIPE


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    settings = Settings(home=tmp_path_factory.mktemp("home"), auth=False)
    lake = Lake(settings.lake)
    for name, frame in tables().items():
        lake.append(name, frame)
    store = Store(
        settings, lake, views=(*forecasting.VIEWS, *VIEWS), services={"replenishment": SERVICE}
    )
    store.ensure(AS_OF)
    store.write("forecast", forecasts([FIRST + timedelta(weeks=n) for n in range(12, WEEKS + 1)]))
    return Context(settings, lake, store, AS_OF, {}, progress=lambda text: None)


@pytest.fixture(scope="module")
def frame(context: Context) -> pd.DataFrame:
    return RECIPE.frame(context)
