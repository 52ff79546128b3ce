"""How well past orders met what was then needed, by what one wants to see it by."""

import math
import threading
from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from decisions.replenishment.order_report import past_orders
from decisions.runtime import Runtime
from features.replenishment.order_accuracy import TOLERANCE, OrderLevel, order_accuracy
from serving.http.paging import Cursor, Limit, Page, cut_page

Text = Annotated[str | None, Query(max_length=128)]


class OrderAccuracy(BaseModel):
    """Past orders beside what was needed until the next ones could arrive."""

    key: str = Field(description="The warehouse, class, month, …; empty: not known, or all.")
    orders: int = Field(description="Of a product for a warehouse, whose interval has ended.")
    ordered: float = Field(description="Units.")
    needed: float = Field(description="Units sold in the interval, less what was there and coming.")
    bias: float | None = Field(
        description="Ordered too much, as a share of what was needed; below 0: too little."
    )
    error: float | None = Field(description="Sum of the orders' errors, as such a share.")
    within: float = Field(description="Share of the orders within the tolerance.")
    held: bool = Field(description="Whether `bias` is within the tolerance.")
    stocked_out: int = Field(
        description="Orders in whose interval the shelf was found empty: more may have been needed."
    )


class OrderAccuracyPage(Page[OrderAccuracy]):
    """Accuracy of past orders by one level."""

    level: OrderLevel
    tolerance: float = Field(description="The share by which buyers may miss what is needed.")


class OrderReports:
    """The report of the moment, kept until the merchant's clock or the store moves on.

    runtime: whose lake and store are read.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._key: tuple[object, ...] = ()
        self._made = pd.DataFrame()

    def current(self) -> pd.DataFrame:
        """The orders of the last year; made by one thread while others wait for it."""
        key = (self._runtime.now(), self._runtime.store.version())
        with self._lock:
            if self._key != key:
                self._made, self._key = past_orders(self._runtime), key
            return self._made


def accuracy_routes(runtime: Runtime) -> APIRouter:
    """The accuracy of past orders. runtime: whose lake and store are read."""
    routes = APIRouter()
    reports = OrderReports(runtime)

    @routes.get("/accuracy")
    def list_order_accuracy(
        level: OrderLevel = "all",
        warehouse_id: Text = None,
        made_here: Annotated[
            bool | None, Query(description="Only orders exported here, or only others.")
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> OrderAccuracyPage:
        """What was ordered in the last year beside what was then needed, by warehouse, supplier,
        class, category or month.

        An order must last until the product's next one could arrive (at most half a year). What was
        sold in that time, less what was there and on its way, was needed. Safety stock and whole
        packs are ordered on top of what is expected, so orders above the need are the rule.
        """
        rows = reports.current()
        if warehouse_id is not None:
            rows = rows[rows["warehouse_id"] == warehouse_id]
        if made_here is not None:
            rows = rows[rows["made_here"] == made_here]
        found = [
            OrderAccuracy.model_validate({name: _number(value) for name, value in one.items()})
            for one in order_accuracy(rows, level).to_dict("records")
        ]
        return OrderAccuracyPage(level=level, tolerance=TOLERANCE, **cut_page(found, limit, cursor))

    return routes


def _number(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
