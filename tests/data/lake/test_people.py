"""One person in the lake: told whole, and taken out without touching another."""

from pathlib import Path

import pandas as pd

from data.lake import Lake
from data.lake.people import erase, traces

AT = pd.Timestamp("2024-05-01", tz="UTC")


def filled(folder: Path) -> Lake:
    lake = Lake(folder, max_bad_share=1.0)
    lake.append(
        "customers", pd.DataFrame({"customer_id": ["anna-17", "ben"], "country": ["DE", None]})
    )
    payments = {
        "payment_id": ["1", "2"],
        "attempted_at": AT,
        "customer_id": ["anna-17", "ben"],
        "amount": [5.0, 6.0],
        "currency": "EUR",
        "card_id": ["k", "l"],
    }
    lake.append("payments", pd.DataFrame(payments))
    bad = pd.DataFrame({**payments, "payment_id": ["3", "4"], "amount": [-1.0, -1.0]})
    lake.append("payments", bad)
    return lake


def test_traces_are_of_one_customer_without_empty_fields(tmp_path: Path) -> None:
    found = traces(filled(tmp_path / "lake"), "ben")
    assert found["customers"] == [{"customer_id": "ben"}]
    assert [row["payment_id"] for row in found["payments"]] == ["2"]
    assert found["orders"] == []


def test_who_is_erased_stands_in_no_file(tmp_path: Path) -> None:
    lake = filled(tmp_path / "lake")
    counts = erase(lake, "anna-17", lambda text: f"hash{len(text)}")
    assert counts == {"customers": 1, "payments": 1, "quarantine": 1}
    payments = lake.read("payments").set_index("payment_id")
    assert payments["customer_id"].to_dict() == {"1": "hash7", "2": "ben"}
    assert payments["card_id"].to_dict() == {"1": "hash1", "2": "l"}
    assert payments.loc["1", "amount"] == 5.0
    assert lake.read("customers")["customer_id"].tolist() == ["ben"]
    for file in lake.folder.rglob("*"):
        assert not file.is_file() or b"anna-17" not in file.read_bytes(), file
    assert lake.quarantine("payments")["record"].str.contains("ben").all()


def test_an_erasure_of_nobody_changes_nothing(tmp_path: Path) -> None:
    lake = filled(tmp_path / "lake")
    version = lake.version()
    assert erase(lake, "nobody", str) == {}
    assert lake.version() == version
