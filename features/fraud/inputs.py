"""What the model sees of a payment: defined once, for a frame of them and for a few asked about."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import TABLES
from data.views import FeatureType
from features.fraud.plan import PLAN, SINGLE, UNPROVEN
from features.fraud.risk import RISK_FEATURES
from features.fraud.signals import signal, signals
from features.fraud.stream import at_ms, milliseconds
from features.windows import VelocityPlan

Column = NDArray[Any]
_HOUR, _DAY = 3_600_000, 86_400_000
_TEXTS = tuple(
    column.name
    for column in TABLES["payments"].columns
    if column.kind in {"id", "text", "country", "currency"} and column.name != "outcome"
)
_RISK_TEXTS = tuple(name for name, kind in RISK_FEATURES.items() if kind == "str")
_RISK_NUMBERS = tuple(name for name, kind in RISK_FEATURES.items() if kind != "str")

_PAID: dict[str, FeatureType] = {
    "amount_base": "float",
    "hour": "float",
    "weekday": "float",
    "channel": "str",
    "currency": "str",
    "billing_country": "str",
    "shipping_country": "str",
    "ip_country": "str",
    "address_match": "float",
    "billing_differs_shipping": "float",
    "billing_differs_ip": "float",
    "shipping_differs_ip": "float",
    "without_card": "float",
    "without_device": "float",
    "without_ip": "float",
    "without_email": "float",
    "without_order": "float",
}
_CUSTOMER: dict[str, FeatureType] = {
    "account_age_days": "float",
    "home_country": "str",
    "segment": "str",
    "home_differs_billing": "float",
    "home_differs_shipping": "float",
    "home_differs_ip": "float",
    "email_differs": "float",
    "past_payments": "float",
    "past_declines": "float",
    "past_frauds": "float",
    "usual_amount": "float",
    "amount_spread": "float",
    "amount_above_usual": "float",
}
_RATIOS = (
    "amount_ratio",
    "amount_deviation",
    "recent_amount_ratio",
    "pace",
    "fraud_share",
    "fraud_share_30d",
    "fraud_share_7d",
    "decline_share",
)
_NOT_READ = UNPROVEN.names
_SUMS = tuple(f"{key}_{name}" for key in SINGLE for name in ("log_amount", "log_amount_squared"))


def features_of(plan: VelocityPlan) -> dict[str, FeatureType]:
    """The inputs of a model, in order, where a plan's velocities are known."""
    counted = [name for name in plan.names if name not in (*_SUMS, *_NOT_READ)]
    ratios = [f"{key.name}_{ratio}" for key in plan.keys if key.name in SINGLE for ratio in _RATIOS]
    return {**_PAID, **_CUSTOMER, **dict.fromkeys([*counted, *ratios], "float")}


FEATURES: Mapping[str, FeatureType] = features_of(PLAN)
_COUNTED = np.array(
    [place for place, name in enumerate(PLAN.names) if name not in (*_SUMS, *_NOT_READ)]
)


def inputs(
    payments: pd.DataFrame,
    amount: pd.Series,
    plan: VelocityPlan = PLAN,
    *,
    number: type[np.floating[Any]] = np.float64,
) -> pd.DataFrame:
    """`features_of(plan)` and the x_ columns of payments that carry the columns of the plan and of
    RISK_FEATURES.

    amount: of the payments, in base currency. number: the precision of the answer's numbers. The
    index is that of `payments`.
    """
    texts = {name: payments[name].to_numpy(dtype=object) for name in (*_TEXTS, *_RISK_TEXTS)}
    numbers = {name: payments[name].to_numpy(dtype=float) for name in _RISK_NUMBERS}
    numbers["address_match"] = (
        payments["address_match"].astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    )
    numbers["amount_base"] = amount.to_numpy(dtype=float)
    at = at_ms(payments["attempted_at"])
    known = {name: ~pd.isna(values) for name, values in texts.items()}
    made = texts | numbers | _paid(at, texts, known, numbers)
    for name in plan.names:
        made[name] = payments[name].to_numpy(dtype=float)
    for key in _single(plan):
        ratios = _ratios(partial(_of_key, made, key), made["amount_base"])
        made |= {f"{key}_{name}": values for name, values in ratios.items()}
    extra = {
        name: signals(payments[name], at) for name in payments.columns if name.startswith("x_")
    }
    kept = {
        name: made[name].astype(number) if kind == "float" else made[name]
        for name, kind in features_of(plan).items()
    }
    return pd.DataFrame({**kept, **extra}, index=payments.index)


