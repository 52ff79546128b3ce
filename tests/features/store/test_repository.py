import json

import pytest

from data.settings import Settings
from features.store.repository import configuration, write_configuration


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://cache", "cache:6379,db=0"),
        ("redis://cache:7000/3", "cache:7000,db=3"),
        ("rediss://:s%40cret@cache/1", 'cache:6379,db=1,password="s@cret",ssl=true'),
        ("redis://me:7@cache", 'cache:6379,db=0,username=me,password="7"'),
    ],
)
def test_a_redis_url_in_feasts_words(url, expected):
    online = configuration(Settings(online_store_url=url))["online_store"]
    assert online == {"type": "redis", "connection_string": expected}


def test_a_postgresql_registry_has_a_schema_of_its_own():
    url = "postgresql+psycopg://me@db/shop"
    registry = configuration(Settings(registry_url=url, namespace="east"))["registry"]
    assert registry["path"] == url
    assert registry["sqlalchemy_config_kwargs"]["connect_args"] == {"options": "-csearch_path=east"}


def test_the_file_is_json_its_owner_reads_and_follows_the_settings(settings):
    settings.feature_folder.mkdir(parents=True)
    write_configuration(settings)
    file = settings.feature_folder / "feature_store.yaml"
    assert json.loads(file.read_text()) == configuration(settings)
    assert file.stat().st_mode & 0o077 == 0
    before = file.stat().st_mtime_ns
    write_configuration(settings)
    assert file.stat().st_mtime_ns == before
    write_configuration(settings.model_copy(update={"namespace": "east"}))
    assert json.loads(file.read_text())["project"] == "east"
