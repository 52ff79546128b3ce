"""Corrections that make no sense are refused with all that is wrong."""

from datetime import UTC, date, datetime

import pytest

from data.history_corrections import HistoryCorrectionError, checked_correction
from tests.features.forecasting.test_history_corrections import correction

NOW = datetime(2024, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"last": date(2024, 1, 1)}, "last 2024-01-01 is before first 2024-01-08"),
        ({"last": date(2024, 3, 1)}, "last 2024-03-01 has not come yet"),
        ({"first": date(1900, 1, 1)}, "no sales are known from before 1970-01-01"),
        ({"action": "replace"}, "quantity: say what was wanted in a period"),
        ({"action": "replace", "quantity": -1.0}, "quantity -1.0: it must be 0 or more"),
        ({"quantity": 3.0}, "quantity 3: only `replace` takes one"),
        ({"warehouse_id": "*", "product_id": "*"}, "name a warehouse_id"),
        ({"reason": "  "}, "reason: say it"),
        ({"author": ""}, "author: say it"),
    ],
)
def test_nonsense_is_refused(changes: dict, told: str) -> None:
    with pytest.raises(HistoryCorrectionError, match=told.replace("(", r"\(")):
        checked_correction(correction(created_at=NOW, **changes))


def test_sense_is_kept() -> None:
    given = correction(created_at=NOW)
    assert checked_correction(given) == given
