"""Labels and outcomes of payments, by the last word on each."""

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd

from decisions.fraud.known import all_labels, with_outcomes


def label(payment: str, at: datetime, is_fraud: bool = True) -> dict[str, object]:
    return {"payment_id": payment, "reported_at": at, "is_fraud": is_fraud}


def test_labels_of_both_places_count_once_and_a_broken_time_stops_nothing() -> None:
    lake = pd.DataFrame([label("a", pd.Timestamp("2024-05-01", tz="UTC"))])
    here = pd.DataFrame(
        [
            label("a", datetime(2024, 5, 1, 2, tzinfo=timezone(timedelta(hours=2)))),
            label("b", datetime(2024, 5, 2, tzinfo=UTC)),
            label("c", datetime(9999, 1, 1, tzinfo=UTC)),
        ]
    )
    found = all_labels(lake, here)
    assert found["payment_id"].tolist() == ["a", "b"]
    assert str(found["reported_at"].dt.tz) == "UTC"
    assert found["resolution"].isna().all()


def test_no_labels_are_none() -> None:
    nothing = pd.DataFrame(columns=["payment_id", "reported_at", "is_fraud"])
    assert all_labels(nothing, nothing).empty


def test_an_outcome_told_later_counts_unless_the_machine_failed() -> None:
    payments = pd.DataFrame({"payment_id": ["a", "b", "c"], "outcome": ["captured", None, None]})
    told = {
        "a": {"outcome": "declined", "technical_error": True},
        "b": {"outcome": "declined"},
        "z": {"outcome": "declined"},
    }
    found = with_outcomes(payments, told)
    assert found["outcome"].tolist()[:2] == ["captured", "declined"]
    assert pd.isna(found["outcome"][2])
    assert with_outcomes(payments, {}) is payments
