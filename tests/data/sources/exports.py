"""Made-up exports of shop systems, as those systems write them, from one small shop.

Three customers buy two of three products a day; one order is cancelled, one is returned. A longer
history has many customers and several orders a day, so that models can be trained on it.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

Row = Sequence[object]
PRODUCTS = {"=SKU-1": ("Tasse groß", 12.5), "SKU-2": ("Kanne", 1199.0), "007": ("Löffel", 3.0)}
CUSTOMERS = ("ada@example.com", "bob@example.com", "cy@example.com")
CANCELLED, RETURNED = 2, 4
FEW_DAYS = 60


@dataclass(frozen=True)
class Line:
    """One line of one order; `place` counts the orders, `line` the lines of one from 1."""

    place: int
    line: int
    sku: str
    quantity: int
    customer: str
    moment: datetime

    @property
    def title(self) -> str:
        return PRODUCTS[self.sku][0]

    @property
    def price(self) -> float:
        return PRODUCTS[self.sku][1]

    @property
    def state(self) -> str:
        return {CANCELLED: "cancelled", RETURNED: "returned"}.get(self.place, "placed")


def lines(days: int = 6) -> Iterator[Line]:
    """Two lines an order, one order a day."""
    start = datetime(2024, 5, 1, 9, 30, tzinfo=UTC)
    skus = list(PRODUCTS)
    a_day = 1 if days <= FEW_DAYS else 4
    for place in range(days * a_day):
        customer = CUSTOMERS[place % 3] if a_day == 1 else f"c{place * 7 % 40}@example.com"
        for line in (1, 2):
            sku = skus[(place + line) % len(skus)]
            moment = start + timedelta(days=place // a_day, minutes=place % a_day)
            yield Line(place, line, sku, line + place % 2, customer, moment)


def write(path: Path, rows: Sequence[Row], separator: str = ",", encoding: str = "utf-8") -> None:
    """Rows as a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def comma(amount: float) -> str:
    """1199.5 as `1.199,50`."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def shopify(folder: Path, days: int = 6) -> None:
    """Orders (values of the order on its first line only), products, inventory, customers."""
    header = [
        "Name",
        "Email",
        "Financial Status",
        "Paid at",
        "Currency",
        "Total",
        "Created at",
        "Lineitem quantity",
        "Lineitem name",
        "Lineitem price",
        "Lineitem sku",
        "Shipping Country",
        "Cancelled at",
        "Refunded Amount",
        "Id",
    ]
    rows: list[Row] = []
    for each in lines(days):
        paid = "refunded" if each.state == "returned" else "paid"
        made = f"{each.moment:%Y-%m-%d %H:%M:%S} +0000"
        top = [paid, made, "EUR", "50.00", made] if each.line == 1 else [""] * 5
        cancelled = made if each.state == "cancelled" and each.line == 1 else ""
        end = ["DE", cancelled, "0.00", str(9000 + each.place)] if each.line == 1 else [""] * 4
        item = [each.quantity, each.title, f"{each.price:.2f}", each.sku.replace("=", "'=")]
        rows.append([f"#{1001 + each.place}", each.customer, *top, *item, *end])
    write(folder / "orders_export_1.csv", [header, *rows])
    header = [
        "Handle",
        "Title",
        "Vendor",
        "Type",
        "Option1 Name",
        "Option1 Value",
        "Variant SKU",
        "Variant Price",
    ]
    rows = [
        [title.lower(), title, "Acme", "Küche", "Title", "Default Title", sku, price]
        for sku, (title, price) in PRODUCTS.items()
    ]
    image = ["kanne", "", "", "", "", "", "", ""]
    write(folder / "products_export_1.csv", [header, *rows, image])
    header = [
        "Handle",
        "Title",
        "Option1 Name",
        "Option1 Value",
        "SKU",
        "HS Code",
        "COO",
        "Location",
        "Committed",
        "On hand",
    ]
    rows = [
        [title.lower(), title, "Title", "Default Title", sku, "6912", "CN", "Berlin", 1, 9]
        for sku, (title, _) in PRODUCTS.items()
    ]
    write(folder / "inventory_export_1.csv", [header, *rows])
    people = [["1", "Ada", "A", mail, "DE", "5"] for mail in CUSTOMERS]
    header = [
        "Customer ID",
        "First Name",
        "Last Name",
        "Email",
        "Default Address Country Code",
        "Total Orders",
    ]
    write(folder / "customers_export.csv", [header, *people])


def amazon(folder: Path, days: int = 6) -> None:
    """The All Orders report (tabs, Western European) and a German transaction report."""
    header = [
        "amazon-order-id",
        "purchase-date",
        "order-status",
        "sales-channel",
        "product-name",
        "sku",
        "quantity",
        "currency",
        "item-price",
        "ship-country",
    ]
    states = {"cancelled": "Cancelled", "returned": "Shipped", "placed": "Shipped"}
    rows = [
        [
            f"302-{each.place}", f"{each.moment:%Y-%m-%dT%H:%M:%S}+00:00", states[each.state],
            "Amazon.de", each.title, each.sku, each.quantity, "EUR",
            f"{each.price * each.quantity:.2f}", "DE",
        ]
        for each in lines(days)
    ]  # fmt: skip
    write(folder / "250001.txt", [header, *rows], "\t", "cp1252")
    header = ["return-date", "order-id", "sku", "quantity", "reason"]
    returned = [
        [f"{each.moment + timedelta(days=3):%Y-%m-%dT%H:%M:%S}Z", f"302-{each.place}", each.sku,
         each.quantity, "UNWANTED_ITEM"]
        for each in lines(days)
        if each.state == "returned"
    ]  # fmt: skip
    write(folder / "returns.txt", [header, *returned], "\t")


def woocommerce(folder: Path, days: int = 6) -> None:
    """A German order export, one line an item, and the German product export."""
    header = [
        "Bestellnummer",
        "Bestellstatus",
        "Bestelldatum",
        "E-Mail (Rechnungsadresse)",
        "Ländercode (Rechnungsadresse)",
        "Artikelnummer",
        "Artikelname",
        "Menge",
        "Artikelpreis",
        "Gesamtsumme",
    ]
    states = {"cancelled": "Storniert", "returned": "Rückerstattet", "placed": "Abgeschlossen"}
    rows = [
        [
            5000 + each.place, states[each.state], f"{each.moment:%d.%m.%Y %H:%M}", each.customer,
            "DE", each.sku, each.title, each.quantity, f"{comma(each.price)} €", comma(50),
        ]
        for each in lines(days)
    ]  # fmt: skip
    write(folder / "orders.csv", [header, *rows], ";", "cp1252")
    header = [
        "ID",
        "Typ",
        "Artikelnummer",
        "Name",
        "Veröffentlicht",
        "Lager",
        "Regulärer Preis",
        "Kategorien",
    ]
    rows = [
        [place, "simple", sku, title, 1, 9, comma(price), "Küche > Geschirr, Neu"]
        for place, (sku, (title, price)) in enumerate(PRODUCTS.items())
    ]
    write(folder / "wc-product-export.csv", [header, *rows])


def magento(folder: Path, days: int = 6) -> None:
    """The tables sales_order and sales_order_item, and the catalogue export."""
    states = {"cancelled": "canceled", "returned": "closed", "placed": "complete"}
    orders: list[Row] = [
        [
            "entity_id",
            "increment_id",
            "created_at",
            "status",
            "order_currency_code",
            "customer_id",
            "customer_email",
            "grand_total",
        ]
    ]
    items: list[Row] = [
        ["item_id", "order_id", "parent_item_id", "sku", "name", "qty_ordered", "price"]
    ]
    for number, each in enumerate(lines(days)):
        if each.line == 1:
            made = f"{each.moment:%Y-%m-%d %H:%M:%S}"
            person = each.place % 3 if days <= FEW_DAYS else each.place * 7 % 40
            end = ["EUR", person, each.customer, "50.0000"]
            orders.append([each.place, f"{each.place:09}", made, states[each.state], *end])
        row = [number, each.place, "", each.sku, each.title, f"{each.quantity}.0000", each.price]
        items.append(row)
    items.append([99, 0, 1, "=SKU-1", "the simple one of a configurable", "1.0000", "0.0000"])
    write(folder / "sales_order.csv", orders)
    write(folder / "sales_order_item.csv", items)
    header = ["sku", "attribute_set_code", "product_type", "categories", "name", "price", "qty"]
    rows = [
        [sku, "Default", "simple", "Default Category/Gear,Default Category", title, price, 9]
        for sku, (title, price) in PRODUCTS.items()
    ]
    write(folder / "catalog_product.csv", [header, *rows])


def odoo(folder: Path, days: int = 6) -> None:
    """French sale orders with lines: the order's own columns stand in its first row only."""
    header = [
        "Référence de la commande", "Date de la commande", "Client", "Lignes de commande/Article",
        "Lignes de commande/Quantité", "Lignes de commande/Prix unitaire", "Devise", "Statut",
    ]  # fmt: skip
    states = {"cancelled": "Annulé", "returned": "Bon de commande", "placed": "Bon de commande"}
    rows = []
    for each in lines(days):
        top = [f"S{each.place:05}", f"{each.moment:%Y-%m-%d %H:%M:%S}", each.customer]
        end = ["EUR", states[each.state]]
        item = [f"[{each.sku}] {each.title}", f"{each.quantity},00", comma(each.price)]
        first = each.line == 1
        rows.append([*(top if first else ["", "", ""]), *item, *(end if first else ["", ""])])
    quotation = ["S99999", "2024-05-01 10:00:00", "ada", "[007] L", "1,00", "3,00", "EUR", "Devis"]
    write(folder / "sale.order.csv", [header, *rows, quotation])


