from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.decisions import Decision
from data.settings import Settings
from decisions.monitor import MonitorLimits, MonitorLimitsError, look
from decisions.runtime import Runtime
from models.registry import RegistryError, VersionInfo

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


def test_what_was_served_as_computed_is_within_limits(runtime: Runtime) -> None:
    report = look(runtime)
    found = figures(runtime)
    assert found["served velocities unlike the batch's, share"] == 0.0
    assert found["decisions degraded, share"] == 0.0
    assert found["drift of card_count, PSI"] == pytest.approx(0.0)
    assert found["payments with a label"] == 0.0
    assert report.ok


def test_rows_in_quarantine_are_told_with_their_table(runtime: Runtime, tmp_path: Path) -> None:
    lines = [f"p{n},tea" for n in range(97)] + [f",tea{n}" for n in range(3)]
    (tmp_path / "products.csv").write_text("product_id,category\n" + "\n".join(lines) + "\n")
    runtime.lake.ingest(tmp_path)
    found = {watch.name: watch for watch in look(runtime).watches}
    watch = found["rows of products in quarantine, share"]
    assert (watch.use_case, watch.value, watch.ok) == ("data", 0.03, True)
    assert not replace(watch, value=0.06).ok


def test_a_model_that_learned_long_ago_is_past_its_limit(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = VersionInfo(
        "fraud", "2", True, "m", NOW - timedelta(days=100), NOW, "r", {}, note="promoted"
    )
    kept = [newest, replace(newest, version="1", champion=False, cut_off=NOW - timedelta(days=400))]
    monkeypatch.setattr(runtime.registry, "versions", lambda: kept)
    monkeypatch.setattr(runtime.lake, "clock", lambda: NOW)
    (watch,) = [one for one in look(runtime).watches if one.name == "days since the model learned"]
    assert (watch.use_case, watch.value, watch.ok) == ("fraud", 100.0, False)


def test_a_registry_that_is_away_is_told_and_hides_nothing_else(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {watch.name for watch in look(runtime).watches}

    def away() -> None:
        raise RegistryError("Cannot list the versions")

    monkeypatch.setattr(runtime.registry, "versions", away)
    found = {watch.name: watch for watch in look(runtime).watches}
    told = found.pop("model registries that do not answer")
    assert not told.ok
    assert set(found) == before


def test_fraud_foretold_is_held_against_what_came(runtime: Runtime) -> None:
    """Payments of two months ago, 0.1 foretold for each; what came are 30 of 100."""
    name = "fraud foretold less fraud that came, of allowed payments, share"
    assert name not in figures(runtime), "120 payments of two weeks: too young to know"
    for number in range(1000, 1100):
        runtime.records.add_decision(decision(number, age=60.0, velocity=0.0, amount=20.0))
    assert figures(runtime)[name] == pytest.approx(0.1)
    reported = NOW - timedelta(days=20)
    runtime.records.add_labels(
        [
            {"payment_id": f"p{number}", "reported_at": reported, "is_fraud": True}
            for number in range(1000, 1030)
        ]
    )
    (watch,) = [one for one in look(runtime).watches if one.name == name]
    assert watch.value == pytest.approx(0.2)
    assert not watch.ok


def test_limits_of_a_file_take_the_place_of_the_usual_ones(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("drift = 0.4\nmodel_days = 7\n")
    assert MonitorLimits.read(file) == MonitorLimits(drift=0.4, model_days=7.0)
    shipped = Path(__file__).parent.parent.parent / "ops" / "monitor.toml"
    assert MonitorLimits.read(shipped) == MonitorLimits()
    for text, told in (
        ("drfit = 0.4", "no limit 'drfit'; is it 'drift'?"),
        ("drift = -1", "write a number of 0 or more"),
        ("drift = nan", "write a number of 0 or more"),
        ('drift = "much"', "write a number of 0 or more"),
        ("drift = true", "write a number of 0 or more"),
        ("drift", "cannot be read as TOML"),
    ):
        file.write_text(text)
        with pytest.raises(MonitorLimitsError, match=told.replace("?", r"\?")):
            MonitorLimits.read(file)
    with pytest.raises(MonitorLimitsError, match="cannot be read"):
        MonitorLimits.read(tmp_path / "none.toml")


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
