"""Files taken into the lake over HTTP: the merchant's own tables, or exports of another system."""

import re
import tempfile
import zipfile
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from data.lake import RefusedError, StructureError
from data.lake.needs import missing_tables
from data.lake.quarantine import RowFault
from data.sources.ingesting import SourceReport, ingest_source
from data.sources.loading import MappingError, preset_names
from data.sources.locations import SourceError, parse_address
from data.sources.raw_files import RawFileError
from data.use_cases import needs_of
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.errors import Problem
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.request_guard import RequestLimits

PATH = "/v1/data/files"
# A file arrives as text of a third more than its size, and takes its time.
LIMITS = RequestLimits(body=48_000_000, seconds=120.0, body_seconds=90.0)
_MOST_FILES, _MOST_FAULTS, _MOST_UNPACKED = 20, 100, 500_000_000
_LONGEST_NAME = 200
_ORDERS = b64encode(
    b"order_id,line_no,ordered_at,customer_id,product_id,warehouse_id,quantity,unit_price,currency\n"
    b"o1,1,2017-12-30T10:00:00Z,c00208,p1082185,DE1,1,2.5,EUR\n"
).decode()


class GivenFile(BaseModel):
    """A file: its name, by whose beginning its table is known, and its content in Base64."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, pattern=r"^[^/\\]+$")
    content: str = Field(description="The bytes of the file in Base64 (RFC 4648).")

    @field_validator("name")
    @classmethod
    def _is_a_plain_name(cls, value: str) -> str:
        if value.startswith("."):
            raise ValueError("a file's name does not begin with a dot")
        if len(value.encode()) > _LONGEST_NAME:
            raise ValueError(f"a file's name has at most {_LONGEST_NAME} bytes")
        return value

    def content_bytes(self) -> bytes:
        """The file. Raises ValueError where the content is no Base64."""
        return b64decode(self.content, validate=True)


class GivenFiles(BaseModel):
    """Files that belong together, and how they are to be read."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"files": [{"name": "orders.csv", "content": _ORDERS}], "dry_run": True}]
        },
    )

    files: Annotated[list[GivenFile], Field(min_length=1, max_length=_MOST_FILES)]
    mapping: Literal[*preset_names()] | None = Field(  # type: ignore[valid-type]  # the presets' names
        None, description="The system whose exports these are; null: the tables are Argosy's own."
    )
    values: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=200)]] = (
        Field(
            default_factory=dict,
            description="What the files do not say: currency, country, time_zone, warehouse, "
            "decimal, date_order, counted_at.",
        )
    )
    dry_run: bool = Field(False, description="True: nothing changes, only the report is made.")


class TableTaken(BaseModel):
    """What became of the rows of a table."""

    table: str
    read: int
    new: int
    replaced: int
    unchanged: int
    repeated: int
    quarantined: int
    rows: int = Field(description="In the table now.")
    ignored_columns: list[str]


class FileFault(BaseModel):
    """A fault of a file: what is wrong, what to do, how often it is there, and where first."""

    file: str
    column: str
    reason: str
    remedy: str
    count: int
    row: int | None
    value: str | None


class FileReading(BaseModel):
    """What a file of another system was taken for, and the tables that it gave."""

    file: str
    read_as: str
    rows: int
    gives: list[str]


class UseCaseLack(BaseModel):
    """What a use case still lacks."""

    use_case: str
    lacks: str


class FilesReport(BaseModel):
    """What went in, or would go in; rows that did not pass are in quarantine with their faults."""

    dry_run: bool
    tables: list[TableTaken]
    faults: list[FileFault] = Field(description="Of each sort one, the first hundred.")
    files: list[FileReading]
    ignored: list[str] = Field(description="Files that are no tables.")
    assumed: list[str] = Field(description="What the files did not say and was taken.")
    missing: list[UseCaseLack]


