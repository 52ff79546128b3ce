"""Training on shops of every kind: it trains, or one sentence says what is missing."""

from pathlib import Path

import pandas as pd
import pytest

from data.lake import open_lake
from data.settings import Settings
from tests.decisions.customers.shop import orders_of, write_tables
from training.customers import RECIPE
from training.customers.recipe import priced_share
from training.job import Split
from training.run import open_context


def silent(text: str, share: float | None) -> None:
    del text, share


def lacking(home: Path, **tables: pd.DataFrame) -> list[str]:
    settings = Settings(home=home / "home", auth=False, use_cases=("customers",))
    open_lake(settings).ingest(write_tables(home / "tables", **tables))
    context = open_context(settings, None, {}, silent)
    return RECIPE.check(RECIPE.frame(context))


def test_guests_are_told_what_to_do(tmp_path: Path) -> None:
    orders = orders_of(60, 200)
    sentences = lacking(tmp_path, orders=orders.assign(customer_id="guest" + orders["order_id"]))
    assert len(sentences) == 1
    assert "with a second order: 0 of at least 10" in sentences[0]
    assert "e-mail hash" in sentences[0]


def test_a_first_week_is_told_when_to_come_back(tmp_path: Path) -> None:
    (sentence,) = lacking(tmp_path, orders=orders_of(40, 7))
    assert "train again in 5" in sentence


def test_payments_alone_are_no_orders(tmp_path: Path) -> None:
    payments = pd.DataFrame(
        {
            "payment_id": ["x"],
            "attempted_at": ["2024-01-01T00:00:00Z"],
            "customer_id": ["a"],
            "amount": [5.0],
            "currency": ["EUR"],
        }
    )
    assert lacking(tmp_path, payments=payments) == ["Nobody has ordered yet: ingest orders."]


def test_old_orders_without_a_rate_make_what_came_since_no_dearer() -> None:
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "origin": pd.Timestamp("2024-06-01", tz="UTC"),
            "repeat_orders": 9.0,
            "priced_orders": 4.0,
            "target_orders": [6.0, 2.0],
            "target_priced_orders": [6.0, 2.0],
        }
    )
    assert priced_share(rows) == 1.0
    assert priced_share(rows.assign(target_priced_orders=[3.0, 1.0])) == 0.5
    no_outcome = dict.fromkeys(("target_orders", "target_priced_orders"), float("nan"))
    assert priced_share(rows.assign(**no_outcome)) == 0.4


class Expecting:
    """A model that expects what stands in the frame."""

    def fit(self, frame: pd.DataFrame) -> "Expecting":
        del frame
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[["expected_margin"]]


@pytest.mark.parametrize(
    ("margins", "champions"), [([20.0] * 40 + [20.5] * 60, 0), ([20.0] * 90 + [200.0] * 10, 10)]
)
def test_where_all_bring_about_the_same_nobody_is_a_champion(
    margins: list[float], champions: int
) -> None:
    cut = pd.Timestamp("2024-06-01", tz="UTC")
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(len(margins))],
            "origin": cut,
            "expected_margin": margins,
            "mean_gap_days": 30.0,
            "units_an_order": 1.0,
            "repeat_orders": 5.0,
            "priced_orders": 6.0,
            "target_orders": 1.0,
            "target_priced_orders": 1.0,
        }
    )
    assert RECIPE.policy is not None
    found = RECIPE.policy(Expecting(), Split(rows, rows, cut), None)  # type: ignore[arg-type]  # it reads no context
    assert (rows["expected_margin"] >= found["champion_margin"]).sum() == champions


@pytest.mark.slow
def test_one_customer_is_too_few(tmp_path: Path) -> None:
    orders = orders_of(60, 300).assign(customer_id="only")
    (sentence,) = lacking(tmp_path, orders=orders)
    assert sentence.startswith("Customers in `orders`: 1 of at least 30")
