"""Every named shop keeps the contract: no traceback; each use case trains or says what it lacks."""

import os
from pathlib import Path

import pytest

from tests.merchants.contract import check, check_words
from tests.merchants.named import SHOPS
from tests.merchants.shops import Shop
from tests.merchants.visiting import move_in

# The quickest run with the fast tests, a share of the others with the slow ones, all of them by
# `make shops`.
QUICK = {"two payments", "stock only"}
SMALL = {"events only", "products only", "one order", "first week", "payments only"}
IN_CI = {"everything", "customers without payments", "odd ids", "fashion", *SMALL}
FEATURES_IN_CI = {
    "everything",
    "odd ids",
    "late files",
    "Auckland",
    "two currencies without a rate",
}
EVERY_SHOP = "ARGOSY_TEST_SHOPS" in os.environ


def _marked(shop: Shop) -> object:
    marks = () if shop.name in QUICK else pytest.mark.slow
    return pytest.param(shop, id=shop.name, marks=marks)


ASKED = [shop for shop in SHOPS if EVERY_SHOP or shop.name in QUICK | IN_CI]
OTHERS = [
    shop
    for shop in SHOPS
    if (EVERY_SHOP and shop.name not in QUICK | IN_CI) or shop.name in FEATURES_IN_CI
]


@pytest.mark.parametrize("shop", [_marked(shop) for shop in ASKED])
def test_a_shop_keeps_the_contract(shop: Shop, tmp_path: Path, empty_home: Path) -> None:
    check(move_in(shop, tmp_path, empty_home=empty_home))


@pytest.mark.slow
@pytest.mark.parametrize("shop", [pytest.param(shop, id=shop.name) for shop in OTHERS])
def test_the_tables_of_a_shop_become_features(shop: Shop, tmp_path: Path, empty_home: Path) -> None:
    home = move_in(shop, tmp_path, empty_home=empty_home)
    assert home.argosy("materialize").code == 0, home.answers[-1].err
    for answer in home.answers:
        check_words(answer)


def test_at_least_25_shops_are_named_once() -> None:
    assert len({shop.name for shop in SHOPS}) == len(SHOPS) >= 25
