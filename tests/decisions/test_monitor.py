from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.decisions import Decision
from data.settings import Settings
from decisions.monitor import MonitorLimits, look, write
from decisions.runtime import Runtime

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DRAW = np.random.default_rng(2)


def decision(number: int, *, age: float, velocity: float, amount: float) -> Decision:
    at = NOW - timedelta(days=age, seconds=number)
    return Decision(
        payment_id=f"p{number}",
        decision_id=f"d{number}",
        decided_at=at,
        decision="allow",
        probability=0.1,
        score=10.0,
        reasons=(),
        rules_hit=(),
        model_version="1",
        policy_version="p",
        degraded=False,
        payment={
            "payment_id": f"p{number}",
            "attempted_at": at.isoformat(),
            "customer_id": f"c{number}",
            "amount": amount,
            "currency": "EUR",
            "card_id": f"k{number}",
        },
        features={"card_count": velocity, "amount": amount},
    )


@pytest.fixture
def runtime(settings: Settings) -> Runtime:
    runtime = Runtime(settings)
    runtime.records.migrate()
    for number in range(120):
        amount = float(DRAW.gamma(2, 20))
        age = 1.0 if number < 60 else 12.0
        runtime.records.add_decision(decision(number, age=age, velocity=0.0, amount=amount))
    return runtime


def figures(runtime: Runtime) -> dict[str, float]:
    return {watch.name: watch.value for watch in look(runtime).watches}


def test_what_was_served_as_computed_is_within_limits(runtime: Runtime, tmp_path: Path) -> None:
    report = look(runtime)
    found = figures(runtime)
    assert found["served velocities unlike the batch's, share"] == 0.0
    assert found["decisions degraded, share"] == 0.0
    assert found["drift of card_count, PSI"] == pytest.approx(0.0)
    assert found["payments with a label"] == 0.0
    write(report, tmp_path / "out" / "monitor.html")
    page = (tmp_path / "out" / "monitor.html").read_text()
    assert "data:image/png;base64," in page
    assert "drift of amount, PSI" in page


def test_skew_and_degraded_answers_are_past_their_limits(runtime: Runtime) -> None:
    wrong = decision(900, age=0.5, velocity=7.0, amount=20.0)
    for number in range(900, 920):
        name = f"p{number}"
        payment = {**wrong.payment, "payment_id": name, "card_id": name}
        runtime.records.add_decision(
            replace(wrong, payment_id=name, decision_id=name, payment=payment, degraded=True)
        )
    report = look(runtime, MonitorLimits())
    past = {watch.name for watch in report.watches if not watch.ok}
    assert "served velocities unlike the batch's, share" in past
    assert "decisions degraded, share" in past
    assert not report.ok


def test_payments_of_the_same_time_count_in_the_order_in_which_they_were_decided(
    settings: Settings,
) -> None:
    runtime = Runtime(settings)
    runtime.records.migrate()
    first = decision(1, age=0.5, velocity=0.0, amount=20.0)
    for turn, name in enumerate(("zebra", "ant")):  # not in the order of their ids
        payment = {**first.payment, "payment_id": name}
        runtime.records.add_decision(
            replace(
                first,
                payment_id=name,
                decision_id=name,
                decided_at=first.decided_at + timedelta(milliseconds=turn),
                payment=payment,
                features={"card_count": float(turn), "customer_amount": 20.0 * turn},
            )
        )
    assert figures(runtime)["served velocities unlike the batch's, share"] == 0.0


def test_labels_of_history_are_measured_from_the_payment(runtime: Runtime) -> None:
    """A payment of years ago that is decided today did not wait for its label for years."""
    old = decision(5, age=900.0, velocity=0.0, amount=20.0)
    now = replace(old, payment_id="old", decision_id="old", decided_at=NOW)
    payment = {**old.payment, "payment_id": "old"}
    runtime.records.add_decision(replace(now, payment=payment))
    told = old.decided_at + timedelta(days=9)
    runtime.records.add_labels([{"payment_id": "old", "reported_at": told, "is_fraud": True}])
    assert figures(runtime)["median days until a label"] == pytest.approx(9.0)


def test_forecasts_that_miss_too_often_are_past_their_limit(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = [f"p{n}" for n in range(60)]
    common = {"warehouse_id": "w", "period_start": "2026-02-02", "frequency": "week"}
    demand = pd.DataFrame({"product_id": products, "quantity": [5.0] * 60, **common}).assign(
        event_timestamp=pd.Timestamp(NOW), price=1.0, currency="EUR", in_stock=1.0, censored=False
    )
    demand.loc[:29, "quantity"] = 50.0
    said = pd.DataFrame({"product_id": products, **common}).assign(
        event_timestamp=pd.Timestamp(NOW - timedelta(days=27)),
        levels=[[0.1, 0.5, 0.9]] * 60,
        quantiles=[[2.0, 4.0, 8.0]] * 60,
    )
    views = {"forecast": said, "demand": demand}
    monkeypatch.setattr(runtime.store, "history", lambda view, *_: views[view])
    name = "sales outside the forecast's 80 % interval, share"
    found = {watch.name: watch for watch in look(runtime).watches}[name]
    assert (found.value, found.ok) == (0.5, False)
    views["forecast"] = said.iloc[:40]
    assert name not in figures(runtime), "40 say too little"
