"""The goods of the sample merchant."""

from data.sample.assemble import Merchant


def test_nothing_but_goods_is_sold(made: Merchant) -> None:
    departments = set(made.tables["products"]["category"].str.split("/").str[0])
    assert not departments & {"fuel", "miscellaneous", "coupon"}
    assert "grocery" in departments
    assert made.tables["orders"]["quantity"].max() < 200
