"""Records saved as one file, and put back into an empty database."""

from pathlib import Path

import pytest

from data.decisions import RecordsError
from data.records import Records
from data.records.copying import load_records, save_records
from tests.data.records.rows import event


def opened(path: Path) -> Records:
    made = Records(f"sqlite:///{path}", "copy")
    made.migrate()
    return made


def test_what_was_saved_is_there_again(tmp_path: Path) -> None:
    source = opened(tmp_path / "a.db")
    source.add_events([event("a"), event("b", 1)])
    source.journal.add("rule", "r", author="ann", body={"n": 1})
    save_records(source, tmp_path / "saved" / "all.db")
    source.add_events([event("after")])
    target = opened(tmp_path / "b.db")
    load_records(target, tmp_path / "saved" / "all.db")
    kept, _ = target.pending("events")
    assert kept["event_id"].tolist() == ["a", "b"]
    assert target.journal.of("rule", "r")[0].body == {"n": 1}
    assert target.database_id() == source.database_id()
    with pytest.raises(RecordsError, match="ARGOSY_DATABASE_URL"):
        load_records(target, tmp_path / "saved" / "all.db")
    for each in (source, target):
        each.close()
