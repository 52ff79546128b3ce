"""Fixtures of the tests beside."""

import pytest

from decisions.recommendation.build_index import build
from decisions.recommendation.product_index import ProductIndex
from decisions.runtime import Runtime
from tests.decisions.recommendation.small_index import NOW


@pytest.fixture(scope="module")
def index(small_shop: Runtime) -> ProductIndex:
    return build(small_shop, small_shop.release("recommendation"), NOW)
