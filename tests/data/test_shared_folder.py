"""A folder in a bucket: all of a change or nothing, on every machine; nobody overwrites unseen."""

from pathlib import Path

import pytest

from data.bucket import Bucket, BucketError, ChangedObjectError
from data.shared_folder import SharedFolder, open_shared


def machine(folder: Path, bucket: str) -> SharedFolder:
    return SharedFolder(folder, Bucket(bucket), "lake")


def put(shared: SharedFolder, **files: str | None) -> None:
    given: dict[str, Path | None] = {}
    for name, text in files.items():
        draft = shared.folder / f".{name}.draft"
        shared.folder.mkdir(parents=True, exist_ok=True)
        if text is not None:
            draft.write_text(text)
        given[name] = None if text is None else draft
    shared.commit(given)


def seen(shared: SharedFolder) -> dict[str, str]:
    shared.refresh(now=True)
    return {name: (shared.folder / name).read_text() for name in shared.names()}


def test_no_bucket_no_sharing(tmp_path: Path) -> None:
    assert open_shared(None, tmp_path, "lake") is None


def test_what_one_machine_puts_the_other_sees(bucket: str, tmp_path: Path) -> None:
    here, there = machine(tmp_path / "here", bucket), machine(tmp_path / "there", bucket)
    assert seen(there) == {}
    put(here, a="1", b="2")
    assert seen(there) == {"a": "1", "b": "2"}
    put(there, a="3")
    assert seen(here) == {"a": "3", "b": "2"}
    assert len(Bucket(bucket).names("lake/contents")) == 2  # what was replaced is gone


def test_what_is_no_longer_named_goes_at_the_change_after(bucket: str, tmp_path: Path) -> None:
    here, there = machine(tmp_path / "here", bucket), machine(tmp_path / "there", bucket)
    put(here, a="1", b="2")
    seen(there)
    put(here, a=None)
    assert seen(there) == {"b": "2"}
    assert (there.folder / "a").exists()  # somebody may be reading it
    put(here, b="3")
    seen(there)
    assert not (there.folder / "a").exists()


def test_of_two_changes_to_the_same_the_second_is_refused(bucket: str, tmp_path: Path) -> None:
    here, there = machine(tmp_path / "here", bucket), machine(tmp_path / "there", bucket)
    put(here, a="1")
    seen(there)
    put(here, a="2")
    with pytest.raises(ChangedObjectError, match="try again"):
        put(there, a="3")
    assert seen(there) == {"a": "2"}


def test_a_writer_that_died_before_its_index_leaves_nothing(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machine(tmp_path / "here", bucket), machine(tmp_path / "there", bucket)
    put(here, a="1")

    def dead(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Bucket, "replace", dead)
        with pytest.raises(KeyboardInterrupt):
            put(here, a="2", b="2")
    assert seen(here) == {"a": "1"}
    assert seen(there) == {"a": "1"}


def test_an_answer_that_was_lost_counts_where_the_index_is_there(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = machine(tmp_path / "here", bucket)
    plain = Bucket.replace

    def lost(self: Bucket, name: str, content: bytes, *, of: str | None) -> str:
        plain(self, name, content, of=of)
        raise BucketError("the line broke")

    with monkeypatch.context() as patched:
        patched.setattr(Bucket, "replace", lost)
        put(here, a="1")
    put(here, a="2")
    assert seen(machine(tmp_path / "there", bucket)) == {"a": "2"}


def test_a_copy_that_lost_a_file_fetches_it_again(bucket: str, tmp_path: Path) -> None:
    here = machine(tmp_path / "here", bucket)
    put(here, a="1")
    (here.folder / "a").unlink()
    assert seen(here) == {"a": "1"}


def test_contents_that_were_changed_are_not_taken(bucket: str, tmp_path: Path) -> None:
    here = machine(tmp_path / "here", bucket)
    put(here, a="1")
    (name,) = Bucket(bucket).names("lake/contents")
    Bucket(bucket).put(name, b"2")
    with pytest.raises(BucketError, match="not as it was written"):
        machine(tmp_path / "there", bucket).refresh(now=True)


def test_readers_go_on_with_their_copy_while_the_store_is_away(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put(machine(tmp_path / "here", bucket), a="1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    again = machine(tmp_path / "here", bucket)
    again.refresh()
    assert (again.folder / "a").read_text() == "1"
    assert "is used meanwhile" in caplog.text
    with pytest.raises(BucketError):
        again.refresh(now=True)
    with pytest.raises(BucketError):
        machine(tmp_path / "new", bucket).refresh()


def test_what_was_empty_when_it_was_looked_at_is_known_while_the_store_is_away(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path / "here", bucket).refresh()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    again = machine(tmp_path / "here", bucket)
    again.refresh()
    assert not again.names()


def test_a_store_that_did_not_answer_is_left_alone_for_a_while(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(machine(tmp_path / "here", bucket), a="1")
    asked = []

    def away(*_: object, **__: object) -> None:
        asked.append(1)
        raise BucketError("away")

    monkeypatch.setattr(Bucket, "read", away)
    reader = machine(tmp_path / "here", bucket)
    reader.refresh()
    monkeypatch.setattr("data.shared_folder.SECONDS", 0.0)  # as if one had passed
    reader.refresh()
    assert len(asked) == 1


def test_fetched_copies_are_nobody_elses(bucket: str, tmp_path: Path) -> None:
    put(machine(tmp_path / "here", bucket), a="1")
    there = machine(tmp_path / "there", bucket)
    there.refresh()
    assert (there.folder / "a").stat().st_mode & 0o077 == 0
