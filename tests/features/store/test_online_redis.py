"""The online store on Redis."""

import redis

from features.store.encoding import whole
from features.store.online_redis import RedisOnline
from tests.features.store.online_rows import NOW, batch, stored


def test_two_projects_share_a_redis_apart(redis_url, namespace):
    stores = [
        RedisOnline(redis.Redis.from_url(redis_url), f"{namespace}_{name}") for name in ("x", "y")
    ]
    stores[0].write(batch({"a": (NOW, 1)}))
    assert stored(stores[0], "a") == [(NOW, whole(1))]
    assert stored(stores[1], "a") == [None]
    for store in stores:
        store.close()
