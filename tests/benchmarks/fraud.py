"""Simulated card payments with three fraud scenarios: the product's velocity, inputs and trees.

Usage: python tests/benchmarks/fraud.py DIR [--whole | --velocity]
(DIR/card-payments/simulated_data_raw.parquet)

--whole: features and fit on the whole stream, six months, for the time and memory they take.
--velocity: the whole default set of velocities, every key known, for how many payments a minute.

The protocol of the Fraud Detection Handbook: the test week is 2018-08-08 … 08-14; a fraud is
reported seven days after its payment, so payments up to 07-31 have known labels and are learned
from; cards with a fraud in the week before, or reported since, are left out of the test. Features
may use what was known at each payment: all of its past, and frauds reported by then. The terminal
is the device, the card's holder the customer. Scenario is never read.

Card precision@100: the share of compromised cards among the hundred with the highest score of a
day, averaged over days; a card found on one day is not shown again (the handbook's rule; "shown
again" beside it lets it be).
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from data.tables import TABLES
from features.fraud import PLAN, RISK_FEATURES, model_inputs, payment_velocity
from models.fraud import BoostedTrees
from training.metrics import card_precision_at_k, expected_calibration_error

DELAY = pd.Timedelta(days=7)
KNOWN_UNTIL = pd.Timestamp("2018-08-01", tz="UTC")
TEST_FROM, TEST_DAYS = pd.Timestamp("2018-08-08", tz="UTC"), 7
COLUMNS = ("customer_id", "device_id")
PUBLISHED = {
    "published: logistic regression": (0.606, 0.291, 0.871),
    "published: random forest, tuned": (0.678, 0.299, 0.870),
    "published: XGBoost, tuned": (0.687, 0.303, 0.869),
    "published: balanced bagging, tuned": (0.680, 0.305, 0.879),
}


def read(folder: Path, *, whole: bool = False) -> pd.DataFrame:
    """The payments up to the end of the test week, or all, as the contract names them, with
    `is_fraud`."""
    file = folder / "simulated_data_raw.parquet"
    if not file.exists():
        file = folder / "card-payments" / file.name
    columns = {
        "TRANSACTION_ID": "payment_id",
        "TX_DATETIME": "attempted_at",
        "CUSTOMER_ID": "customer_id",
        "TERMINAL_ID": "device_id",
        "TX_AMOUNT": "amount",
        "TX_FRAUD": "is_fraud",
    }
    raw = pd.read_parquet(file, columns=list(columns)).rename(columns=columns)
    raw["attempted_at"] = raw["attempted_at"].dt.tz_localize("UTC")
    if not whole:
        raw = raw[raw["attempted_at"] < TEST_FROM + pd.Timedelta(days=TEST_DAYS)]
    for name in ("payment_id", *COLUMNS):
        raw[name] = raw[name].astype(str).astype(object)
    return raw.sort_values("attempted_at", kind="stable", ignore_index=True)


def reports(payments: pd.DataFrame) -> pd.DataFrame:
    """The chargebacks: every fraud, after DELAY."""
    frauds = payments[payments["is_fraud"] == 1]
    told = frauds[["payment_id"]].assign(reported_at=frauds["attempted_at"] + DELAY)
    return told.assign(is_fraud=True)


def seen(payments: pd.DataFrame) -> pd.DataFrame:
    """The model's inputs at the moment of each payment, and its label."""
    plan = PLAN.only(COLUMNS)
    paid = payments.reindex(columns=list(TABLES["payments"].names))
    velocities = payment_velocity(paid, reports(payments), paid["amount"], plan)
    unknown = paid.assign(**dict.fromkeys(RISK_FEATURES, np.nan))
    known = pd.concat([unknown, velocities], axis=1, copy=False)
    del velocities, unknown
    made = model_inputs(known, paid["amount"], plan)
    del known, paid
    made = made[[name for name in made if made[name].notna().any()]].astype("float32")
    return made.assign(
        is_fraud=payments["is_fraud"].astype(int),
        attempted_at=payments["attempted_at"],
        customer_id=payments["customer_id"],
    )


