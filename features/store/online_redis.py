"""The newest values in Redis, laid out as Feast lays them out; see `features.store.online`."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain, islice
from typing import Any

import mmh3

from data.views import View
from features.store.encoding import read_stamp, stamp
from features.store.online import Asked, OnlineBatch, Stored

# KEYS: the hashes. ARGV: the time's field, the number of features, their fields; then for each key
# the horizon (microseconds), the time (empty: drop the values) and the values.
_SCRIPT = """
local function micros(data)
  local fields, at = {[8] = 0, [16] = 0}, 1
  while at <= #data do
    local tag, number, scale = data:byte(at), 0, 1
    repeat
      at = at + 1
      local byte = data:byte(at)
      number = number + (byte % 128) * scale
      scale = scale * 128
    until byte < 128
    fields[tag] = number
    at = at + 1
  end
  return fields[8] * 1000000 + math.floor(fields[16] / 1000)
end
local time, count, written = ARGV[1], tonumber(ARGV[2]), 0
local fields, parts = {time}, {time}
for j = 1, count do
  fields[j + 1] = ARGV[2 + j]
  parts[2 * j + 1] = ARGV[2 + j]
end
for i, key in ipairs(KEYS) do
  local at = 3 + count + (i - 1) * (count + 2)
  local stored = redis.call('HGET', key, time)
  if not stored or micros(stored) <= tonumber(ARGV[at]) then
    if ARGV[at + 1] == '' then
      redis.call('HDEL', key, unpack(fields))
    else
      for j = 0, count do parts[2 * j + 2] = ARGV[at + 1 + j] end
      redis.call('HSET', key, unpack(parts))
    end
    written = written + 1
  end
end
return written
"""


_CALLS = 100  # script calls prepared at a time


class RedisOnline:
    """Feast's Redis layout: a hash for each entity key, a field for each feature and view's time.

    client: a redis.Redis that reads; writer: the one that writes, with time to wait (the same when
    not given). project: Feast's project, the end of every key.
    """

    _rows = 200  # keys in one script call: about a millisecond of the server's time

    def __init__(self, client: Any, project: str, writer: Any = None) -> None:
        self._client = client
        self._writer = writer or client
        self._project = project.encode()
        self._script = self._writer.register_script(_SCRIPT)

    def write(self, batch: OnlineBatch) -> int:
        """Compare and set in the server: no other writer gets in between."""
        horizons = (max(batch.horizon, micros) for micros in batch.micros)
        rows = zip(horizons, map(stamp, batch.micros), *batch.columns, strict=True)
        return self._run(batch.view, batch.keys, rows)

    def forget(self, view: View, keys: Sequence[bytes], horizon: int) -> None:
        """Drop the values of keys, unless they are newer than the horizon.

        view: the view's contract.
        """
        nothing = (b"",) * (len(view.features) + 1)
        self._run(view, keys, ((horizon, *nothing) for _ in keys))

    def read(self, asked: Asked) -> list[list[Stored | None]]:
        """All views and keys in one round trip."""
        calls = [
            (key + self._project, (*_fields(view), _time(view)))
            for view, keys in asked
            for key in keys
        ]
        if len(calls) == 1:  # a pipeline would cost as much again
            answers = iter([self._client.hmget(*calls[0])])
        else:
            with self._client.pipeline(transaction=False) as pipe:
                for key, fields in calls:
                    pipe.hmget(key, fields)
                answers = iter(pipe.execute())
        return [[_stored(next(answers)) for _ in keys] for _, keys in asked]

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()
        self._writer.close()

    def _run(self, view: View, keys: Sequence[bytes], rows: Iterator[tuple[Any, ...]]) -> int:
        """Two at a time: while the server works on one call, the next is made."""
        head = [_time(view), len(view.features), *_fields(view)]

        def call(names: Sequence[bytes], values: Sequence[tuple[Any, ...]]) -> int:
            keys = [key + self._project for key in names]
            return int(self._script(keys=keys, args=[*head, *chain.from_iterable(values)]))

        written, size = 0, self._rows
        with ThreadPoolExecutor(2) as pool:
            for start in range(0, len(keys), size * _CALLS):
                parts = [keys[i : i + size] for i in range(start, start + size * _CALLS, size)]
                taken = [(part, list(islice(rows, len(part)))) for part in parts if part]
                written += sum(pool.map(lambda each: call(*each), taken))
        return written


def _time(view: View) -> bytes:
    return f"_ts:{view.name}".encode()


@cache
def _named(view: str, features: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(_field(f"{view}:{name}") for name in features)


def _fields(view: View) -> tuple[bytes, ...]:
    return _named(view.name, tuple(view.features))


def _field(name: str) -> bytes:
    return mmh3.hash(name, signed=False).to_bytes(4, "little")


def _stored(answer: list[bytes | None]) -> Stored | None:
    *values, time = answer
    return None if time is None else (read_stamp(time), values)
