"""Objects are read, put whole, and put only where nobody has changed them since."""

from pathlib import Path

import pytest

from data.bucket import Bucket, BucketError, ChangedObjectError, MissingObjectError


def test_an_object_is_read_as_it_was_put(bucket: str, tmp_path: Path) -> None:
    store = Bucket(bucket)
    store.put("a/b", b"one")
    found = store.read("a/b")
    assert found is not None
    assert found.content == b"one"
    assert store.read("a/b", unless=found.tag) is None
    store.fetch("a/b", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"one"
    assert list(store.names("a")) == ["a/b"]
    store.remove("a/b")
    store.remove("a/b")
    with pytest.raises(MissingObjectError, match=r"nothing at s3://shop-.*/argosy/a/b"):
        store.read("a/b")


def test_only_who_read_the_newest_replaces_it(bucket: str) -> None:
    store = Bucket(bucket)
    first = store.replace("index", b"1", of=None)
    with pytest.raises(ChangedObjectError, match="changed by another"):
        store.replace("index", b"2", of=None)
    second = store.replace("index", b"2", of=first)
    with pytest.raises(ChangedObjectError):
        store.replace("index", b"3", of=first)
    store.replace("index", b"3", of=second)


def test_a_store_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(BucketError, match=r"s3://nobody/x cannot be used .*AWS_ENDPOINT_URL"):
        Bucket("s3://nobody/x").read("index")
