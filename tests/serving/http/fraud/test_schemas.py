"""Answers about payments as they are told."""

from data.decisions import DecisionReason
from serving.http.fraud.schemas import said_once


def test_reasons_that_read_alike_are_told_once() -> None:
    new = "no earlier payment from this device"
    reasons = [
        DecisionReason("DEVICE_SINCE_FIRST", new, 0.5),
        DecisionReason("AMOUNT_BASE", "the amount is 5.00 in base currency", 0.3),
        DecisionReason("DEVICE_SINCE_LAST", new, 0.25),
    ]
    found = said_once(reasons)
    assert [(each.code, each.contribution) for each in found] == [
        ("DEVICE_SINCE_FIRST", 0.75),
        ("AMOUNT_BASE", 0.3),
    ]
