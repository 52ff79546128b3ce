"""Fixtures of the tests beside."""

import pytest

from models.recommendation import Recommender
from tests.models.recommendation.shoppers import shoppers


@pytest.fixture(scope="module")
def fitted() -> Recommender:
    return Recommender(factors=8).fit(shoppers())
