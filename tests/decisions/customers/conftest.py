"""Fixtures of the tests beside."""

import pandas as pd
import pytest

from decisions.batch import score_use_case
from decisions.runtime import Runtime
from tests.decisions.customers.quiet import silent
from tests.decisions.customers.shop import trained_shop


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    live = Runtime(trained_shop())
    live.refresh()
    return live


@pytest.fixture(scope="module")
def scored() -> pd.DataFrame:
    return score_use_case(trained_shop(), "customers", None, {"horizon": 90}, silent)
