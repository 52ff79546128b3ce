"""A folder that machines share through a bucket; what lies on each machine is a copy.

The bucket holds contents, each under a name that begins with its SHA-256 and is never used again,
and an index, name of a file -> name of its content. A change puts the new contents first and then,
in one conditional put, the new index: all of it is there, or nothing, and of two that change the
same index the second is refused. Copies follow the index; what it no longer names goes from a copy
at the change after, so that whoever is reading can end.
"""

import fcntl
import hashlib
import json
import logging
import math
import os
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from data.bucket import Bucket, BucketError, BucketObject, MissingObjectError
from data.bucket_lease import hold_lease

_LOG = logging.getLogger("argosy.bucket")
SECONDS = 1.0  # for which a reader takes its copy for the newest
_AWAY_SECONDS = 15.0  # for which a store that did not answer is left alone
_INDEX, _CONTENTS, _LEASE = "index.json", "contents", "lease.json"
_RECORD, _LOCK, _COMING = ".shared.json", ".shared.lock", ".coming"
_TRIES = 5
_UNNAMED_FOR = timedelta(days=1)  # a content without a name is what a dead writer left


@dataclass(frozen=True)
class _Copy:
    """What the copy on this machine is of. tag: of the index; files: name -> content, in the order
    in which they were changed; former: names that the index before had and this one has not."""

    tag: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    former: tuple[str, ...] = ()


def open_shared(bucket: str | None, folder: Path, name: str) -> "SharedFolder | None":
    """The place in a bucket that a folder of this machine is a copy of; None without a bucket.

    bucket: an address such as `s3://shop/argosy`; folder: the copy; name: of the place.
    """
    return None if bucket is None else SharedFolder(folder, Bucket(bucket), name)


