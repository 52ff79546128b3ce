"""An object store: objects are read, put whole, and put only where nobody has changed them since.

obstore, on Rust's object_store, speaks S3, Google Cloud Storage and Azure; nothing else of ours
knows it. How a store is reached, and by whom, stands in its own environment variables
(`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` …).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from data.errors import ArgosyError

SCHEMES = ("s3://", "gs://", "az://", "abfs://", "abfss://")
_TRIES = 3
_CONNECT, _RETRY = timedelta(seconds=5), timedelta(seconds=30)
_TRANSFER = timedelta(minutes=10)  # of one content, however large


class BucketError(ArgosyError):
    """The object store does not answer, or refuses."""


class MissingObjectError(BucketError):
    """There is no object of this name."""


class ChangedObjectError(BucketError):
    """Somebody else has changed the object since it was read."""


@dataclass(frozen=True)
class BucketObject:
    """An object as it was read. tag: changes with its content."""

    content: bytes
    tag: str


class Bucket:
    """The objects under one address, such as `s3://shop/argosy`; opened when first asked."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def read(self, name: str, *, unless: str | None = None) -> BucketObject | None:
        """An object; None where it still is the one that is known.

        name: below the address; unless: the tag of what is known. Raises MissingObjectError,
        BucketError.
        """
        import obstore

        with self._asking(name):
            try:
                known: Any = {} if unless is None else {"if_none_match": unless}
                found = obstore.get(self._store, name, options=known)
            except obstore.exceptions.NotModifiedError:
                return None
            return BucketObject(bytes(found.bytes()), str(found.meta["e_tag"]))

    def fetch(self, name: str, target: Path) -> None:
        """Write an object to a file. name: below the address; target: the file, not there yet.

        Raises MissingObjectError, BucketError.
        """
        import obstore

        with self._asking(name), target.open("xb") as file:
            for chunk in obstore.get(self._store, name).stream():
                file.write(chunk)

    def put(self, name: str, content: bytes | Path) -> None:
        """Put an object, whatever was there. name: below the address; content: bytes or a file."""
        import obstore

        with self._asking(name):
            obstore.put(self._store, name, content)

    def replace(self, name: str, content: bytes, *, of: str | None) -> str:
        """Put an object in place of the one that was read; returns its tag.

        name: below the address; content: of the new one; of: the tag of the old one, None where
        there was none. Raises ChangedObjectError where it is another one by now.
        """
        import obstore

        mode: Any = "create" if of is None else {"e_tag": of}
        with self._asking(name):
            try:
                put = obstore.put(self._store, name, content, mode=mode)
            except (
                obstore.exceptions.AlreadyExistsError,
                obstore.exceptions.PreconditionError,
            ) as error:
                raise ChangedObjectError(
                    f"{self.address}/{name} was changed by another process meanwhile; try again"
                ) from error
            return str(put["e_tag"])

    def remove(self, name: str) -> None:
        """Delete an object; one that is not there is no error. name: below the address."""
        import obstore

        with self._asking(name):
            try:
                obstore.delete(self._store, name)
            except (FileNotFoundError, obstore.exceptions.NotFoundError):
                return

    def names(self, folder: str) -> dict[str, datetime]:
        """The objects below a folder, and when each was put. folder: below the address."""
        import obstore

        with self._asking(folder):
            return {
                str(each["path"]): each["last_modified"]
                for each in obstore.list(self._store, folder).collect()
            }

    @cached_property
    def _store(self) -> Any:
        from obstore.store import from_url

        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        with self._asking(""):
            return from_url(
                self.address,
                client_options={
                    "allow_http": plain,
                    "connect_timeout": _CONNECT,
                    "timeout": _TRANSFER,
                },
                retry_config={"max_retries": _TRIES, "retry_timeout": _RETRY},
            )

    @contextmanager
    def _asking(self, name: str) -> Iterator[None]:
        """Say which object could not be had, and what to look at."""
        import obstore

        try:
            yield
        except (FileNotFoundError, obstore.exceptions.NotFoundError) as error:
            raise MissingObjectError(f"there is nothing at {self.address}/{name}") from error
        except (obstore.exceptions.BaseError, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else repr(error)
            raise BucketError(
                f"{self.address} cannot be used ({reason[:300]}); is the address right, does the "
                "bucket exist, and do AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
                "AWS_ENDPOINT_URL (or those of your store) say how to reach it?"
            ) from error
