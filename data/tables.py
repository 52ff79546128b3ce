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
    "rate",  # number in 0..5: a duty may be higher than the price
    "number",  # any finite number
    "flag",  # true or false
    "line",  # whole number >= 0
    "zone",  # IANA time zone, such as Europe/Berlin
    "hour",  # time of day, such as 14:30
]
Erasure = Literal["delete", "pseudonymize"]


@dataclass(frozen=True)
class Column:
    """One column of a table: its name, kind, whether it must be there, its allowed values."""

    name: str
    kind: Kind
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its columns, its key, and all that the house knows about its rows.

    known_at: the column that says when a row became known; a row is hidden from an as-of reading
        of an earlier time. None, or an empty field: known from the start (plans, master data).
    later: time column -> columns of the same row that became known only then; an as-of reading
        before that time sees them empty. A newer file without the time column does not say that
        they are not so: what was known stays. An empty field of that column says so.
    clock: time columns whose newest value says how late it is at the merchant; empty for tables
        without facts (master data, plans).
    optional_key: key columns that may be missing (filled with the default, so that the key is
        whole).
    any_of: columns of which at least one must be filled.
    defaults: what an empty field means, where it means something.
    implied: column -> (time column, value) pairs: the column, where it is empty or says its
        default, has the value of the first pair whose time is known by then.
    open_prefix: columns with this prefix are kept although not declared.
    personal: columns that lead to a person.
    erasure: what becomes of the rows of an erased customer: deleted, or kept with pseudonyms in
        the personal columns. None: no row belongs to one customer.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    known_at: str | None = None
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clock: tuple[str, ...] = ()
    optional_key: Mapping[str, str | int] = field(default_factory=dict)
    any_of: tuple[str, ...] = ()
    defaults: Mapping[str, str | float] = field(default_factory=dict)
    implied: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    open_prefix: str | None = None
    personal: tuple[str, ...] = ()
    erasure: Erasure | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The declared column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns a file must have."""
        return tuple(column.name for column in self.columns if column.required)

    def later_times(self, name: str) -> tuple[str, ...]:
        """The time columns with which a column of that name became known; none for most."""
        return tuple(moment for moment, columns in self.later.items() if name in columns)

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


# What to write into a required column of something that a merchant does not have.
WHERE_THERE_IS_NONE: Mapping[str, str] = {
    "warehouse_id": "a shop with one warehouse writes one name, such as main, in every row",
    "customer_id": "a guest gets an id of the order's own, such as guest-1001",
    "line_no": "orders of one line write 1",
}

EVERYWHERE = "*"  # in a key: every product, warehouse or market
EVENT_KINDS = ("impression", "click", "view", "cart", "uncart", "purchase", "hide", "unhide")
ORDER_STATUSES = ("placed", "cancelled", "returned")
AUTHENTICATIONS = ("none", "frictionless", "challenged", "failed")
PAYMENT_OUTCOMES = ("captured", "declined", "refunded")
# A bank says the first three; `review` is the word of the shop's own analyst.
CHARGEBACK_KINDS = ("chargeback", "early_warning", "dispute", "review")
RESOLUTIONS = ("open", "won", "lost")

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            "products",
            ("product_id",),
            _columns(
                "id: product_id* parent_id",
                "text: title category brand",
                "amount: price",
                "currency: currency",
                "amount: unit_cost weight_kg volume_m3",
                "text: hs_code",
                "country: origin_country",
                "date: launched_on discontinued_on",
            ),
        ),
        Table(
            "prices",
            ("product_id", "market", "valid_from"),
            _columns(
                "id: product_id*",
                "date: valid_from*",
                "amount: price*",
                "currency: currency*",
                "country: market",
            ),
            optional_key={"market": EVERYWHERE},
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
            clock=("signed_up_at",),
            personal=("customer_id", "email_hash"),
            erasure="delete",
        ),
        Table(
            "identities",
            ("visitor_id", "customer_id"),
            _columns("id: visitor_id* customer_id*", "time: linked_at*"),
            known_at="linked_at",
            clock=("linked_at",),
            personal=("visitor_id", "customer_id"),
            erasure="delete",
        ),
        Table(
            "warehouses",
            ("warehouse_id",),
            _columns(
                "id: warehouse_id*",
                "country: country*",
                "text: region serves",
                "zone: time_zone",
                "amount: capacity_units",
            ),
            defaults={"time_zone": "UTC"},
        ),
        Table(
            "closures",
            ("closure_id",),
            _columns(
                "id: closure_id*",
                "date: starts_on* ends_on*",
                "id: warehouse_id supplier_id",
                "text: reason",
                "time: announced_at",
            ),
            known_at="announced_at",
            any_of=("warehouse_id", "supplier_id"),
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
                "text: channel",
                "id: promotion_id",
                "text: status",
                "time: cancelled_at returned_at",
                "amount: returned_quantity",
                values={"status": ORDER_STATUSES},
            ),
            known_at="ordered_at",
            later={
                "cancelled_at": ("status", "cancelled_at"),
                "returned_at": ("status", "returned_at", "returned_quantity"),
            },
            clock=("ordered_at", "cancelled_at", "returned_at"),
            defaults={"status": "placed", "discount": 0.0},
            implied={"status": (("returned_at", "returned"), ("cancelled_at", "cancelled"))},
            personal=("customer_id",),
            erasure="pseudonymize",
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
            clock=("occurred_at",),
            any_of=("visitor_id", "customer_id"),
            personal=("visitor_id", "customer_id"),
            erasure="delete",
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
            clock=("observed_at",),
        ),
        Table(
            "suppliers",
            ("supplier_id",),
            _columns(
                "id: supplier_id*",
                "text: name",
                "country: country",
                "currency: currency",
                "zone: time_zone",
                "text: order_days",
                "hour: cut_off",
                "amount: minimum_order_value",
            ),
            defaults={"time_zone": "UTC"},
        ),
        Table(
            "supply_terms",
            ("warehouse_id", "product_id", "supplier_id", "valid_from"),
            _columns(
                "id: warehouse_id* product_id* supplier_id*",
                "amount: lead_time_days* lead_time_sd review_period_days min_order_quantity",
                "quantity: pack_size",
                "amount: max_order_quantity order_cost unit_cost",
                "currency: currency",
                "text: price_breaks",
                "rate: duty_rate",
                "amount: freight_per_unit holding_cost_rate stockout_cost",
                "share: service_level",
                "amount: display_minimum max_cover_days",
                "text: order_days",
                "flag: blocked",
                "date: valid_from",
            ),
            optional_key={"valid_from": "1970-01-01"},
            defaults={
                "pack_size": 1.0,
                "min_order_quantity": 0.0,
                "lead_time_sd": 0.0,
                "freight_per_unit": 0.0,
            },
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
                "time: closed_at cancelled_at",
                "id: reference",
            ),
            known_at="ordered_at",
            later={
                "received_at": ("received_at", "received_quantity"),
                "closed_at": ("closed_at",),
                "cancelled_at": ("cancelled_at",),
            },
            clock=("ordered_at", "received_at", "closed_at", "cancelled_at"),
        ),
        Table(
            "transfers",
            ("transfer_id", "line_no"),
            _columns(
                "id: transfer_id*",
                "line: line_no*",
                "id: from_warehouse_id* to_warehouse_id* product_id*",
                "quantity: quantity*",
                "time: sent_at* expected_at received_at cancelled_at",
                "id: reference",
            ),
            known_at="sent_at",
            later={"received_at": ("received_at",), "cancelled_at": ("cancelled_at",)},
            clock=("sent_at", "received_at", "cancelled_at"),
        ),
        Table(
            "promotions",
            ("promotion_id", "product_id", "category", "warehouse_id", "market"),
            _columns(
                "id: promotion_id* product_id",
                "text: category",
                "id: warehouse_id",
                "country: market",
                "date: starts_on* ends_on*",
                "share: discount",
                "text: kind",
            ),
            optional_key={
                "product_id": EVERYWHERE,
                "category": EVERYWHERE,
                "warehouse_id": EVERYWHERE,
                "market": EVERYWHERE,
            },
            any_of=("product_id", "category"),
        ),
        Table(
            "tariffs",
            ("hs_code", "origin_country", "destination_country", "valid_from"),
            _columns(
                "text: hs_code*",
                "country: destination_country*",
                "date: valid_from*",
                "rate: duty_rate*",
                "country: origin_country",
                "share: vat_rate",
                "amount: de_minimis",
                "currency: currency",
            ),
            optional_key={"origin_country": EVERYWHERE},
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
                "text: ip_address email_hash email_domain card_bin",
                "country: billing_country shipping_country ip_country",
                "flag: address_match",
                "text: channel authentication",
                "id: retry_of",
                "text: outcome",
                "time: outcome_at",
                "amount: refunded_amount",
                "time: received_at",  # when it was decided on: the order of payments of one time
                values={"authentication": AUTHENTICATIONS, "outcome": PAYMENT_OUTCOMES},
            ),
            known_at="attempted_at",
            later={"outcome_at": ("outcome", "outcome_at", "refunded_amount")},
            clock=("attempted_at", "outcome_at"),
            open_prefix="x_",
            personal=("customer_id", "card_id", "device_id", "ip_address", "email_hash"),
            erasure="pseudonymize",
        ),
        Table(
            "chargebacks",
            ("payment_id", "kind", "reported_at"),
            _columns(
                "id: payment_id*",
                "time: reported_at*",
                "flag: is_fraud*",
                "text: kind resolution",
                "time: resolved_at",
                "text: reason",
                values={"kind": CHARGEBACK_KINDS, "resolution": RESOLUTIONS},
            ),
            known_at="reported_at",
            later={"resolved_at": ("resolution", "resolved_at")},
            clock=("reported_at", "resolved_at"),
            optional_key={"kind": "chargeback"},
            defaults={"resolution": "open"},
        ),
        Table(
            "fx_rates",
            ("rate_date", "currency"),
            _columns("date: rate_date*", "currency: currency*", "quantity: rate*"),
            known_at="rate_date",
        ),
    )
}
