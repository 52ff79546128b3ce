"""Overrides in the records."""

from datetime import UTC, date, datetime, timedelta

import pytest

from data.overrides import Override, OverrideError
from data.records import Records

NOW = datetime(2024, 6, 3, tzinfo=UTC)


def override(**changes: object) -> Override:
    given = {
        "override_id": "a",
        "warehouse_id": "w",
        "product_id": "p",
        "first": date(2024, 6, 10),
        "last": date(2024, 6, 16),
        "author": "ann",
        "reason": "leaflet",
        "created_at": NOW - timedelta(days=1),
        "expires_at": NOW + timedelta(days=30),
        "factor": 2.0,
    }
    return Override(**given | changes)  # type: ignore[arg-type]


def test_overrides_are_kept_and_dropped_once(records: Records) -> None:
    one, other = override(), override(override_id="b", product_id="q", created_at=NOW)
    for each in (one, other, one):
        assert records.overrides.add(each) == each
    assert records.overrides.all() == [other, one]
    assert records.overrides.all(product_id="p") == [one]
    assert records.overrides.drop("a", NOW) == one
    assert records.overrides.drop("a", NOW) is None
    assert records.overrides.all() == [other]


def test_an_override_without_sense_is_refused_with_all_faults(records: Records) -> None:
    wrong = override(quantity=1.0, last=date(2020, 1, 1), expires_at=NOW - timedelta(days=9))
    with pytest.raises(OverrideError, match=r"either quantity or factor.*before first.*is past"):
        records.overrides.add(wrong)
    with pytest.raises(OverrideError, match="-1"):
        records.overrides.add(override(factor=-1.0))
    assert records.overrides.all() == []
