"""How the fraud model is made: labels as they were known, folds by time, thresholds by cost."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from features.fraud import FEATURES, amounts, fraud_reports, model_inputs
from models.base import Model, parameters
from models.fraud import ACTIONS, BoostedTrees, Costs, Logistic, Rules, best_policy
from training.job import Context, Recipe, Split, override
from training.metrics import card_precision_at_k, expected_calibration_error
from training.plots import OURS, THEIRS, drawing

FEWEST_PAYMENTS, FEWEST_FRAUDS, FEWEST_TEST_FRAUDS = 1_000, 30, 5
TEST_SHARE = 0.2
REPORTED = 0.995
BUDGET = 0.005  # the default of `fraud_budget`, for figures that compare models


def frame(context: Context) -> pd.DataFrame:
    """Labelled payments with what was known at the moment of each of them."""
    lake, as_of = context.lake, context.as_of
    payments = lake.read("payments", as_of=as_of)
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
    return labelled(seen, as_of, _maturity(seen, as_of, context)).sort_values(
        "attempted_at", kind="stable"
    )


def labelled(payments: pd.DataFrame, known_at: datetime, maturity: timedelta) -> pd.DataFrame:
    """The payments whose label was known at a time, with `is_fraud`.

    Older than the maturity: fraud when reported by then, else honest; but a declined one that
    nobody reported is unknown (it was not taken). Younger ones are left out, reported or not: of
    them only frauds would be known, and a model would learn that what is recent is fraud.
    """
    now = pd.Timestamp(known_at)
    reported = (payments["reported_at"] <= now).to_numpy(dtype=bool)
    taken = ~payments["declined"].to_numpy(dtype=bool)
    mature = (payments["attempted_at"] <= now - maturity).to_numpy(dtype=bool)
    marked = payments.assign(is_fraud=reported.astype(np.int64))
    known: pd.DataFrame = marked[mature & (reported | taken)]
    return known


def cut_of(labelled_payments: pd.DataFrame) -> pd.Timestamp:
    """Where the test begins: the last fifth of the time the payments cover."""
    times = labelled_payments["attempted_at"]
    first, last = times.min(), times.max()
    return pd.Timestamp(last - (last - first) * TEST_SHARE)


def check(payments: pd.DataFrame) -> list[str]:
    """What is missing, a sentence each."""
    frauds = int(payments["is_fraud"].sum())
    missing = []
    if len(payments) < FEWEST_PAYMENTS:
        missing.append(
            f"{len(payments):,} payments with a known label, at least {FEWEST_PAYMENTS:,} needed: "
            "ingest payments, or lower ARGOSY_LABEL_MATURITY_DAYS."
        )
    if frauds < FEWEST_FRAUDS:
        missing.append(
            f"{frauds} reported frauds, at least {FEWEST_FRAUDS} needed: ingest chargebacks."
        )
    if not missing:
        late = payments.loc[payments["attempted_at"] >= cut_of(payments), "is_fraud"]
        if (tested := int(late.sum())) < FEWEST_TEST_FRAUDS:
            missing.append(
                f"{tested} frauds in the last fifth of the time, at least {FEWEST_TEST_FRAUDS} "
                "needed to judge a model."
            )
    return missing


def split(payments: pd.DataFrame, context: Context) -> Split:
    """Train on what was known at the cut, labels too; test on the payments from it on."""
    cut = cut_of(payments)
    test = payments[payments["attempted_at"] >= cut]
    return Split(labelled(payments, cut, _maturity(payments, cut, context)), test, cut)


def _maturity(payments: pd.DataFrame, known_at: datetime, context: Context) -> timedelta:
    return maturity(payments, known_at, timedelta(days=context.settings.label_maturity_days))


def maturity(payments: pd.DataFrame, known_at: datetime, most: timedelta) -> timedelta:
    """After how long an unreported payment counts as honest: `most`, or, where reports come sooner,
    the time within which REPORTED of them came.

    By the reports known at a time, of payments older than `most` then, all of which could have been
    reported late; `most` where fewer than FEWEST_FRAUDS of them were.
    """
    now = pd.Timestamp(known_at)
    old = payments["attempted_at"] <= now - most
    known = payments[old & (payments["reported_at"] <= now)]
    if len(known) < FEWEST_FRAUDS:
        return most
    seconds = (known["reported_at"] - known["attempted_at"]).dt.total_seconds()
    return min(most, timedelta(days=max(0, math.ceil(seconds.quantile(REPORTED) / 86_400))))


def model(context: Context) -> BoostedTrees:
    """The trees, with `--set`."""
    defaults = parameters(BoostedTrees(seed=context.settings.seed))
    return BoostedTrees(**override(defaults, context.overrides))


def baselines(context: Context) -> Mapping[str, Model]:
    """A logistic regression on the same columns, and plain rules."""
    return {"logistic_regression": Logistic(seed=context.settings.seed), "rules": Rules()}


def score(fitted: Model, halves: Split) -> Mapping[str, float]:
    """Metrics on the test payments; saved_share: of the cost of allowing everything."""
    test = halves.test
    label, p = test["is_fraud"].to_numpy(), fitted.predict(test)["probability"].to_numpy()
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
    return {
        "average_precision": float(average_precision_score(label, p)),
        "roc_auc": float(roc_auc_score(label, p)),
        "card_precision_at_10": card_precision_at_k(cards, k=10),
        "card_precision_at_100": card_precision_at_k(cards, k=100),
        "calibration_error": expected_calibration_error(label, p),
        "saved_share": 1.0 - float(found.cost(p, amount, label).sum()) / everything,
        "chargeback_rate": found.chargeback_rate(p, amount, label),
        "fraud_rate": float(label.mean()),
        "mean_probability": float(p.mean()),
        **shares,
    }


def _amount(payments: pd.DataFrame) -> np.ndarray:
    return payments["amount_base"].fillna(0.0).to_numpy(dtype=float)


def policy(fitted: Model, halves: Split, context: Context) -> Mapping[str, float]:
    """The cheapest policy on payments the model had not seen, within the merchant's budget; and
    the deciles of their probabilities, which later days are compared with."""
    p = fitted.predict(halves.test)["probability"].to_numpy()
    settings = context.settings
    costs = Costs(**settings.fraud_costs)
    found = best_policy(p, _amount(halves.test), costs, budget=settings.fraud_budget)
    deciles = np.quantile(p, np.linspace(0.1, 0.9, 9)).tolist()
    return found.numbers() | {f"decile_{n}": value for n, value in enumerate(deciles, start=1)}


def plots(fitted: Model, halves: Split, folder: Path) -> None:
    """Precision and recall, calibration, cost by threshold, distribution of the score."""
    test = halves.test
    label, p = test["is_fraud"].to_numpy(), fitted.predict(test)["probability"].to_numpy()
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
    """Three honest payments and two frauds, without their labels."""
    rows = pd.concat(
        [payments[payments["is_fraud"] == 0].tail(3), payments[payments["is_fraud"] == 1].tail(2)]
    )
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
)
