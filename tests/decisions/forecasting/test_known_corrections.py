"""History without the database that keeps corrections."""

from types import SimpleNamespace

import pandas as pd
import pytest

from data.records import DatabaseError
from decisions.forecasting.known_corrections import with_corrections
from features.forecasting import demand
from tests.features.forecasting.small_tables import order, tables, week


def test_without_the_database_history_is_what_was_sold(caplog: pytest.LogCaptureFixture) -> None:
    def unreachable(_: object) -> list:
        raise DatabaseError("the database does not answer")

    given = tables(orders=[order(1, week(0), 2), order(2, week(1), 3)])
    runtime = SimpleNamespace(
        records=SimpleNamespace(history_corrections=SimpleNamespace(known_at=unreachable)),
        lake=SimpleNamespace(read=lambda name, **_: given[name]),
    )
    frame = with_corrections(runtime, demand(given, week(2), "week"), week(2))  # type: ignore[arg-type]
    assert frame["quantity"].tolist() == [2, 3]
    assert frame["observed"].tolist() == [2, 3]
    assert frame["history_corrections"].isna().all()
    assert "does not answer" in caplog.text
    assert isinstance(frame, pd.DataFrame)
