"""The online store on SQLite."""

from datetime import timedelta

from features.store.encoding import whole
from features.store.online_sqlite import SqliteOnline
from tests.features.store.online_rows import NOW, SECOND, batch, stored


def test_a_time_feast_wrote_later_counts(tmp_path):
    """Feast's own writer knows only whole seconds, and nothing of ours."""
    import sqlite3

    online = SqliteOnline(tmp_path / "online.db", "shop")
    online.write(batch({"a": (NOW + 5, 1)}))
    with sqlite3.connect(tmp_path / "online.db") as connection:
        connection.execute(
            "update shop_profile set event_ts = event_ts + 60, value = ? where feature_name = ?",
            (whole(9), "score"),
        )
    connection.close()
    later = NOW + timedelta(minutes=1).seconds * SECOND
    assert stored(online, "a") == [(later, whole(9))]
    assert online.write(batch({"a": (NOW + 30 * SECOND, 2)})) == 0
    online.close()
