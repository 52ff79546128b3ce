"""The state of a key stays small, and is that of a replay."""

from pathlib import Path

import numpy as np
import orjson

from features.counters import SqliteCounters
from features.windows import (
    digest,
    states,
)
from tests.features.windows.payment_streams import DAY, HOUR, PLAN, START, event, frame, payment


def test_a_hot_key_stays_small(tmp_path: Path) -> None:
    counters = SqliteCounters(tmp_path / "hot.db", PLAN)
    for place in range(1_500):
        at = START + place * HOUR
        counters.observe(payment(f"p{place}", at, card_id="hot", ip=f"i{place}"))
    with counters._transaction():
        key = f"card:{digest('hot')}"
        (state,) = counters._db.execute("select state from state where key = ?", (key,)).fetchone()
    counters.close()
    assert len(state) < 8_000


def test_filling_gives_the_state_of_a_replay(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    rows = [
        (
            f"e{place}",
            START + int(generator.integers(0, 200 * DAY)),
            1,
            int(generator.integers(0, 5_000)),
            int(generator.random() < 0.2),
            int(generator.random() < 0.1),
            7,
            49,
            generator.choice(["a", "b", None]),
            f"i{generator.integers(0, 90)}",
            generator.choice(["w", None]),
        )
        for place in range(400)
    ]
    stream = frame(rows)
    counters = SqliteCounters(tmp_path / "counters.db", PLAN)
    for _, row in stream.iterrows():
        counters.observe(event(row))
    with counters._transaction():
        found = counters._db.execute("select key, state from state").fetchall()
    counters.close()
    filled = {f"{key.name}:{name}": state for key, name, state in states(stream, PLAN)}
    assert {key: orjson.loads(state) for key, state in found} == filled
