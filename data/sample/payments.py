"""The payment stream and what came back of it: generated on the real orders.

Labels are late (log-normal, two weeks in the middle) and noisy: some fraud is never reported,
some honest payments are reported as fraud (friendly fraud; a few of these are taken back), and
some disputes are no fraud at all. What is reported after the data's end is only in the truth.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.sample.fraudsters import Campaigns
from data.sample.plan import stream
from data.sample.wallets import Wallets, checkouts, with_declines

# Chance that a fraudulent payment is ever reported: when money was taken, and when not.
_REPORTED = {
    "card_testing": (0.85, 0.55),
    "stolen_card": (0.92, 0.5),
    "account_takeover": (0.92, 0.5),
    "many_accounts": (0.85, 0.4),
    "refund_abuse": (0.75, 0.0),
}
_FRIENDLY = 0.0012
_DISPUTED = 0.003


@dataclass(frozen=True)
class Payments:
    """payments in time order (order and account still under internal names), reports of fraud and
    disputes (attempt: row of payments, reported_at, is_fraud, reason), before the end or after."""

    payments: pd.DataFrame
    reports: pd.DataFrame


def pay(lines: pd.DataFrame, own: Wallets, fraud: Campaigns, *, seed: int) -> Payments:
    """One captured payment an order, honest declines, and the fraudsters' attempts.

    lines: order lines; own: cards and devices of the honest; fraud: the attacks; seed: of the
    random draws.
    """
    honest = lines[~lines["order"].isin(fraud.attempts["order"])]
    paid = checkouts(_orders(honest), own, seed=seed)
    amounts = _amounts(lines)
    status = lines.groupby("order")["status"].first()
    paid = paid.assign(
        amount=paid["order"].map(amounts),
        outcome=np.where(paid["order"].map(status) == "placed", "captured", "refunded"),
    )
    attempts = fraud.attempts
    served = attempts["order"].isin(amounts.index)
    attempts = attempts[served | (attempts["outcome"] == "declined")]
    attempts = attempts.assign(amount=attempts["order"].map(amounts).fillna(attempts["amount"]))
    both = pd.concat([with_declines(paid, seed=seed), attempts], ignore_index=True)
    both = both.sort_values(["at", "order", "outcome"], kind="stable", ignore_index=True)
    return Payments(both, _reports(both, seed=seed))


def _amounts(lines: pd.DataFrame) -> pd.Series:
    paid = lines["quantity"] * lines["unit_price"] - lines["discount"]
    return paid.groupby(lines["order"]).sum().round(2)


def _orders(lines: pd.DataFrame) -> pd.DataFrame:
    return lines.groupby("order", as_index=False, sort=False).agg(
        at=("at", "min"),
        account=("account", "first"),
        market=("market", "first"),
        currency=("currency", "first"),
        lines=("product_id", "size"),
    )


def _reports(payments: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Chargebacks, issuer alerts and disputes, whenever they come."""
    random = stream(seed, "reports")
    count = len(payments)
    drawn = random.random(count)
    taken = (payments["outcome"] != "declined").to_numpy()
    chance = np.zeros(count)
    for pattern, (captured, declined) in _REPORTED.items():
        here = (payments["pattern"] == pattern).to_numpy()
        chance[here] = np.where(taken[here], captured, declined)
    honest = payments["pattern"].isna().to_numpy() & taken
    fraud = drawn < chance
    friendly = honest & (drawn < _FRIENDLY)
    dispute = honest & (drawn > 1 - _DISPUTED)
    delay = np.exp(random.normal(np.log(14), 0.8, count)).clip(0.5, 150)
    reason = np.select(
        [(payments["pattern"] == "refund_abuse").to_numpy(), fraud & ~taken, fraud | friendly],
        ["refund_abuse", "issuer_alert", "unauthorised"],
        "not_received",
    )
    first = pd.DataFrame(
        {
            "payment": np.arange(count),
            "reported_at": (payments["at"] + pd.to_timedelta(delay, unit="D")).dt.floor("s"),
            "is_fraud": fraud | friendly,
            "reason": reason,
        }
    )[fraud | friendly | dispute]
    back = first[friendly[first["payment"]] & (random.random(len(first)) < 0.2)]
    won = pd.to_timedelta(random.uniform(20, 45, len(back)), unit="D").floor("s")
    back = back.assign(reported_at=back["reported_at"] + won, is_fraud=False, reason="dispute_won")
    return pd.concat([first, back], ignore_index=True).sort_values(
        ["reported_at", "payment"], ignore_index=True
    )
