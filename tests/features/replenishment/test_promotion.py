"""The promotion that runs or comes next."""

import pandas as pd
import pytest

from features.replenishment.promotion import planned

ROWS = pd.DataFrame({"warehouse_id": ["w", "x", "w"], "product_id": ["p", "p", "q"]})
NOW = pd.Series(pd.Timestamp("2024-05-10", tz="UTC"), index=ROWS.index)


def plan(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["warehouse_id", "product_id", "starts_on", "ends_on"])


def test_days_are_told_until_it_starts_and_its_last_day_is_over() -> None:
    found = planned(ROWS, plan(("w", "p", "2024-05-12", "2024-05-13")), NOW)
    assert found.loc[0, ["promotion_from", "promotion_until"]].tolist() == [2.0, 4.0]
    assert found.loc[1:, ["promotion_from", "promotion_until"]].isna().all().all()
    assert found["promotions_before"].tolist() == [0.0, 0.0, 0.0]


def test_one_of_every_warehouse_is_one_of_each() -> None:
    found = planned(ROWS, plan(("*", "p", "2024-05-09", "2024-05-10")), NOW)
    assert found["promotion_from"].tolist()[:2] == [-1.0, -1.0]
    assert found["promotion_until"].tolist()[:2] == [1.0, 1.0]


def test_the_nearest_counts_and_those_that_are_over_are_counted() -> None:
    rows = [
        ("w", "p", "2024-05-20", "2024-05-21"),
        ("*", "p", "2024-05-11", "2024-05-30"),
        ("w", "p", "2024-04-01", "2024-04-02"),
        ("w", "p", "2024-05-08", "2024-05-09"),
    ]
    found = planned(ROWS, plan(*rows), NOW)
    assert found.loc[0, "promotion_from"] == pytest.approx(1.0)
    assert found["promotions_before"].tolist() == [2.0, 0.0, 0.0]


def test_without_promotions_nothing_is_known_of_them() -> None:
    found = planned(ROWS, plan(), NOW)
    assert found["promotion_from"].isna().all()
    assert found["promotions_before"].tolist() == [0.0] * 3
