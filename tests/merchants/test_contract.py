"""Every named shop keeps the contract: no traceback, every use case trains or says what it lacks."""

from pathlib import Path

import pytest

from tests.merchants.contract import check, check_words
from tests.merchants.named import SHOPS
from tests.merchants.shops import Shop
from tests.merchants.visiting import move_in

# Trained in every run of the tests; the others, which take longer, in CI.
QUICK = {
    "payments only",
    "two payments",
    "events only",
    "products only",
    "stock only",
    "one order",
    "first week",
    "one customer",
}


def _marked(shop: Shop) -> object:
    marks = () if shop.name in QUICK else pytest.mark.slow
    return pytest.param(shop, id=shop.name, marks=marks)


@pytest.mark.parametrize("shop", [_marked(shop) for shop in SHOPS])
def test_a_shop_keeps_the_contract(shop: Shop, tmp_path: Path) -> None:
    check(move_in(shop, tmp_path))


@pytest.mark.parametrize("shop", [shop for shop in SHOPS if shop.name not in QUICK], ids=str)
def test_the_tables_of_a_shop_go_in_and_become_features(shop: Shop, tmp_path: Path) -> None:
    home = move_in(shop, tmp_path)
    for command in (["status"], ["materialize"]):
        answer = home.argosy(*command)
        check_words(answer)
        assert answer.code == 0, answer.err
    for answer in home.answers:
        check_words(answer)
