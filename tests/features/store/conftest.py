"""Fixtures of the tests beside."""

import pytest
import redis

from features.store.online import Online
from features.store.online_redis import RedisOnline
from features.store.online_sqlite import SqliteOnline


@pytest.fixture(params=["sqlite", "redis"])
def online(request, tmp_path):
    if request.param == "sqlite":
        store: Online = SqliteOnline(tmp_path / "online.db", "shop")
    else:
        client = redis.Redis.from_url(request.getfixturevalue("redis_url"))
        store = RedisOnline(client, request.getfixturevalue("namespace"))
    yield store
    store.close()
