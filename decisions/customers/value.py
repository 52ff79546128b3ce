"""What is said of each customer: expected orders and margin, alive or leaving, segment, rating."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from decisions.customers.credit_rating import FACTORS, rate_customers
from decisions.customers.segments import assign_segments, priced_share, usual_gap
from features.customers import model_inputs
from models.base import Release
from models.customers import ANSWER_COLUMNS, QUANTILES, quantile_name

Numbers = NDArray[np.float64]
YEAR_DAYS = 365
VALUE_COLUMNS = (
    "customer_id",
    "horizon_days",
    *ANSWER_COLUMNS,
    "margin_basis",
    "churn_risk",
    "usual_gap_days",
    "order_within_gap_probability",
    "next_order_in_days",
    "margin_at_risk",
    "segment",
    "former_segment",
    "credit_rating",
    "reasons",
)
ENOUGH_PRICED = 0.95  # of the orders; below, the answer is degraded and says so
_EXPECTED_MONEY = tuple(name for name in ANSWER_COLUMNS if name.startswith("expected_margin"))
MONEY = (*_EXPECTED_MONEY, "margin_at_risk")
_LEAST = 1e-9
_NEARLY_ALL = 0.999  # of those alive order: from here on the chance says little of how often


def value_customers(
    known: pd.DataFrame,
    now: pd.Timestamp,
    release: Release,
    horizon_days: int,
    former: NDArray[np.object_],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """VALUE_COLUMNS of each customer for a horizon, and ANSWER_COLUMNS for a year.

    known: customer_id and the ledger's features, one row a customer who has ordered; now: the
    moment; release: in use; horizon_days: 1 and more; former: segment of each before, or None.
    """
    inputs = model_inputs(known, pd.Series(now, index=known.index))
    year = _expected(release, inputs, YEAR_DAYS)
    answer = year = fitting_together(year, year)
    if horizon_days != YEAR_DAYS:
        answer = fitting_together(_expected(release, inputs, horizon_days), year)
    policy = release.policy
    basis = getattr(release.model, "basis", "margin") if priced_share(policy) > 0 else None
    gap = usual_gap(inputs, policy)
    segment = assign_segments(inputs, year, former, policy)
    rating, holds = rate_customers(inputs)
    chance = answer["order_probability"].to_numpy(dtype=float)
    alive = answer["alive_probability"].to_numpy(dtype=float)
    orders = answer["expected_orders"].to_numpy(dtype=float)
    rate = order_rate(chance, orders, alive, horizon_days)
    told = {
        "customer_id": known["customer_id"].to_numpy(dtype=object),
        "horizon_days": horizon_days,
        **{name: answer[name].to_numpy(dtype=float) for name in ANSWER_COLUMNS},
        "margin_basis": basis,
        "churn_risk": 1.0 - chance,
        "usual_gap_days": gap,
        "order_within_gap_probability": order_within(rate, alive, gap),
        "next_order_in_days": days_to_next_order(rate, alive),
        "margin_at_risk": margin_at_risk(inputs, answer, horizon_days),
        "segment": segment,
        "former_segment": _where_changed(former, segment),
        "credit_rating": rating,
        "reasons": _with_rarity(
            _reasons(inputs, gap, segment, holds), chance, orders, horizon_days
        ),
    }
    return pd.DataFrame(told)[list(VALUE_COLUMNS)], year


def _expected(release: Release, inputs: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """ANSWER_COLUMNS of each row. An order without a known price brings what those with one do on
    average; where no order has one, money is missing."""
    told = release.model.predict(inputs.assign(horizon_days=horizon_days))
    share = priced_share(release.policy)
    if share >= 1.0:
        return told
    return told.assign(
        **{name: told[name] / share if share > 0 else np.nan for name in _EXPECTED_MONEY}
    )


def fitting_together(answer: pd.DataFrame, year: pd.DataFrame) -> pd.DataFrame:
    """An answer of the model that does not contradict itself: whoever orders within the horizon
    comes back some day, as likely whatever the horizon, and nobody orders more likely than that;
    outcomes up to the level of no order have neither orders nor margin, all others an order at
    least, and orders are whole.

    answer, year: ANSWER_COLUMNS of a row a customer, for any horizon and for a year.
    """
    alive = year[["alive_probability", "order_probability"]].max(axis=1)
    chance = np.minimum(answer["order_probability"], alive)
    made = answer.assign(alive_probability=alive, order_probability=chance)
    for level in QUANTILES:
        orders, margin = (f"expected_{of}_{quantile_name(level)}" for of in ("orders", "margin"))
        none = level <= 1.0 - chance
        made[orders] = made[orders].round().clip(lower=1.0).mask(none, 0.0)
        made[margin] = made[margin].mask(none & (made[margin] > 0.0), 0.0)
    return made


def money_doubt(release: Release) -> str:
    """What keeps the money that is expected from being well known; "" where nothing does."""
    share = priced_share(release.policy)
    if share >= ENOUGH_PRICED:
        return ""
    remedy = "ingest `fx_rates`, or set ARGOSY_BASE_CURRENCY, and train again"
    if share <= 0:
        return f"No amount of `orders` has a rate: what customers bring is unknown; {remedy}."
    return (
        f"Only {share:.0%} of `orders` have a rate to the base currency: the others are taken to "
        f"bring as much; {remedy}."
    )


def _where_changed(
    former: NDArray[np.object_], segment: NDArray[np.object_]
) -> NDArray[np.object_]:
    """The former segment where it is another one; None elsewhere."""
    moved = former.copy()
    moved[former == segment] = None
    return moved


def order_rate(chance: Numbers, orders: Numbers, alive: Numbers, horizon_days: int) -> Numbers:
    """Orders a day of each customer while alive, so that the probability of an order within the
    horizon is the one that is told.

    chance: of an order in horizon_days; orders: expected in them, which say more where hardly
    anybody alive fails to order; alive: probability of coming back at all.
    """
    share = np.clip(chance / np.maximum(alive, _LEAST), 0.0, _NEARLY_ALL)
    by_orders = np.where(share < _NEARLY_ALL, 0.0, orders / np.maximum(alive, _LEAST))
    return np.asarray(np.maximum(-np.log1p(-share), by_orders) / horizon_days)


def order_within(rate: Numbers, alive: Numbers, days: Numbers) -> Numbers:
    """Probability of an order of each customer within so many days of their own.

    rate: of `order_rate`; alive: probability of coming back at all; days: one number a customer.
    """
    return np.asarray(alive * -np.expm1(-rate * days))


def days_to_next_order(rate: Numbers, alive: Numbers) -> Numbers:
    """Days after which an order is as likely to have come as not; NaN for who will likelier never
    order again, or not within ten years. rate, alive: as of `order_within`."""
    left = np.maximum(1.0 - 0.5 / np.maximum(alive, _LEAST), _LEAST)
    days = -np.log(left) / np.maximum(rate, _LEAST)
    return np.where((alive > 0.5) & (days < 10 * YEAR_DAYS), days, np.nan)


def margin_at_risk(inputs: pd.DataFrame, answer: pd.DataFrame, horizon_days: int) -> Numbers:
    """Margin that would be lost if each customer went on as expected instead of at their usual
    rhythm, times the probability that they can still be reached (alive).

    inputs: of the features; answer: of the model, for horizon_days. An upper bound of what a
    campaign can save: whether it saves anything, only a hold-out tells.
    """
    orders = answer["expected_orders"].to_numpy(dtype=float)
    margin = answer["expected_margin"].to_numpy(dtype=float)
    age = np.maximum(inputs["age_days"].to_numpy(dtype=float), 30.0)
    usual = inputs["repeat_orders"].to_numpy(dtype=float) / age * horizon_days
    each = np.divide(margin, orders, out=margin * 0.0, where=orders > _LEAST)
    lost = np.maximum(np.nan_to_num(usual) - orders, 0.0) * np.maximum(each, 0.0)
    return np.asarray(lost * answer["alive_probability"].to_numpy(dtype=float))


def _reasons(
    inputs: pd.DataFrame, gap: Numbers, segment: NDArray[np.object_], holds: Numbers
) -> list[str]:
    """What each answer rests on, as a JSON list of {code, text}."""
    # Few combinations of credit factors occur: each text is made once and looked up by its number.
    pattern, place = np.unique((holds @ _WEIGHTS).astype(int), return_inverse=True)
    cached = [_credit_text(number) for number in pattern]
    orders = np.nan_to_num(inputs["repeat_orders"].to_numpy(dtype=float)) + 1.0
    days = np.nan_to_num(inputs["age_days"].to_numpy(dtype=float))
    silent = np.nan_to_num(inputs["recency_days"].to_numpy(dtype=float))
    rows = zip(orders, days, silent, gap, segment, place, strict=True)
    return [
        f'[{{"code": "ORDERS", "text": "{n:.0f} order{_s(n)} in {age:.0f} day{_s(age)}"}}, '
        f'{{"code": "SILENCE", "text": "Last order {since:.0f} day{_s(since)} ago; '
        f'the usual gap is {usual:.0f} day{_s(usual)}"}}, '
        f'{{"code": "SEGMENT", "text": "{name}"}}{cached[credit]}]'
        for n, age, since, usual, name, credit in rows
    ]


_RARE, _OFTEN = 0.25, 5.0


def _with_rarity(
    reasons: list[str], chance: Numbers, orders: Numbers, horizon_days: int
) -> list[str]:
    """The reasons, with what makes an expectation of some orders fit a small chance of any: few
    customers like this one come back, and those order often."""
    some = np.maximum(chance, _LEAST)
    each = orders / some
    for place in np.flatnonzero((chance < _RARE) & (each >= _OFTEN) & (orders >= 0.05)):
        text = (
            f"Of {1.0 / some[place]:,.0f} customers like this, one orders again in "
            f"{horizon_days} days, and then {each[place]:,.0f} times"
        )
        told = json.dumps({"code": "RARELY_BUT_OFTEN", "text": text})
        reasons[place] = f"{reasons[place][:-1]}, {told}]"
    return reasons


def _s(count: float) -> str:
    """The ending of the plural."""
    return "" if round(count) == 1 else "s"


_WEIGHTS = 2 ** np.arange(len(FACTORS))


def _credit_text(pattern: int) -> str:
    """The weightiest two credit factors of a combination (a bit each), as items of a JSON list."""
    held = [factor for number, factor in enumerate(FACTORS) if pattern >> number & 1]
    held.sort(key=lambda factor: -abs(factor.points))
    items = [json.dumps({"code": each.code, "text": each.text}) for each in held[:2]]
    return "".join(f", {item}" for item in items)


def stored_values(scored: pd.DataFrame, year: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Rows of the `customer_value` view. scored, year: of `value_customers`; now: its moment."""
    chance = year["order_probability"].to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "customer_id": scored["customer_id"],
            "event_timestamp": now,
            "expected_orders_365d": year["expected_orders"].to_numpy(dtype=float),
            "expected_margin_365d": year["expected_margin"].to_numpy(dtype=float),
            "expected_margin_365d_q10": year["expected_margin_q10"].to_numpy(dtype=float),
            "expected_margin_365d_q90": year["expected_margin_q90"].to_numpy(dtype=float),
            "alive_probability": year["alive_probability"].to_numpy(dtype=float),
            "churn_risk": 1.0 - chance,
            "customer_segment": scored["segment"],
            "credit_rating": scored["credit_rating"],
        }
    )


def parsed_reasons(text: str) -> list[Mapping[str, str]]:
    """The reasons of one row of VALUE_COLUMNS."""
    told: list[Mapping[str, str]] = json.loads(text)
    return told
