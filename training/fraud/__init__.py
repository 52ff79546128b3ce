"""How the fraud model is made: labels as they were known, folds by time, thresholds by cost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from data.settings import Settings
from features.fraud import FEATURES, amounts, fraud_reports, model_inputs
from models.base import Model, TooLittleDataError, parameters
from models.fraud import (
    ACTIONS,
    Costs,
    FraudPolicy,
    InformedLogistic,
    PaymentScorecard,
    PolicyLimits,
    Rules,
    StagedFraudModel,
    best_policy,
)
from training.fraud.labels import labelled, maturity, missing_labels, with_labels
from training.fraud.verdict import average_precision_interval, judge
from training.job import Context, Recipe, Split, override
from training.metrics import card_precision_at_k, expected_calibration_error
from training.plots import OURS, THEIRS, drawing

__all__ = ["RECIPE", "check", "cut_of", "frame", "labelled", "maturity", "sample", "split"]

TEST_SHARE = 0.2
BUDGET = 0.005  # the default of `fraud_budget`, for figures that compare models


@dataclass(frozen=True)
class FraudSplit(Split):
    """recent: every payment from the cut on, labelled or not: what a policy is set on."""

    recent: pd.DataFrame


def frame(context: Context) -> pd.DataFrame:
    """All payments with what was known at the moment of each, and `is_fraud` where it is known."""
    lake, as_of = context.lake, context.as_of
    payments = lake.read("payments", as_of=as_of)
    if payments.empty:
        raise TooLittleDataError("fraud cannot be trained: there are no payments; ingest payments")
    entities = payments.assign(event_timestamp=payments["attempted_at"])
    context.store.ensure(as_of)
    known = context.store.training_frame("fraud", entities, as_of)
    rates = lake.read("fx_rates", as_of=as_of)
    seen = model_inputs(known, amounts(known, rates, context.settings.base_currency))
    for name in ("payment_id", "customer_id", "card_id", "attempted_at"):
        seen[name] = known[name]
    seen["declined"] = (known["outcome"] == "declined").to_numpy(dtype=bool)
    reports = fraud_reports(lake.read("chargebacks", as_of=as_of))
    seen["reported_at"] = seen["payment_id"].map(reports.set_index("payment_id")["reported_at"])
    found = with_labels(seen, as_of, _maturity(seen, as_of, context))
    if said := missing_labels(found, context.settings.label_maturity_days):
        context.progress(f"fraud: {said}")
    return found.sort_values("attempted_at", kind="stable")


def cut_of(payments: pd.DataFrame) -> pd.Timestamp:
    """Where the test begins: the last fifth of the time that the payments with a label cover; of
    all payments where none has one."""
    known = payments[payments["is_fraud"].notna()]
    times = (known if len(known) else payments)["attempted_at"]
    first, last = times.min(), times.max()
    return pd.Timestamp(last - (last - first) * TEST_SHARE)


def check(payments: pd.DataFrame) -> list[str]:
    """What is missing, a sentence each: nothing, where there is a payment. Without labels the
    scorecard serves."""
    return [] if len(payments) else ["There are no payments; ingest payments."]


def split(payments: pd.DataFrame, context: Context) -> FraudSplit:
    """Train on what was known at the cut, labels too; test on the labelled payments from it on.

    payments: a row a payment, as `frame` gives them; context: of the run; its settings say how old
    a payment must be for its label to be known.
    """
    cut = cut_of(payments)
    recent = payments[payments["attempted_at"] >= cut]
    train = with_labels(payments, cut, _maturity(payments, cut, context))
    return FraudSplit(train, recent[recent["is_fraud"].notna()], cut, recent)


def _maturity(payments: pd.DataFrame, known_at: datetime, context: Context) -> timedelta:
    return maturity(payments, known_at, timedelta(days=context.settings.label_maturity_days))


def model(context: Context) -> StagedFraudModel:
    """The scorecard, regression and trees, with `--set`."""
    settings = context.settings
    defaults = parameters(StagedFraudModel(seed=settings.seed, fraud_rate=settings.fraud_rate))
    return StagedFraudModel(**override(defaults, context.overrides))


def baselines(context: Context) -> Mapping[str, Model]:
    """The scorecard, a logistic regression that starts from it, and plain rules."""
    settings = context.settings
    return {
        "scorecard": PaymentScorecard(fraud_rate=settings.fraud_rate),
        "logistic_regression": InformedLogistic(fraud_rate=settings.fraud_rate, seed=settings.seed),
        "rules": Rules(),
    }


def score(fitted: Model, halves: Split) -> Mapping[str, float]:
    """Metrics on the test payments; NaN where there are no frauds, or no honest payments, in them.

    fitted: the trained model; halves: the payments, cut by time.

    saved_share: of the cost of allowing everything. average_precision_from, _to: the interval that
    chance leaves.
    """
    test = halves.test
    label = test["is_fraud"].to_numpy(dtype=np.int64)
    p = fitted.predict(test)["probability"].to_numpy()
    if not 0 < label.sum() < len(label):
        return dict.fromkeys(_JUDGED, math.nan) | {"test_frauds": float(label.sum())}
    amount = _amount(test)
    found = best_policy(p, amount, Costs(), budget=BUDGET)
    everything = float(Costs().expected(label, amount)[0].sum())
    actions = found.actions(p, amount)
    cards = pd.DataFrame(
        {
            "day": test["attempted_at"].dt.floor("D").to_numpy(),
            "card": test["card_id"].fillna(test["customer_id"]).to_numpy(),
            "score": p,
            "fraud": label,
        }
    )
    shares = {
        f"{name}_share": float((actions == place).mean()) for place, name in enumerate(ACTIONS)
    }
    low, high = average_precision_interval(label, p)
    return {
        "average_precision": float(average_precision_score(label, p)),
        "average_precision_from": low,
        "average_precision_to": high,
        "roc_auc": float(roc_auc_score(label, p)),
        "card_precision_at_10": card_precision_at_k(cards, k=10),
        "card_precision_at_100": card_precision_at_k(cards, k=100),
        "calibration_error": expected_calibration_error(label, p),
        "saved_share": 1.0 - float(found.cost(p, amount, label).sum()) / everything,
        "chargeback_rate": found.chargeback_rate(p, amount, label),
        "fraud_rate": float(label.mean()),
        "mean_probability": float(p.mean()),
        "test_frauds": float(label.sum()),
        **shares,
    }


_JUDGED = ("average_precision", "roc_auc", "calibration_error")


def _amount(payments: pd.DataFrame) -> np.ndarray:
    return payments["amount_base"].fillna(0.0).to_numpy(dtype=float)


def policy(fitted: Model, halves: Split, context: Context) -> Mapping[str, float]:
    """The cheapest policy on payments the model had not seen, within the merchant's budget,
    people's time and the limit of friction; and the deciles of their probabilities, which later
    days are compared with.

    fitted: the trained model; halves: the payments, cut by time: of a FraudSplit the recent ones
    count, labelled or not, else those of the test; context: of the run; its settings say the costs,
    the budget and the limits.

    honest_stopped_share: of the recent payments that nobody reported, what it does not simply
    allow; most_stopped: the limit that a release must hold to be promoted.
    """
    recent = halves.recent if isinstance(halves, FraudSplit) else halves.test
    p, amount = fitted.predict(recent)["probability"].to_numpy(), _amount(recent)
    settings = context.settings
    limits = PolicyLimits(review_capacity(recent, settings), settings.fraud_most_stopped)
    found = best_policy(
        p, amount, Costs(**settings.fraud_costs), budget=settings.fraud_budget, limits=limits
    )
    if isinstance(fitted, StagedFraudModel):
        context.progress(f"fraud: served by the {fitted.chosen.step}: {fitted.chosen.why}")
    context.progress(f"fraud: {_friction(found, p, amount)}")
    deciles = np.quantile(p, np.linspace(0.1, 0.9, 9)).tolist()
    honest = recent["reported_at"].isna().to_numpy(dtype=bool)
    stopped = found.actions(p, amount)[honest] > 0
    return (
        found.numbers()
        | {f"decile_{n}": value for n, value in enumerate(deciles, start=1)}
        | {
            "honest_stopped_share": float(stopped.mean()) if len(stopped) else 0.0,
            "most_stopped": settings.fraud_most_stopped,
        }
    )


def review_capacity(payments: pd.DataFrame, settings: Settings) -> float:
    """The share of payments like these that people can review.

    payments: some recent ones, with attempted_at. settings: a number a day, or a share.
    """
    if settings.fraud_reviews_per_day is None:
        return float(settings.fraud_review_share)
    times = payments["attempted_at"]
    days = max(float((times.max() - times.min()) / pd.Timedelta(days=1)), 1.0)
    return min(float(settings.fraud_reviews_per_day) * days / max(len(payments), 1), 1.0)


def _friction(found: FraudPolicy, p: np.ndarray, amount: np.ndarray) -> str:
    """What a policy would have done to payments of these probabilities and amounts, a sentence."""
    places = found.actions(p, amount)
    shares = ", ".join(
        f"{name} {float((places == n).mean()):.1%}" for n, name in enumerate(ACTIONS)
    )
    rate = found.chargeback_rate(p, amount)
    held = "" if rate <= found.budget else f", above the budget of {found.budget:.2%}"
    return f"the policy on recent payments: {shares}; chargebacks foretold {rate:.2%}{held}"


def plots(fitted: Model, halves: Split, folder: Path) -> None:
    """Precision and recall, calibration, cost by threshold, distribution of the score.

    fitted: the trained model; halves: the payments, cut by time, of which the test is drawn;
    folder: where the PNG files are written.
    """
    test = halves.test
    label = test["is_fraud"].to_numpy(dtype=np.int64)
    if not 0 < label.sum() < len(label):
        return
    p = fitted.predict(test)["probability"].to_numpy()
    precision, recall, _ = precision_recall_curve(label, p)
    area = average_precision_score(label, p)
    title = f"Precision and recall; average precision {area:.3f}"
    with drawing(folder / "precision_recall.png", title, x="recall", y="precision") as axes:
        axes.plot(recall, precision, color=OURS)
        axes.axhline(label.mean(), color=THEIRS, linestyle="--", label="all alike")
        axes.legend(frameon=False)
    _plot_calibration(folder / "calibration.png", label, p)
    _plot_cost(folder / "cost_by_threshold.png", label, p, _amount(test))
    title = "Score of honest and fraudulent payments"
    with drawing(folder / "score.png", title, x="score", y="share of payments (log)") as axes:
        bins = np.linspace(0.0, 100.0, 41).tolist()
        for name, colour, rows in (("honest", THEIRS, label == 0), ("fraud", OURS, label == 1)):
            weights = np.full(int(rows.sum()), 1.0 / max(int(rows.sum()), 1))
            axes.hist(100 * p[rows], bins, weights=weights, color=colour, alpha=0.6, label=name)
        axes.set_yscale("log")
        axes.legend(frameon=False)


def _plot_calibration(path: Path, label: np.ndarray, p: np.ndarray) -> None:
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, 20) if len(part)]
    said, happened = ([float(v[part].mean()) for part in parts] for v in (p, label))
    error = expected_calibration_error(label, p)
    title = f"Calibration; mean error {error:.4f}"
    with drawing(path, title, x="probability said", y="share of fraud") as axes:
        axes.plot([0, max(said)], [0, max(said)], color=THEIRS, linestyle="--")
        axes.plot(said, happened, marker="o", color=OURS)


def _plot_cost(path: Path, label: np.ndarray, p: np.ndarray, amount: np.ndarray) -> None:
    """The cost of blocking from one threshold on, and of the policy with all its actions."""
    costs = Costs()
    real = costs.expected(label, amount)
    levels = np.geomspace(1e-3, 1.0, 60)
    spent = [float(np.where(p >= level, real[-1], real[0]).sum()) for level in levels]
    found = best_policy(p, amount, costs, budget=BUDGET)
    title = "Cost of fraud and of hurt customers on the test payments, base currency"
    with drawing(path, title, x="probability blocked from", y="cost") as axes:
        axes.plot(levels, spent, color=THEIRS, label="block from a threshold on")
        least = float(found.cost(p, amount, label).sum())
        axes.axhline(least, color=OURS, label="challenge, review and block by the policy")
        for name, start in found.starts(float(np.median(amount))).items():
            axes.axvline(max(start, 1e-3), color=OURS, linestyle=":", linewidth=1)
            axes.text(
                max(start, 1e-3), axes.get_ylim()[1], f" {name}", rotation=90, va="top", fontsize=8
            )
        axes.set_xscale("log")
        axes.legend(frameon=False)


def sample(payments: pd.DataFrame) -> pd.DataFrame:
    """Three payments that nobody reported and two frauds, as far as there are, without labels."""
    frauds = payments["is_fraud"] == 1
    rows = pd.concat([payments[~frauds].tail(3), payments[frauds].tail(2)])
    return rows.drop(columns=["is_fraud", "reported_at", "declined"]).reset_index(drop=True)


RECIPE = Recipe(
    use_case="fraud",
    metric="average_precision",
    better="higher",
    features=FEATURES,
    frame=frame,
    check=check,
    split=split,
    model=model,
    baselines=baselines,
    score=score,
    plots=plots,
    sample=sample,
    policy=policy,
    servable=("scorecard", "logistic_regression"),
    lost_to=judge,
)
