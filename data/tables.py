"""The contracts of the tables a merchant brings, each declared once.

Column names, types, keys and the moment a row became known stand here and nowhere else; ingest,
the feature store, the models and the HTTP schemas read them from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "id",  # string of 1..128 characters
    "text",  # any string
    "time",  # UTC timestamp
    "date",  # calendar day, kept as midnight UTC
    "country",  # ISO 3166-1 alpha-2
    "currency",  # ISO 4217
    "quantity",  # positive number (weights too)
    "amount",  # number >= 0: money, days, capacities
    "share",  # number in 0..1
    "number",  # any finite number
    "flag",  # true or false
    "line",  # whole number >= 0
]


@dataclass(frozen=True)
class Column:
    """One column of a table: its name, kind, whether it must be there, its allowed values."""

    name: str
    kind: Kind
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its columns, key, and when its facts became known.

    known_at: the column that says when a row became known; a row is hidden from an as-of reading
        of an earlier time. None: known from the start (plans, master data).
    later: columns that became known only at the time in another column of the same row; an as-of
        reading before that time sees them empty.
    optional_key: key columns that may be missing (filled with `default`, so that the key is whole).
    open_prefix: columns with this prefix are kept although not declared.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    known_at: str | None = None
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional_key: Mapping[str, str | int] = field(default_factory=dict)
    any_of: tuple[str, ...] = ()
    open_prefix: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The declared column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns a file must have."""
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column:
        """The declared column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def _columns(
    *specs: str, values: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[Column, ...]:
    """Columns from `kind: name* name` lines; `*` marks a required column; order is kept."""
    allowed = values or {}
    columns: list[Column] = []
    for spec in specs:
        kind, names = spec.split(":")
        for marked in names.split():
            name = marked.rstrip("*")
            columns.append(
                Column(name, kind, marked.endswith("*"), allowed.get(name, ()))  # type: ignore[arg-type]  # the kind is checked by a test
            )
    return tuple(columns)


EVENT_KINDS = ("impression", "view", "cart", "purchase", "hide")
ORDER_STATUSES = ("placed", "cancelled", "returned")
PAYMENT_OUTCOMES = ("captured", "declined", "refunded")

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            "products",
            ("product_id",),
            _columns(
                "id: product_id*",
                "text: title category brand",
                "amount: price",
                "currency: currency",
                "amount: unit_cost weight_kg volume_m3",
                "text: hs_code",
                "date: launched_on discontinued_on",
            ),
        ),
        Table(
            "customers",
            ("customer_id",),
            _columns(
                "id: customer_id*",
                "time: signed_up_at",
                "country: country",
                "text: segment email_hash",
            ),
            known_at="signed_up_at",
        ),
        Table(
            "warehouses",
            ("warehouse_id",),
            _columns(
                "id: warehouse_id*",
                "country: country*",
                "text: region serves",
                "amount: capacity_units",
            ),
        ),
        Table(
            "orders",
            ("order_id", "line_no"),
            _columns(
                "id: order_id*",
                "line: line_no*",
                "time: ordered_at*",
                "id: customer_id* product_id* warehouse_id*",
                "quantity: quantity*",
                "amount: unit_price*",
                "currency: currency*",
                "amount: discount",
                "country: market",
                "text: status",
                "id: promotion_id",
                values={"status": ORDER_STATUSES},
            ),
            known_at="ordered_at",
        ),
        Table(
            "events",
            ("event_id",),
            _columns(
                "id: event_id*",
                "time: occurred_at*",
                "text: kind*",
                "id: product_id* visitor_id customer_id",
                "country: market",
                "text: placement",
                "id: recommendation_id",
                values={"kind": EVENT_KINDS},
            ),
            known_at="occurred_at",
            any_of=("visitor_id", "customer_id"),
        ),
        Table(
            "stock",
            ("observed_at", "warehouse_id", "product_id"),
            _columns(
                "time: observed_at*",
                "id: warehouse_id* product_id*",
                "number: on_hand* reserved",
            ),
            known_at="observed_at",
        ),
        Table(
            "purchase_orders",
            ("po_id", "line_no"),
            _columns(
                "id: po_id*",
                "line: line_no*",
                "id: warehouse_id* product_id* supplier_id*",
                "time: ordered_at*",
                "quantity: quantity*",
                "time: expected_at received_at",
                "amount: received_quantity",
            ),
            known_at="ordered_at",
            later={"received_at": ("received_at", "received_quantity")},
        ),
        Table(
            "supply_terms",
            ("warehouse_id", "product_id", "supplier_id", "valid_from"),
            _columns(
                "id: warehouse_id* product_id* supplier_id*",
                "amount: lead_time_days* lead_time_sd review_period_days min_order_quantity",
                "quantity: pack_size",
                "amount: order_cost unit_cost",
                "currency: currency",
                "text: price_breaks",
                "share: duty_rate",
                "amount: freight_per_unit holding_cost_rate stockout_cost",
                "share: service_level",
                "amount: display_minimum",
                "text: order_days",
                "flag: blocked",
                "date: valid_from",
            ),
            known_at="valid_from",
            optional_key={"valid_from": "1970-01-01"},
        ),
        Table(
            "promotions",
            ("promotion_id", "product_id", "warehouse_id"),
            _columns(
                "id: promotion_id* product_id* warehouse_id",
                "date: starts_on* ends_on*",
                "share: discount",
                "text: kind",
            ),
            optional_key={"warehouse_id": "*"},
        ),
        Table(
            "payments",
            ("payment_id",),
            _columns(
                "id: payment_id*",
                "time: attempted_at*",
                "id: customer_id*",
                "amount: amount*",
                "currency: currency*",
                "id: order_id card_id device_id",
                "text: ip_address email_hash",
                "country: billing_country shipping_country ip_country",
                "flag: address_match",
                "text: channel outcome",
                values={"outcome": PAYMENT_OUTCOMES},
            ),
            known_at="attempted_at",
            open_prefix="x_",
        ),
        Table(
            "chargebacks",
            ("payment_id", "reported_at"),
            _columns("id: payment_id*", "time: reported_at*", "flag: is_fraud*", "text: reason"),
            known_at="reported_at",
        ),
        Table(
            "fx_rates",
            ("rate_date", "currency"),
            _columns("date: rate_date*", "currency: currency*", "quantity: rate*"),
            known_at="rate_date",
        ),
    )
}
