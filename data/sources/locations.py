"""What a source's address names: files here, objects in a store, or tables of a database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from data.errors import ArgosyError

_OBJECT_STORES = ("s3", "gs", "gcs", "abfs", "abfss")


class SourceError(ArgosyError):
    """A source is not there or cannot be reached."""


@dataclass(frozen=True)
class Address:
    """A source as it was named.

    scheme: the part before `://`; empty for a path.
    """

    text: str
    scheme: str

    @property
    def is_object_store(self) -> bool:
        """True for `s3://bucket/folder` and the like."""
        return self.scheme in _OBJECT_STORES

    @property
    def is_database(self) -> bool:
        """True for any SQLAlchemy address."""
        return bool(self.scheme) and not self.is_object_store and self.scheme != "file"


def parse_address(text: str) -> Address:
    """What kind of place a source is.

    >>> parse_address("s3://shop/exports").is_object_store
    True
    """
    scheme, mark, _ = text.partition("://")
    return Address(text, scheme.lower() if mark else "")


@contextmanager
def local_folder(address: Address) -> Iterator[Path]:
    """The files of a source on this machine; objects of a store are fetched and removed after.

    address: a path or an object store. Raises SourceError when it cannot be read.
    """
    if not address.is_object_store:
        path = Path(address.text.removeprefix("file://"))
        if not path.exists():
            raise SourceError(f"there is no file or folder {path}; name the one with the tables")
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="argosy-source-") as folder:
        yield _fetched(address, Path(folder))


def files_of(path: Path) -> list[tuple[Path, str]]:
    """The files of a source and their names for people, in name order; hidden ones are left out."""
    if path.is_file():
        return [(path, path.name)]
    return [
        (found, found.relative_to(path).as_posix())
        for found in sorted(path.rglob("*"))
        if found.is_file()
        and not any(part.startswith((".", "~$")) for part in found.relative_to(path).parts)
    ]


def _fetched(address: Address, folder: Path) -> Path:
    try:
        store, base = fs.FileSystem.from_uri(address.text)
        info = store.get_file_info(base)
        if info.type == fs.FileType.NotFound:
            raise SourceError(f"there is nothing at {address.text}; name a folder or an object")
        if info.type == fs.FileType.File:
            target = folder / str(info.base_name)
            fs.copy_files(base, str(target), source_filesystem=store)
            return target
        fs.copy_files(base, str(folder), source_filesystem=store)
    except (OSError, pa.ArrowException) as error:
        raise SourceError(
            f"{address.text} cannot be read ({error}); is the address right, and do "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL say how to reach it?"
        ) from error
    return folder