def erpnext(folder: Path, days: int = 6) -> None:
    """Sales invoices with items, and the credit note of a returned one."""
    header = [
        "ID",
        "Customer",
        "Date",
        "Currency",
        "Status",
        "Return Against",
        "Item Code (Items)",
        "Item Name (Items)",
        "Quantity (Items)",
        "Rate (Items)",
        "Warehouse (Items)",
    ]
    states = {"cancelled": "Cancelled", "returned": "Credit Note Issued", "placed": "Paid"}
    rows = []
    for each in lines(days):
        top = [f"INV-{each.place}", each.customer, f"{each.moment:%Y-%m-%d}", "EUR"]
        top += [states[each.state], ""]
        item = [each.sku, each.title, each.quantity, each.price, "Stores - A"]
        rows.append([*(top if each.line == 1 else [""] * 6), *item])
    for each in lines(days):
        if each.state == "returned":
            top = [f"CN-{each.line}", each.customer, "2024-05-20", "EUR", "Return", "INV-4"]
            rows.append([*top, each.sku, each.title, -each.quantity, each.price, "Stores - A"])
    write(folder / "sales_invoice.csv", [header, *rows])


SYSTEMS = {
    "shopify": shopify,
    "amazon": amazon,
    "woocommerce": woocommerce,
    "magento": magento,
    "odoo": odoo,
    "erpnext": erpnext,
}
