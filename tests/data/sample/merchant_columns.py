"""Small data for the tests beside."""

PAIR = ["warehouse_id", "product_id"]
