"""The sample merchant put together."""

from pathlib import Path

import pandas as pd

from data.sample import merchant
from data.sample.assemble import Merchant
from data.sample.plan import PLANS


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


def test_customers_exist_before_they_order_or_pay(made: Merchant, payments: pd.DataFrame) -> None:
    signed = made.tables["customers"].set_index("customer_id")["signed_up_at"]
    assert (payments["customer_id"].map(signed) < payments["attempted_at"]).all()
    assert made.tables["orders"]["customer_id"].isin(signed.index).all()
    known = made.tables["customers"]["segment"].dropna().unique()
    assert set(known) == {"family", "senior", "single", "couple"}


def test_the_year_ends_in_the_middle_of_life(made: Merchant, orders: pd.DataFrame) -> None:
    end = orders["ordered_at"].max()
    sent = made.tables["purchase_orders"]
    still_out = sent[sent["received_at"].isna()]
    assert (still_out["expected_at"] > end).sum() > 10
    assert (sent["received_at"].dropna() <= end).all()
    assert (sent["received_quantity"] < sent["quantity"]).any()
    last = made.tables["stock"][made.tables["stock"]["observed_at"] == end]
    assert 0 < (last["on_hand"] == 0).sum() < 0.1 * len(last)
