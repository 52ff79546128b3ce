"""The online store, on SQLite and on Redis."""

import pytest

from data.views import View
from features.store.encoding import whole
from tests.features.store.online_rows import NOW, SECOND, VIEW, batch, key, stored


def test_what_was_written_is_read_in_the_order_asked(online):
    assert online.write(batch({"a": (NOW, 1), "b": (NOW + 3, 2)})) == 2
    found = stored(online, "b", "a", "nobody", "b")
    second, first = (NOW + 3, whole(2)), (NOW, whole(1))
    assert found == [second, first, None, second]


def test_an_unknown_value_is_stored_as_unknown(online):
    online.write(batch({"a": (NOW, 1)}))
    ((row,),) = online.read([(VIEW, [key("a")])])
    assert row is not None
    assert list(row[1]) == [whole(1), b""]


@pytest.mark.parametrize("step", [1, SECOND, 30 * SECOND])
def test_an_older_value_never_takes_the_place_of_a_newer_one(online, step):
    online.write(batch({"a": (NOW, 1)}))
    assert online.write(batch({"a": (NOW - step, 0), "b": (NOW, 5)})) == 1
    assert stored(online, "a", "b") == [(NOW, whole(1)), (NOW, whole(5))]
    assert online.write(batch({"a": (NOW + step, 2)})) == 1
    assert stored(online, "a") == [(NOW + step, whole(2))]


def test_a_correction_of_the_same_time_counts(online):
    online.write(batch({"a": (NOW, 1)}))
    online.write(batch({"a": (NOW, 2)}))
    assert stored(online, "a") == [(NOW, whole(2))]


def test_up_to_the_horizon_an_older_value_replaces_a_newer_one(online):
    online.write(batch({"a": (NOW, 1), "b": (NOW + 10, 1)}))
    online.write(batch({"a": (NOW - 5, 2), "b": (NOW - 5, 2)}, horizon=NOW))
    assert stored(online, "a", "b") == [(NOW - 5, whole(2)), (NOW + 10, whole(1))]


def test_forgetting_spares_what_is_newer_than_the_horizon(online):
    online.write(batch({"a": (NOW, 1), "b": (NOW + 1, 1)}))
    online.forget(VIEW, [key("a"), key("b"), key("nobody")], NOW)
    assert stored(online, "a", "b") == [None, (NOW + 1, whole(1))]


def test_views_with_the_same_key_do_not_touch_each_other(online):
    other = View("risk", ("customer_id",), {"score": "int", "visits": "int"})
    online.write(batch({"a": (NOW, 1)}))
    online.write(batch({"a": (NOW - 9, 7)}, view=other))
    online.forget(other, [key("b")], NOW)
    found = online.read([(VIEW, [key("a")]), (other, [key("a")])])
    assert [rows[0] and rows[0][0] for rows in found] == [NOW, NOW - 9]
    online.forget(other, [key("a")], NOW)
    assert stored(online, "a") == [(NOW, whole(1))]


def test_nothing_is_known_before_anything_was_written(online):
    assert stored(online, "a") == [None]
    assert online.write(batch({})) == 0


def test_more_keys_than_one_call_takes(online):
    rows = {f"customer {i}": (NOW + i, i) for i in range(1201)}
    assert online.write(batch(rows)) == 1201
    assert stored(online, *rows) == [(time, whole(score)) for time, score in rows.values()]
