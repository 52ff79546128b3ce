"""What is in the lake, over HTTP: tables, rows in quarantine, products and customers by text, the
checks of the doctor and the settings in use."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from data.tables import TABLES
from decisions.doctor import examine
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.paging import Cursor, Limit, Page, page_end, page_start
from serving.http.table_answers import AS_FILE, file_type_of, table_answer

_ADMIN = [Depends(scoped("admin"))]
_SECRET = re.compile(r"(?<=//)[^/@\s]+@")
TableName = Annotated[Literal[*TABLES], Query(description="One of the tables a merchant brings.")]  # type: ignore[valid-type]  # the contracts' names


class LakeTable(BaseModel):
    """A table of the lake; newest: the time of its newest fact, null where facts have no time."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "table": "orders",
                    "rows": 52099,
                    "newest": "2017-12-31T22:21:00Z",
                    "quarantined": 0,
                    "ingested_at": "2026-01-05T06:00:00Z",
                }
            ]
        }
    )

    table: str
    rows: int
    newest: datetime | None
    quarantined: int = Field(description="Rows that did not pass and wait to be mended.")
    ingested_at: datetime | None


class LakeTablePage(Page[LakeTable]):
    """All tables, with the merchant's clock and the time the features are of."""

    clock: datetime | None = Field(description="The newest fact of any table that has a clock.")
    features_as_of: datetime | None


class QuarantinedRow(BaseModel):
    """A place in a row that did not pass: where, what was found, why, and what to do."""

    id: str
    file: str
    row: str
    column: str
    value: str
    reason: str
    remedy: str
    record: str = Field(description="The whole row as it was found, as JSON.")


class QuarantinePage(Page[QuarantinedRow]):
    """Rows in quarantine of one table."""

    total: int


class ProductLine(BaseModel):
    """A product as people know it."""

    product_id: str
    title: str
    category: str | None
    brand: str | None


class ProductPage(Page[ProductLine]):
    """Products by id or text."""


class CustomerLine(BaseModel):
    """A customer found by a part of the id."""

    customer_id: str
    country: str | None
    segment: str | None
    signed_up_at: datetime | None


class CustomerPage(Page[CustomerLine]):
    """Customers by a part of their id."""


class Check(BaseModel):
    """One check of the doctor: how it went, what was found, what to do."""

    check: str
    status: Literal["ok", "warning", "failed"]
    found: str
    remedy: str


class CheckPage(Page[Check]):
    """All checks."""


class SettingLine(BaseModel):
    """A setting as it is in use; passwords in addresses are left out."""

    name: str
    value: str
    description: str


class SettingPage(Page[SettingLine]):
    """All settings by name."""


def router(runtime: Runtime) -> APIRouter:
    """The routes under /v1/data. runtime: whose lake and settings are told."""
    routes = APIRouter(prefix="/v1/data", tags=["data"])
    _tables(routes, runtime)
    _lookups(routes, runtime)
    _operations(routes, runtime)
    return routes


def _tables(routes: APIRouter, runtime: Runtime) -> None:
    @routes.get(
        "/tables",
        dependencies=[Depends(scoped())],
    )
    def list_lake_tables() -> LakeTablePage:
        """List the tables of the lake with their rows and freshness.

        Tables that have rows or rows in quarantine, in the order of the contracts.
        """
        found = runtime.lake.tables()
        return LakeTablePage(
            data=[
                LakeTable(
                    table=name,
                    rows=status.rows,
                    newest=status.newest,
                    quarantined=status.quarantined,
                    ingested_at=status.ingested_at,
                )
                for name, status in found.items()
                if status.rows or status.quarantined
            ],
            clock=runtime.lake.clock(),
            features_as_of=runtime.features_as_of(),
        )

    @routes.get(
        "/quarantine",
        dependencies=_ADMIN,
        response_model=QuarantinePage,
        responses=AS_FILE,
    )
    def list_quarantined_rows(
        table: TableName,
        limit: Limit = 100,
        cursor: Cursor = None,
        accept: Annotated[str, Header()] = "",
    ) -> Any:
        """List the rows of a table that did not pass, with the reason and the remedy.

        Faulty places in the order of the files; with `Accept: text/csv`, or that of XLSX, all.
        """
        frame = runtime.lake.quarantine(table)
        if media_type := file_type_of(accept):
            return table_answer(frame, media_type)
        start = page_start(cursor)
        rows = frame.iloc[start : start + limit].to_dict("records")
        return QuarantinePage(
            data=[
                QuarantinedRow(id=str(start + place), **{str(k): str(v) for k, v in row.items()})
                for place, row in enumerate(rows)
            ],
            **page_end(start + limit, len(frame)),
            total=len(frame),
        )


def _lookups(routes: APIRouter, runtime: Runtime) -> None:
    @routes.get(
        "/products",
        dependencies=[Depends(scoped())],
    )
    def find_products(
        ids: Annotated[list[str], Query(max_length=200)] = [],  # noqa: B006  # FastAPI copies it
        text: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 20,
    ) -> ProductPage:
        """Find products by their ids or by a part of their title.

        Products with these ids, or with the text in title or id; unknown ids are left out.
        """
        frame = runtime.lake.read(
            "products", columns=["product_id", "title", "category", "brand"], as_of=runtime.now()
        )
        frame = frame[frame["product_id"].isin(ids)] if ids else _with_text(frame, text)
        shown = _records(frame.head(limit).assign(title=frame["title"].fillna(frame["product_id"])))
        data = [ProductLine.model_validate(row) for row in shown]
        return ProductPage(data=data, has_more=len(frame) > limit)

    @routes.get(
        "/customers",
        dependencies=_ADMIN,
    )
    def find_customers(
        text: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> CustomerPage:
        """Find customers by a part of their id.

        Customers whose id has the text in it, by id.
        """
        names = ["customer_id", "country", "segment", "signed_up_at"]
        frame = runtime.lake.read("customers", columns=names, as_of=runtime.now())
        if text:
            frame = frame[frame["customer_id"].str.contains(text, case=False, regex=False)]
        shown = _records(frame.sort_values("customer_id").head(limit))
        data = [CustomerLine.model_validate(row) for row in shown]
        return CustomerPage(data=data, has_more=len(frame) > limit)


def _operations(routes: APIRouter, runtime: Runtime) -> None:
    @routes.get(
        "/checks",
        dependencies=_ADMIN,
    )
    def run_checks() -> CheckPage:
        """Check connections, clocks, disk, models and data.

        What `argosy doctor` finds, with what to do about it.
        """
        return CheckPage(data=[Check(**vars(each)) for each in examine(runtime.settings)])

    @routes.get(
        "/settings",
        dependencies=_ADMIN,
    )
    def list_settings() -> SettingPage:
        """List the settings in use.

        Every setting with its value; passwords in addresses are left out.
        """
        used = runtime.settings
        lines = [
            SettingLine(
                name=f"ARGOSY_{name.upper()}",
                value=_SECRET.sub("", _text(getattr(used, name))),
                description=field.description or "",
            )
            for name, field in sorted(type(used).model_fields.items())
        ]
        return SettingPage(data=lines)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _with_text(frame: pd.DataFrame, text: str | None) -> pd.DataFrame:
    if not text:
        return frame
    sought = frame["title"].fillna("") + "\n" + frame["product_id"]
    return frame[sought.str.contains(text, case=False, regex=False)]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict("records")
    return [{str(k): None if pd.isna(v) else v for k, v in row.items()} for row in rows]