def compromised(payments: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> set[str]:
    """Customers with a fraud in [start, end)."""
    inside = payments["attempted_at"].between(start, end, inclusive="left")
    return set(payments.loc[inside & (payments["is_fraud"] == 1), "customer_id"])


def week_judged(payments: pd.DataFrame) -> pd.DataFrame:
    """The payments to judge, day by day without the cards known as compromised by then."""
    days = []
    for number in range(TEST_DAYS):
        start = TEST_FROM + pd.Timedelta(days=number)
        end = start + pd.Timedelta(days=1)
        # Known at the day's start: the learning week, and what was reported until the day before.
        known = compromised(payments, KNOWN_UNTIL - DELAY, start - DELAY)
        today = payments[payments["attempted_at"].between(start, end, inclusive="left")]
        days.append(today[~today["customer_id"].isin(known)])
    return pd.concat(days)


def card_precision(judged: pd.DataFrame, *, again: bool) -> float:
    """Card precision@100; again: whether a card that was found may be shown on later days."""
    cards = judged.assign(day=judged["attempted_at"].dt.floor("D")).rename(
        columns={"customer_id": "card", "is_fraud": "fraud"}
    )
    if again:
        return card_precision_at_k(cards[["day", "card", "score", "fraud"]])
    found: set[str] = set()
    shares = []
    for _, day in cards.groupby("day"):
        left = day[~day["card"].isin(found)]
        best = left.groupby("card").agg(score=("score", "max"), fraud=("fraud", "max"))
        top = best.sort_values("score", ascending=False, kind="stable").head(100)
        hits = set(top.index[top["fraud"] == 1])
        shares.append(len(hits) / 100)
        found |= hits
    return float(np.mean(shares))


def figures(folder: Path) -> dict[str, float]:
    """Read, compute, fit, judge."""
    payments = read(folder)
    started = time.perf_counter()
    frame = seen(payments)
    made = time.perf_counter()
    del payments
    model = BoostedTrees().fit(frame[frame["attempted_at"] < KNOWN_UNTIL])
    fitted = time.perf_counter()
    judged = week_judged(frame)
    judged = judged.assign(score=model.predict(judged)["probability"])
    label, score = judged["is_fraud"], judged["score"]
    return {
        "average_precision": float(average_precision_score(label, score)),
        "card_precision_at_100": card_precision(judged, again=False),
        "card_precision_at_100_shown_again": card_precision(judged, again=True),
        "roc_auc": float(roc_auc_score(label, score)),
        "calibration_error": expected_calibration_error(label, score),
        "payments": len(frame),
        "test_payments": len(judged),
        "features_seconds": made - started,
        "fit_seconds": fitted - made,
        "seconds": fitted - started,
        "peak_gb": peak_gb(),
    }


def whole(folder: Path) -> dict[str, float]:
    """Features and fit on all payments."""
    payments = read(folder, whole=True)
    started = time.perf_counter(), time.process_time()
    frame = seen(payments)
    made = time.perf_counter()
    del payments
    BoostedTrees().fit(frame[frame["attempted_at"] < frame["attempted_at"].max() - DELAY])
    return {
        "payments": len(frame),
        "features_seconds": made - started[0],
        "fit_seconds": time.perf_counter() - made,
        "seconds": time.perf_counter() - started[0],
        "processor_seconds": time.process_time() - started[1],
        "peak_gb": peak_gb(),
    }


def velocity(folder: Path) -> dict[str, float]:
    """The default set of velocities for all payments; each customer has a card, address, e-mail."""
    payments = read(folder, whole=True)
    for name in ("card_id", "ip_address", "email_hash"):
        payments[name] = payments["customer_id"]
    payments["shipping_country"] = "DE"
    paid = payments.reindex(columns=list(TABLES["payments"].names))
    told = reports(payments)
    del payments
    started = time.perf_counter(), time.process_time()
    made = payment_velocity(paid, told, paid["amount"])
    taken = time.perf_counter() - started[0]
    return {
        "payments": len(made),
        "velocities": len(made.columns),
        "seconds": taken,
        "processor_seconds": time.process_time() - started[1],
        "payments_a_minute": 60 * len(made) / taken,
        "peak_gb": peak_gb(),
    }


def peak_gb() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Print our figures beside the published ones; the last line is JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--velocity", action="store_true")
    given = parser.parse_args()
    if given.whole or given.velocity:
        found = (whole if given.whole else velocity)(given.folder)
        for name, value in found.items():
            print(f"{name.replace('_', ' '):20}{value:16,.1f}")
        print(json.dumps({name: round(value, 2) for name, value in found.items()}))
        return
    ours = figures(given.folder)
    print(f"{'':38}{'AP':>8}{'CP@100':>8}{'AUC':>8}")
    for name, (precision, cards, area) in PUBLISHED.items():
        print(f"{name:38}{precision:8.3f}{cards:8.3f}{area:8.3f}")
    print(
        f"{'ours':38}{ours['average_precision']:8.3f}{ours['card_precision_at_100']:8.3f}"
        f"{ours['roc_auc']:8.3f}"
    )
    print(
        f"\n{ours['payments']:,} payments: features {ours['features_seconds']:.0f} s, "
        f"fit {ours['fit_seconds']:.0f} s, peak memory {ours['peak_gb']:.1f} GB"
    )
    print(json.dumps({name: round(value, 4) for name, value in ours.items()}))


if __name__ == "__main__":
    main()
