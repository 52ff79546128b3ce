"""Small data for the tests beside."""

from data.views import View
from features.store.encoding import entity_key, key_prefix, whole
from features.store.online import Online, OnlineBatch

VIEW = View("profile", ("customer_id",), {"score": "int", "visits": "int"})


SECOND = 1_000_000


NOW = 1_700_000_000 * SECOND


def key(name: str) -> bytes:
    return entity_key(key_prefix(VIEW.keys), [name])


def batch(rows: dict[str, tuple[int, int]], horizon: int = 0, view: View = VIEW) -> OnlineBatch:
    """Keys -> (event time, score)."""
    scores = [whole(score) for _, score in rows.values()]
    return OnlineBatch(
        view=view,
        keys=[key(name) for name in rows],
        micros=[time for time, _ in rows.values()],
        columns=[scores, [b""] * len(rows)],
        horizon=horizon,
    )


def stored(online: Online, *names: str, view: View = VIEW):
    (found,) = online.read([(view, [key(name) for name in names])])
    return [None if row is None else (row[0], row[1][0]) for row in found]
