"""Shops drawn at random keep the contract; `make shops` asks two hundred of them."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.merchants.at_random import random_shop, shops
from tests.merchants.contract import check
from tests.merchants.shops import Shop, tables_of
from tests.merchants.visiting import move_in

COUNT = int(os.environ.get("ARGOSY_TEST_SHOPS", "3"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(COUNT))
def test_a_random_shop_keeps_the_contract(seed: int, tmp_path: Path, empty_home: Path) -> None:
    check(move_in(random_shop(seed), tmp_path, empty_home=empty_home))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shops())
def test_the_generator_makes_the_same_tables_again(shop: Shop) -> None:
    first, again = tables_of(shop), tables_of(shop)
    assert set(first) == set(shop.tables)
    assert all(first[name].equals(again[name]) for name in first)
