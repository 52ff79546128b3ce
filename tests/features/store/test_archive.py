"""Files that say what they hold."""

from features.store.archive import UNIQUE_BY
from features.store.asof import AsofSource, pull
from tests.features.store.asof_files import asked, day, part, values, write


def test_a_file_noted_as_unique_is_joined_as_it_is(tmp_path):
    path = write(tmp_path / "rows.parquet", [("a", 1, 1, 1)], **{UNIQUE_BY.decode(): "key,at"})
    assert values(asked(("a", 1), ("a", 0)), part(path)) == [1, None]


def test_pull_takes_a_range_and_the_newest_of_each_key(tmp_path):
    path = write(tmp_path / "rows.parquet", [("a", 1, 1, 1), ("a", 2, 2, 2), ("b", 9, 9, 9)])
    source = AsofSource(path, "at", "created")
    assert pull(source, ["value"], (day(1), day(2)))["value"].to_pylist() == [1, 2]
    assert pull(source, ["value"], (day(2).replace(tzinfo=None), None)).num_rows == 2
    assert pull(source, ["value"], (None, None)).num_rows == 3
    newest = pull(source, ["key", "value"], (day(0), day(5)), newest_of=["key"])
    assert newest.to_pydict() == {"key": ["a"], "value": [2]}
