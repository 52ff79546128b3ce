"""What a source does not say, or says in words of its own, is told."""

from pathlib import Path

from data.lake import Lake
from tests.data.sources.taking import take

STATES = {
    "1": "In Bearbeitung",
    "2": "Storniert",
    "3": "Zahlung ausstehend",
    "4": "Fehlgeschlagen",
    "5": "Erstattet",
    "6": "Wiedervorlage",
}


def test_a_state_that_no_mapping_knows_is_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    rows = [
        f"{number},2024-03-0{number} 10:00:00,{state},EUR,{number},29.90,"
        "name:Vase|sku:V1|quantity:1|total:29.90|sub_total:29.90"
        for number, state in STATES.items()
    ]
    head = "order_number,order_date,status,order_currency,customer_id,order_total,line_item_1"
    (tmp_path / "in" / "orders.csv").write_text("\n".join([head, *rows]))
    lake = Lake(tmp_path / "lake")
    report = take(lake, tmp_path / "in", "woocommerce", country="DE")
    assert report.ingest.ok
    orders = lake.read("orders").set_index("order_id")["status"]
    assert dict(orders) == {"1": "placed", "2": "cancelled", "5": "returned", "6": "placed"}
    paid = lake.read("payments").set_index("order_id")["outcome"].fillna("")
    told_paid = {"1": "captured", "2": "", "4": "declined", "5": "refunded", "6": "captured"}
    assert dict(paid) == told_paid
    (told,) = [text for text in report.assumed if "Wiedervorlage" in text]
    assert told.startswith("orders.status is placed where orders.csv says Wiedervorlage (1)")