def router(runtime: Runtime) -> APIRouter:
    """The route under /v1/data. runtime: into whose lake files go."""
    routes = APIRouter(prefix="/v1/data", tags=["data"])

    @routes.post(
        "/files",
        response_model=FilesReport,
        dependencies=[Depends(scoped("admin")), IDEMPOTENT],
    )
    def ingest_files(request: Request, given: GivenFiles) -> Response:
        """Take files of tables, or exports of another shop system, into the lake.

        All or nothing, as `argosy ingest` does: a file that breaks more than the set share of rows
        is refused whole, and the same files twice change nothing. With `dry_run` only the report is
        made.
        """
        return once(runtime, request, given, lambda: _taken(runtime, given))

    return routes


def _taken(runtime: Runtime, given: GivenFiles) -> FilesReport:
    with tempfile.TemporaryDirectory(prefix="argosy-files-") as folder:
        _write(given.files, Path(folder))
        try:
            found = ingest_source(
                runtime.lake,
                parse_address(folder),
                mapping=given.mapping,
                values=given.values,
                base_currency=runtime.settings.base_currency,
                dry_run=given.dry_run,
            )
        except (StructureError, RefusedError, MappingError, SourceError, RawFileError) as error:
            raise Problem(422, "files_refused", _in_words(error, folder)) from error
    return _told(runtime, found, dry_run=given.dry_run)


def _in_words(error: Exception, folder: str) -> str:
    """What the command would say, in the words of this request."""
    told = str(error).replace(f"{folder}/", "").replace(folder, "DIR")
    told = re.sub(
        r"argosy ingest DIR --map (\w+) --dry-run", r'send them with "mapping": "\1"', told
    )
    told = re.sub(r"argosy ingest DIR --set (\w+)=(\S+)", r'send "values": {"\1": "\2"}', told)
    return told if told.endswith(".") else f"{told}."


def _write(files: list[GivenFile], folder: Path) -> None:
    for place, file in enumerate(files):
        target = folder / file.name
        try:
            content = file.content_bytes()
        except ValueError as error:
            told = f"files/{place}/content: it is no Base64 ({error})."
            raise Problem(422, "invalid_content", told) from error
        if target.exists():
            raise Problem(422, "invalid_content", f"files/{place}: {file.name} is there twice.")
        target.write_bytes(content)
        if _unpacked_bytes(target) > _MOST_UNPACKED:
            told = f"files/{place}: {file.name} unpacks to more than {_MOST_UNPACKED:,} bytes."
            raise Problem(422, "invalid_content", f"{told} Use argosy ingest on the server.")


def _unpacked_bytes(path: Path) -> int:
    """What a workbook or a Parquet file says that it holds, unpacked; 0 for any other file."""
    unreadable = (zipfile.BadZipFile, ValueError, OSError, NotImplementedError)
    with suppress(*unreadable), zipfile.ZipFile(path) as packed:
        return sum(each.file_size for each in packed.infolist())
    try:
        held = pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return 0
    return sum(held.row_group(n).total_byte_size for n in range(held.num_row_groups))


def _told(runtime: Runtime, found: SourceReport, *, dry_run: bool) -> FilesReport:
    coming = [name for name, table in found.ingest.tables.items() if table.rows or table.new]
    return FilesReport(
        dry_run=dry_run,
        tables=[TableTaken.model_validate(vars(each)) for each in found.ingest.tables.values()],
        faults=[_fault(fault) for fault in found.ingest.faults[:_MOST_FAULTS]],
        files=[
            FileReading(file=used.file, read_as=used.sheet, rows=used.rows, gives=list(used.tables))
            for used in found.used
        ],
        ignored=list(found.ingest.ignored),
        assumed=list(found.assumed),
        missing=[
            UseCaseLack(use_case=name, lacks=clause)
            for name in runtime.settings.use_cases
            for clause in missing_tables(runtime.lake, needs_of(name), coming)
        ],
    )


def _fault(fault: RowFault) -> FileFault:
    first = asdict(fault.examples[0]) if fault.examples else {"row": None, "value": None}
    return FileFault.model_validate({**vars(fault), **first})
