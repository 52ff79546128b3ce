"""Small data for the tests beside."""

from datetime import UTC, datetime
from typing import Any

from data.decisions import Decision

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def decided(name: str, **given: Any) -> Decision:
    changes = dict(given)
    payment = {"payment_id": name, "customer_id": f"c-{name}", **changes.pop("payment", {})}
    return Decision(
        **{
            "payment_id": name,
            "decision_id": f"d-{name}",
            "decided_at": NOON,
            "decision": "allow",
            "probability": 0.1,
            "score": 10.0,
            "reasons": (),
            "rules_hit": (),
            "model_version": "1",
            "policy_version": "p",
            "degraded": False,
            "payment": payment,
            "features": {},
            "trace": {"amount_base": 10.0},
            **changes,
        }
    )
