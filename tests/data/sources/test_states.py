"""States that no mapping knows and rows that their state leaves out are told, all of them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from data.lake import Lake
from data.sources.ingesting import SourceReport
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


def woocommerce(folder: Path, states: Sequence[str]) -> SourceReport:
    """An export with one order a state, each of two lines."""
    rows = [
        f"{place},2024-03-01 10:00:00,{state},EUR,c{place},S{line},Vase,1,29.90,59.80"
        for place, state in enumerate(states)
        for line in (1, 2)
    ]
    head = "order_number,order_date,status,order_currency,customer_id,sku,item_name"
    (folder / "in").mkdir()
    (folder / "in" / "orders.csv").write_text(
        "\n".join([f"{head},quantity,item_price,order_total", *rows])
    )
    return take(Lake(folder / "lake"), folder / "in", "woocommerce", country="DE")


def test_every_unknown_state_is_told_the_rarest_too(tmp_path: Path) -> None:
    report = woocommerce(tmp_path, [*["Eins"] * 3, "Zwei", "Drei", "Vier", "Fünf", "Sechs"])
    (told,) = [text for text in report.assumed if "Eins (6)" in text]
    assert all(f"{state} (2)" in told for state in ("Zwei", "Drei", "Vier", "Fünf", "Sechs"))


def test_of_very_many_unknown_states_the_commonest_are_told(tmp_path: Path) -> None:
    report = woocommerce(tmp_path, [f"Stufe{number}" for number in range(53)])
    (told,) = [text for text in report.assumed if "Stufe" in text]
    assert told.count("Stufe") == 50
    assert ", and 3 more (a mapping" in told


def test_rows_that_their_state_leaves_out_are_told(tmp_path: Path) -> None:
    report = woocommerce(tmp_path, ["Completado", "Borrador", "Borrador", "Fallido"])
    assert "orders.csv: 6 rows are left out of orders: Borrador (4), Fallido (2)" in report.assumed
    assert "orders.csv: 4 rows are left out of payments: Borrador (4)" in report.assumed
    assert not any("placed where" in text for text in report.assumed)


SHOPIFY = {
    "paid": ("placed", "captured"),
    "partially_paid": ("placed", "captured"),
    "authorized": ("placed", "captured"),
    "partially_refunded": ("placed", "refunded"),
    "refunded": ("returned", "refunded"),
    "voided": ("cancelled", "declined"),
    "pending": ("placed", None),
    "expired": ("placed", None),
    "Storniert": ("cancelled", ""),
    "Reembolsado": ("returned", "refunded"),
    "Mislukt": (None, "declined"),
    "Zahlung ausstehend": ("placed", None),
    "결제 대기": ("placed", None),
    "Borrador": (None, None),
    "무효화됨": ("cancelled", ""),
    "결제됨": ("placed", "captured"),
    "Sonderfall": ("placed", "captured"),
    "Zurückgezogen": ("cancelled", ""),
}


def test_shopify_knows_states_in_words_and_its_own(tmp_path: Path) -> None:
    rows = [
        f"#{place},c{place}@x.org,{state},EUR,10,2024-05-01 10:00:00 +0000,1,Vase,10,S1"
        for place, state in enumerate(SHOPIFY)
    ]
    head = "Name,Email,Financial Status,Currency,Total,Created at"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "orders.csv").write_text(
        "\n".join([f"{head},Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku", *rows])
    )
    (tmp_path / "map.toml").write_text(
        'extends = "shopify"\n[words]\ncancelled = ["Zurückgezogen"]\n'
    )
    lake = Lake(tmp_path / "lake")
    report = take(lake, tmp_path / "in", str(tmp_path / "map.toml"), country="DE")
    orders = dict(lake.read("orders").set_index("order_id")["status"])
    paid = dict(lake.read("payments").set_index("order_id")["outcome"].fillna(""))
    found = {
        state: (orders.get(f"#{place}"), paid.get(f"#{place}"))
        for place, state in enumerate(SHOPIFY)
    }
    assert found == SHOPIFY
    (told,) = [text for text in report.assumed if text.startswith("orders.status")]
    assert told.startswith("orders.status is placed where orders.csv says Sonderfall (1) (")


@pytest.mark.parametrize(
    ("order", "item", "status"),
    [
        ("Shipped", "Shipped", "placed"),
        ("Shipped - Delivered to Buyer", "Shipped", "placed"),
        ("Shipped - Returned to Seller", "Shipped", "returned"),
        ("Shipped - Rejected by Buyer", "Shipped", "returned"),
        ("Shipped - Undeliverable", "Shipped", "returned"),
        ("Shipped - Lost in Transit", "Shipped", "cancelled"),
        ("Shipped - Damaged", "Shipped", "cancelled"),
        ("Shipped - Returned to Seller", "Cancelled", "cancelled"),
        ("", "Shipped - Returned to Seller", "returned"),
        ("Cancelled", "", "cancelled"),
    ],
)
def test_amazon_knows_what_became_of_a_parcel(
    tmp_path: Path, order: str, item: str, status: str
) -> None:
    (tmp_path / "in").mkdir()
    head = "amazon-order-id\tpurchase-date\torder-status\tsku\titem-status\tquantity\tcurrency"
    lines = [
        f"{head}\titem-price",
        f"1\t2025-01-01T10:05:00+00:00\t{order}\tA\t{item}\t2\tEUR\t19.98",
        "2\t2025-01-01T10:05:00+00:00\tPendiente\tA\tPendiente\t1\tEUR\t9.99",
    ]
    (tmp_path / "in" / "orders.txt").write_text("\n".join(lines))
    lake = Lake(tmp_path / "lake")
    report = take(lake, tmp_path / "in", "amazon", country="ES")
    orders = lake.read("orders")
    assert list(orders["status"]) == [status]
    returned = orders["returned_quantity"].sum() if "returned_quantity" in orders else 0
    assert returned == (2 if status == "returned" else 0)
    assert not any("placed where" in text for text in report.assumed)
    assert "orders.txt: 1 row is left out of orders: Pendiente (1)" in report.assumed
