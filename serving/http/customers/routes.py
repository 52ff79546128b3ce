"""The endpoints about customers: value of one, segments, cohorts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from decisions.customers.batch import MOST_HORIZON_DAYS
from decisions.customers.cohorts import cohort_records, cohort_table
from decisions.customers.profile import profile_customer
from decisions.customers.segment_report import members_of, report_segments
from decisions.customers.segments import SEGMENT_NAMES, STAYS
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.customers.schemas import (
    CohortsAnswer,
    CustomerValue,
    SegmentMembers,
    SegmentsAnswer,
    cohort_row,
    member_of_segment,
    segments_answer,
    value_answer,
)

CustomerId = Annotated[str, Path(min_length=1, max_length=128)]
HorizonDays = Annotated[
    int, Query(ge=1, le=MOST_HORIZON_DAYS, description="Days ahead; a year when left out.")
]
SegmentName = Literal[SEGMENT_NAMES]  # type: ignore[valid-type]  # the names stand once, in the rules


def router(runtime: Runtime) -> APIRouter:
    """Customer value, segments and cohorts. runtime: whose store and release answer."""
    routes = APIRouter(prefix="/v1/customers", dependencies=[Depends(scoped("plan"))])
    currency = runtime.settings.base_currency

    @routes.get("/segments", operation_id="list_customer_segments", summary="List segments")
    def list_segments() -> SegmentsAnswer:
        """Every segment with its rule and thresholds, how many customers are in it, what they are
        expected to bring in a year, and how many moved in and out in the last week."""
        return segments_answer(report_segments(runtime), STAYS, currency)

    @routes.get(
        "/segments/{segment}/members",
        operation_id="list_segment_members",
        summary="List the most valuable customers of a segment",
    )
    def list_members(
        segment: SegmentName, limit: Annotated[int, Query(ge=1, le=10_000)] = 100
    ) -> SegmentMembers:
        """The customers of a segment with the highest expected margin, for a campaign or to build
        a look-alike audience from.

        segment: which; limit: how many at most.
        """
        found = members_of(runtime, segment, limit)
        return SegmentMembers(data=[member_of_segment(each, currency) for each in found])

    @routes.get("/cohorts", operation_id="list_customer_cohorts", summary="List cohorts")
    def list_cohorts(
        by: Literal["month", "market", "channel", "category"] = "month",
        months: Annotated[int, Query(ge=1, le=24)] = 12,
    ) -> CohortsAnswer:
        """Customers grouped by their first order: how many come back and what they bring, in each
        month of 30 days since.

        by: what groups them; months: how many are told.
        """
        now = runtime.now()
        table = cohort_table(runtime, now, by, most_months=months)
        rows = [cohort_row(row, currency) for row in cohort_records(table)]
        return CohortsAnswer(by=by, data=rows, as_of=now)

    @routes.get(
        "/{customer_id}/value",
        operation_id="get_customer_value",
        summary="Tell what a customer is worth",
    )
    def customer_value(customer_id: CustomerId, horizon_days: HorizonDays = 365) -> CustomerValue:
        """Expected orders and margin of the coming days with quantiles, whether the customer is
        still there, their segment and credit rating, with reasons. An unknown customer is a cold
        start: what a customer is worth after a first order.

        customer_id: who; horizon_days: how far ahead.
        """
        profile = profile_customer(runtime, customer_id, horizon_days)
        runtime.telemetry.counted(
            "customers", profile.served_by, degraded="simpler" if profile.degraded else ""
        )
        return value_answer(profile, currency)

    return routes