class SharedFolder:
    """A folder and its place in a bucket.

    folder: the copy on this machine; bucket: where it is kept; name: its name there.
    """

    def __init__(self, folder: Path, bucket: Bucket, name: str) -> None:
        self.folder = folder
        self._bucket = bucket
        self._name = name
        self._next_look = -math.inf

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One writer at a time, on any machine, who begins with the newest copy."""
        with hold_lease(self._bucket, f"{self._name}/{_LEASE}"):
            self.refresh(now=True)
            self._clear()
            yield

    def refresh(self, *, now: bool = False) -> None:
        """Bring the copy to what the bucket holds. now: also if that was done a moment ago.

        Where the store is away, readers go on with the copy they have, and the log says so; with
        `now`, or without a copy, raises BucketError.
        """
        if not now and time.monotonic() < self._next_look:
            return
        with self._locked():
            pause = SECONDS
            try:
                self._bring()
            except BucketError as error:
                if now or not (self.folder / _RECORD).exists():
                    raise
                _LOG.warning("%s. The copy in %s is used meanwhile.", error, self.folder)
                pause = _AWAY_SECONDS
            self._next_look = time.monotonic() + pause

    def _bring(self) -> None:
        for _ in range(_TRIES):
            copy = self._copy()
            found = self._index(copy)
            try:
                self._follow(copy, found)
            except MissingObjectError:
                continue  # the index has changed again, and its former contents are gone
            return
        raise BucketError(
            f"{self._bucket.address}/{self._name} names contents that are not there. Bring them "
            "back from a backup of the bucket"
        )

    def names(self) -> Collection[str]:
        """The names of the files that the copy has of the bucket."""
        return self._copy().files.keys()

    def commit(self, files: Mapping[str, Path | None]) -> None:
        """Put files in force, all at once; they are in the bucket when it returns.

        files: name -> where the content lies, in the folder (under its name, or as a draft that is
        moved there), or None for a file that is no longer named. Raises ChangedObjectError where
        somebody else has changed the folder since it was refreshed, and leaves the copy as it was.
        """
        with self._locked():
            copy = self._copy()
            index = {name: kept for name, kept in copy.files.items() if name not in files}
            for name, path in files.items():
                if path is not None:
                    index[name] = self._put(path, copy.files.get(name))
            tag = copy.tag if index == copy.files else self._put_index(index, copy.tag)
            for name, path in files.items():
                if path is not None and path != self.folder / name:
                    (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                    path.replace(self.folder / name)
            self._note(_Copy(tag, index, tuple(name for name in copy.files if name not in index)))
        for content in set(copy.files.values()) - set(index.values()):
            self._bucket.remove(f"{self._name}/{_CONTENTS}/{content}")

    def _index(self, copy: _Copy) -> BucketObject | None:
        """The index; None where it is the one that is known, or there is none yet."""
        try:
            return self._bucket.read(f"{self._name}/{_INDEX}", unless=copy.tag)
        except MissingObjectError:
            if copy.tag is None:
                return None
            raise BucketError(
                f"{self._bucket.address}/{self._name} is gone; {self.folder} still has a copy. "
                "Bring it back from a backup of the bucket, or remove the copy to begin anew"
            ) from None

    def _follow(self, copy: _Copy, found: BucketObject | None) -> None:
        """Fetch what the copy lacks of the index, drop what it has too much."""
        files = copy.files if found is None else dict(json.loads(found.content)["files"])
        for name, content in files.items():
            if copy.files.get(name) != content or not (self.folder / name).exists():
                self._fetch(name, content)
        if found is None:
            if copy.tag is None:
                self._note(copy)  # looked at, and empty: known while the store is away
            return
        for name in set(copy.former) - files.keys():
            (self.folder / name).unlink(missing_ok=True)
        former = tuple(name for name in copy.files if name not in files)
        self._note(_Copy(found.tag, files, former))

    def _fetch(self, name: str, content: str) -> None:
        target = self.folder / name
        draft = self.folder / _COMING / uuid.uuid4().hex
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._bucket.fetch(f"{self._name}/{_CONTENTS}/{content}", draft)
            if not content.startswith(digest_file(draft)):
                raise BucketError(
                    f"{self._bucket.address}/{self._name}/{_CONTENTS}/{content} is not as it was "
                    "written: damaged, or changed by another program. Bring it back from a backup"
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.chmod(0o600)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def _put(self, path: Path, former: str | None) -> str:
        """The name of the content, once it is in the bucket. former: that of the file so far."""
        digest = digest_file(path)
        if former is not None and former.startswith(digest):
            return former
        content = f"{digest}-{uuid.uuid4().hex[:12]}"
        self._bucket.put(f"{self._name}/{_CONTENTS}/{content}", path)
        return content

    def _put_index(self, files: Mapping[str, str], former: str | None) -> str:
        """The tag of the new index. former: that of the old one. Raises ChangedObjectError."""
        name, content = f"{self._name}/{_INDEX}", json.dumps({"files": files}).encode()
        try:
            return self._bucket.replace(name, content, of=former)
        except BucketError:
            # The answer may be lost of a put that was done: no other index names our contents.
            with suppress(BucketError):
                found = self._bucket.read(name)
                if found is not None and found.content == content:
                    return found.tag
            raise

    def _clear(self) -> None:
        """Remove contents that no index names, and that are too old to be on their way."""
        named = {f"{self._name}/{_CONTENTS}/{each}" for each in self._copy().files.values()}
        limit = datetime.now(UTC) - _UNNAMED_FOR
        for name, put_at in self._bucket.names(f"{self._name}/{_CONTENTS}").items():
            if name not in named and put_at < limit:
                self._bucket.remove(name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process of this machine at a time changes the copy."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _copy(self) -> _Copy:
        try:
            kept = json.loads((self.folder / _RECORD).read_text())
        except FileNotFoundError:
            return _Copy()
        return _Copy(kept["tag"], kept["files"], tuple(kept["former"]))

    def _note(self, copy: _Copy) -> None:
        draft = self.folder / f"{_RECORD}.{os.getpid()}"
        draft.write_text(json.dumps(asdict(copy)))
        draft.replace(self.folder / _RECORD)


def digest_file(path: Path) -> str:
    """SHA-256 of a file, in hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
