"""What must be true of single shops, said by hand."""

from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake
from data.settings import Settings
from features.store import Store
from tests.merchants.named import SHOPS
from tests.merchants.visiting import Home, move_in, variables


@pytest.fixture
def moved(tmp_path: Path, request: pytest.FixtureRequest, empty_home: Path) -> Home:
    """The shop of the test's parameter, its tables ingested."""
    (shop,) = [one for one in SHOPS if one.name == request.param]
    return move_in(shop, tmp_path, empty_home=empty_home)


def lake_of(home: Home) -> Lake:
    return Lake(home.folder / "home" / "lake")


@pytest.mark.parametrize("moved", ["counted after the last order"], indirect=True)
def test_a_count_after_the_last_order_is_what_is_on_the_shelf(moved: Home) -> None:
    counted = moved.tables["stock"]["observed_at"].max()
    lake = lake_of(moved)
    assert lake.clock() == counted
    assert moved.argosy("materialize").code == 0
    store = Store(Settings(home=moved.folder / "home", auth=False), lake)
    held = store.latest("stock_position", counted.to_pydatetime())
    pairs = moved.tables["stock"][["warehouse_id", "product_id"]]
    shelf = held.merge(pairs, on=["warehouse_id", "product_id"])["on_hand"]
    assert set(shelf) == {7.0}


@pytest.mark.parametrize("moved", ["odd ids"], indirect=True)
def test_odd_ids_are_kept_as_they_are(moved: Home) -> None:
    lake = lake_of(moved)
    for table, column in (("products", "product_id"), ("orders", "customer_id")):
        assert set(lake.read(table)[column]) == set(moved.tables[table][column]), table


@pytest.mark.parametrize("moved", ["late files"], indirect=True)
def test_late_and_corrected_lines_end_as_the_last_file_says(moved: Home) -> None:
    columns = ["order_id", "unit_price"]
    kept = lake_of(moved).read("orders")[columns].sort_values("order_id", ignore_index=True)
    told = moved.tables["orders"][columns].sort_values("order_id", ignore_index=True)
    pd.testing.assert_frame_equal(kept, told)


@pytest.mark.parametrize("moved", ["dirty"], indirect=True)
def test_bad_lines_are_in_quarantine_and_the_others_in(moved: Home) -> None:
    orders = moved.tables["orders"]
    bad = int((orders["currency"] == "???").sum())
    lake = lake_of(moved)
    assert moved.answers[0].code == 3
    assert len(lake.quarantine("orders")) == bad > 0
    assert len(lake.read("orders")) == len(orders) - bad


@pytest.mark.parametrize("moved", ["pounds, settings untouched"], indirect=True)
def test_a_shop_in_pounds_is_asked_for_its_currency(moved: Home) -> None:
    assert "set ARGOSY_BASE_CURRENCY=GBP" in moved.answers[0].err


@pytest.mark.parametrize("moved", ["kuna, then euro"], indirect=True)
def test_a_withdrawn_currency_comes_in_whole(moved: Home) -> None:
    assert moved.answers[0].code == 0, moved.answers[0].err
    kept = lake_of(moved).read("orders")
    assert set(kept["currency"]) == {"HRK", "EUR"}
    assert len(kept) == len(moved.tables["orders"])


@pytest.mark.parametrize("moved", ["ten orders"], indirect=True)
def test_a_shop_of_ten_orders_is_foretold_by_what_it_sold(moved: Home) -> None:
    from fastapi.testclient import TestClient

    from data.environment import load_settings
    from serving.http.app import create_app

    assert moved.argosy("materialize").code == 0
    sold = moved.tables["orders"].groupby(["warehouse_id", "product_id"])["quantity"].sum()
    pair = dict(zip(sold.index.names, sold.idxmax(), strict=True))
    with variables(moved.environment), TestClient(create_app(load_settings())) as client:
        answer = client.get("/v1/forecasts", params=pair)
    assert answer.status_code == 200, answer.text
    assert answer.json()["served_by"] == "recent_sales"
    assert 0 < answer.json()["periods"][0]["mean"] <= 10


@pytest.mark.parametrize("moved", ["fashion"], indirect=True)
def test_returns_are_hidden_until_they_came_back(moved: Home) -> None:
    orders = moved.tables["orders"]
    first = orders.loc[orders["returned_at"].notna(), "returned_at"].min()
    before = lake_of(moved).read("orders", as_of=(first - pd.Timedelta(seconds=1)).to_pydatetime())
    assert set(before["status"]) == {"placed"}
    after = lake_of(moved).read("orders")
    assert (after["status"] == "returned").sum() == (orders["status"] == "returned").sum()
