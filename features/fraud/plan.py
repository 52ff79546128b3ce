"""Which velocities a payment is judged by: the frozen list both drivers read."""

from collections.abc import Mapping

from features.windows import Aggregate, Key, Streak, Velocity, VelocityPlan

CUSTOMER, CARD, DEVICE = "customer_id", "card_id", "device_id"
IP, EMAIL, SHIP_TO = "ip_address", "email_hash", "shipping_country"

KEYS = (
    Key("customer", (CUSTOMER,), (CARD, DEVICE, IP, SHIP_TO)),
    Key("card", (CARD,), (CUSTOMER, DEVICE, IP, SHIP_TO)),
    Key("device", (DEVICE,), (CUSTOMER, CARD)),
    Key("ip", (IP,), (CUSTOMER, CARD)),
    Key("email", (EMAIL,), (CUSTOMER, CARD)),
    Key("customer_card", (CUSTOMER, CARD)),
    Key("customer_device", (CUSTOMER, DEVICE)),
    Key("customer_ship_to", (CUSTOMER, SHIP_TO)),
    Key("customer_email", (CUSTOMER, EMAIL)),
    Key("card_email", (CARD, EMAIL)),
    Key("card_ship_to", (CARD, SHIP_TO)),
)
_OF_SHOP: dict[Aggregate, tuple[str, ...]] = {
    "count": ("1h", "1d", "30d"),
    "declines": ("1h", "1d", "30d"),
}
# Everything in the shop, and all cards of one range and of one network: what an attack spread over
# cards, devices and addresses is seen by. Rules read them; no model does.
SHOP = Key("shop", ("shop",))
BIN = Key("bin", ("bin",), (CARD,), most=8)
NETWORK = Key("network", ("ip_network",), (CARD,), most=8)
_OF_RANGE: dict[Aggregate, tuple[str, ...]] = {
    "count": ("1h",),
    "declines": ("1h", "ever"),
    "since_first": ("ever",),
}
SINGLE = ("customer", "card", "device", "ip", "email")
_PLURAL = {CUSTOMER: "customers", CARD: "cards", DEVICE: "devices", IP: "ips", SHIP_TO: "countries"}

_WINDOWS: dict[Aggregate, tuple[str, ...]] = {
    "count": ("1m", "1h", "1d", "7d", "30d", "ever"),
    "amount": ("1h", "1d", "7d", "30d", "ever"),
    "declines": ("1h", "1d", "30d"),
    "frauds": ("7d", "30d", "ever"),
    "log_amount": ("ever",),
    "log_amount_squared": ("ever",),
    "since_last": ("ever",),
    "since_first": ("ever",),
    "since_fraud": ("ever",),
    "payments_since_fraud": ("ever",),
    "since_first_fraud": ("30d",),
}


def _name(key: str, aggregate: str, window: str) -> str:
    return f"{key}_{aggregate}" if window == "ever" else f"{key}_{aggregate}_{window}"


def _of_key(key: Key) -> tuple[Velocity, ...]:
    counted = [
        Velocity(_name(key.name, aggregate, window), key.name, aggregate, window)
        for aggregate, windows in _WINDOWS.items()
        for window in windows
    ]
    distinct = [
        Velocity(f"{key.name}_{_PLURAL[partner]}_{window}", key.name, "distinct", window, partner)
        for partner in key.partners
        for window in ("1d", "30d")
    ]
    return (*counted, *distinct)


def _of_pair(key: Key) -> tuple[Velocity, ...]:
    return (
        Velocity(f"{key.name}_count", key.name, "count"),
        Velocity(f"{key.name}_since_first", key.name, "since_first"),
    )


def _of_many(key: Key, counted: Mapping[Aggregate, tuple[str, ...]]) -> tuple[Velocity, ...]:
    return tuple(
        Velocity(_name(key.name, aggregate, window), key.name, aggregate, window)
        for aggregate, windows in counted.items()
        for window in windows
    )


def _of_range(key: Key) -> tuple[Velocity, ...]:
    cards = Velocity(f"{key.name}_cards_1d", key.name, "distinct", "1d", CARD)
    return (*_of_many(key, _OF_RANGE), cards)


# Payments with a card since its holder was last challenged and passed: no model reads them.
UNPROVEN = Streak("card_unproven", CARD)

PLAN = VelocityPlan(
    (*KEYS, SHOP, BIN, NETWORK),
    (
        *(
            feature
            for key in KEYS
            for feature in (_of_key(key) if key.name in SINGLE else _of_pair(key))
        ),
        *_of_many(SHOP, _OF_SHOP),
        *_of_range(BIN),
        *_of_range(NETWORK),
    ),
    UNPROVEN,
)
