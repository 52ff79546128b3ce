"""The customer behind a payment, as of each midnight."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.views import Terms
from features.fraud import (
    customer_risk,
)
from tests.features.fraud.payment_rows import NO_RATES, payment, reported, table


def test_the_customer_as_of_each_midnight() -> None:
    tables = {
        "customers": table(
            "customers",
            [{"customer_id": "c", "signed_up_at": "2025-03-01T08:00:00Z", "country": "DE"}],
        ),
        "payments": table(
            "payments",
            [
                payment("p1", 0, amount=np.e - 1),
                payment("p2", 60, amount=np.e**3 - 1),
                payment("p3", 3 * 24 * 60, outcome="declined", amount=1e6),
                payment("p4", 0, customer_id="unknown"),
            ],
        ),
        "chargebacks": table("chargebacks", [reported("p1", 24 * 60)]),
        "fx_rates": NO_RATES,
    }
    rows = customer_risk(tables, datetime(2025, 3, 14, tzinfo=UTC), Terms())
    ours = rows[rows["customer_id"] == "c"].set_index("event_timestamp")
    assert ours.index.strftime("%d %H").tolist() == ["01 08", "11 00", "12 00", "14 00"]
    assert ours["past_payments"].tolist() == [0, 2, 2, 3]
    assert ours["past_declines"].tolist() == [0, 0, 0, 1]
    assert ours["past_frauds"].tolist() == [0, 0, 1, 1]
    assert ours["usual_amount"].iloc[1:].tolist() == pytest.approx([2, 2, 2])
    assert ours["amount_spread"].iloc[1:].tolist() == pytest.approx([1, 1, 1])
    assert set(ours["home_country"]) == {"DE"}
    assert rows.loc[rows["customer_id"] == "unknown", "home_country"].isna().all()
    early = customer_risk(tables, datetime(2025, 3, 11, 12, tzinfo=UTC), Terms())
    pd.testing.assert_frame_equal(
        early,
        rows[rows["event_timestamp"] <= early["event_timestamp"].max()].reset_index(drop=True),
    )
