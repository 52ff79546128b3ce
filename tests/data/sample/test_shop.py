"""Orders of the sample merchant."""

from data.sample.assemble import Merchant


def test_every_order_is_shipped_by_a_warehouse_that_serves_its_market(made: Merchant) -> None:
    serves = made.tables["warehouses"].set_index("warehouse_id")["serves"].str.split("|")
    seen = made.tables["orders"].drop_duplicates(["warehouse_id", "market"])
    assert all(row.market in serves[row.warehouse_id] for row in seen.itertuples())