def model_inputs(
    payments: pd.DataFrame, amount: pd.Series, plan: VelocityPlan = PLAN, *, rows: int = 200_000
) -> pd.DataFrame:
    """`inputs` as a model reads them, numbers in single precision; made so many rows at a time, so
    that a long history needs little memory.

    payments: with the columns of the plan and of RISK_FEATURES; amount: of the payments, in base
    currency; plan: whose velocities are read; rows: how many at a time.
    """
    parts = [
        inputs(
            payments.iloc[start : start + rows],
            amount.iloc[start : start + rows],
            plan,
            number=np.float32,
        )
        for start in range(0, max(len(payments), 1), rows)
    ]
    return pd.concat(parts) if len(parts) > 1 else parts[0]


def inputs_of(
    payments: Sequence[Mapping[str, Any]],
    amounts: Sequence[float],
    velocities: Sequence[NDArray[np.float64]],
    risks: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The inputs of payments as they are asked about: of each a float, a text or None by name, in
    the order of FEATURES and then its x_ signals; unknown numbers are NaN.

    payments: fields by name, attempted_at a datetime; amounts: of each, in base currency, NaN where
    no rate is known; velocities: of each, the values in the order of `PLAN.names`; risks: of each,
    RISK_FEATURES of its customer by name, as far as they are known.
    """
    at = np.array([milliseconds(payment["attempted_at"]) for payment in payments])
    texts = _texts(payments, _TEXTS) | _texts(risks, _RISK_TEXTS)
    there = np.array([[value is not None for value in column] for column in texts.values()])
    known = dict(zip(texts, there, strict=True))
    numbers = _numbers(risks, _RISK_NUMBERS) | _numbers(payments, ("address_match",))
    numbers["amount_base"] = np.array(amounts)
    made = texts | numbers | _paid(at, texts, known, numbers)
    heads = zip(*(made[name].tolist() for name in (*_PAID, *_CUSTOMER)), strict=True)
    velocity, (row, places) = np.stack(velocities), _places()
    of_keys = velocity[:, places]  # payments × what is counted × single keys
    ratios = _ratios(lambda counted: of_keys[:, row[counted]], numbers["amount_base"][:, None])
    rates = np.stack([*ratios.values()], axis=2).reshape(len(payments), -1).tolist()
    counts = velocity[:, _COUNTED].tolist()
    return [
        dict(zip(FEATURES, (*head, *count, *rate), strict=True)) | _signals(payment, moment)
        for head, count, rate, payment, moment in zip(
            heads, counts, rates, payments, at.tolist(), strict=True
        )
    ]


def _texts(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> dict[str, NDArray[np.object_]]:
    """A column for each name: one array for all of them, which is made at once."""
    table = np.array([[row.get(name) for row in rows] for name in names], dtype=object)
    return dict(zip(names, table, strict=True))


def _numbers(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """A column of numbers for each name, NaN where there is none."""
    table = np.array([[_number(row.get(name)) for row in rows] for name in names])
    return dict(zip(names, table, strict=True))


def _signals(payment: Mapping[str, Any], at: int) -> dict[str, Any]:
    return {name: signal(value, at) for name, value in payment.items() if name.startswith("x_")}


def _of_key(columns: Mapping[str, Column], key: str, counted: str) -> Column:
    return columns[f"{key}_{counted}"]


def _number(value: Any) -> float:
    return np.nan if value is None or value is pd.NA else float(value)


def _single(plan: VelocityPlan) -> tuple[str, ...]:
    return tuple(key.name for key in plan.keys if key.name in SINGLE)


@cache
def _places() -> tuple[Mapping[str, int], NDArray[np.intp]]:
    """What `_ratios` asks for -> its row in the table beside, which says where it stands in PLAN's
    values, one place a single key."""
    names = {name: place for place, name in enumerate(PLAN.names)}
    first = f"{SINGLE[0]}_"
    counted = {name.removeprefix(first) for name in names if name.startswith(first)}
    whole = [n for n in sorted(counted) if all(f"{key}_{n}" in names for key in SINGLE)]
    table = np.array([[names[f"{key}_{name}"] for key in SINGLE] for name in whole])
    return {name: row for row, name in enumerate(whole)}, table


def _paid(
    at: Column,
    texts: Mapping[str, Column],
    known: Mapping[str, Column],
    numbers: Mapping[str, Column],
) -> dict[str, Column]:
    """What follows from the payment and its customer alone, by column."""
    made = {
        "hour": at % _DAY / _HOUR,
        "weekday": (at // _DAY + 3) % 7 * 1.0,
        # An account that is opened with a payment, or after it, is new.
        "account_age_days": np.maximum(at / _DAY - numbers["signed_up_day"], 0.0),
    }
    differ = _stacked(texts, _ONES) != _stacked(texts, _OTHERS)
    told = np.array([known[name] for name in _ONES]) & np.array([known[name] for name in _OTHERS])
    made.update(zip(_DIFFERENCES, np.where(told, differ.astype(float), np.nan), strict=True))
    given = np.array([known[name] for name in _WITHOUT.values()])
    made.update(zip(_WITHOUT, (~given).astype(float), strict=True))
    log = np.log1p(numbers["amount_base"])
    usual, spread = numbers["usual_amount"], numbers["amount_spread"]
    made["amount_above_usual"] = (log - usual) / (spread + 0.1)
    return made


def _stacked(texts: Mapping[str, Column], names: Iterable[str]) -> NDArray[np.object_]:
    return np.array([texts[name] for name in names], dtype=object)


_DIFFERENCES = {
    "billing_differs_shipping": ("billing_country", "shipping_country"),
    "billing_differs_ip": ("billing_country", "ip_country"),
    "shipping_differs_ip": ("shipping_country", "ip_country"),
    "home_differs_billing": ("home_country", "billing_country"),
    "home_differs_shipping": ("home_country", "shipping_country"),
    "home_differs_ip": ("home_country", "ip_country"),
    "email_differs": ("account_email", "email_hash"),
}
_ONES, _OTHERS = zip(*_DIFFERENCES.values(), strict=True)
_WITHOUT = {
    "without_card": "card_id",
    "without_device": "device_id",
    "without_ip": "ip_address",
    "without_email": "email_hash",
    "without_order": "order_id",
}


def _ratios(of: Callable[[str], Column], amount: Column) -> dict[str, Column]:
    """The payment against a key's habit: its mean amount, its pace; and the key's past.

    of: what was counted, of one key by payment, or of several keys by payment and key.
    amount_deviation: of ln(1 + amount) from the key's mean, in its standard deviations (+ 0.1).
    """
    count, week, month = of("count"), of("count_7d"), of("count_30d")
    seen = np.where(count > 0, count, np.nan)
    usual, log = of("amount") / seen + 1.0, of("log_amount") / seen
    spread = np.sqrt(np.maximum(of("log_amount_squared") / seen - log**2, 0.0))
    return {
        "amount_ratio": amount / usual,
        "amount_deviation": (np.log1p(amount) - log) / (spread + 0.1),
        "recent_amount_ratio": of("amount_7d") / (week + 1.0) / usual,
        "pace": of("count_1d") * 30.0 / (month + 1.0),
        "fraud_share": of("frauds") / (count + 1.0),
        "fraud_share_30d": of("frauds_30d") / (month + 1.0),
        "fraud_share_7d": of("frauds_7d") / (week + 1.0),
        "decline_share": of("declines_30d") / (month + 1.0),
    }
