"""What a query may say: ids, levels of quantiles, which page."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator

from decisions.forecasting.batch import DECILES, out_of_range, rising
from serving.http.errors import FieldFault, Problem

Id = Annotated[str, Query(min_length=1, max_length=128)]
MaybeId = Annotated[str | None, Query(min_length=1, max_length=128)]


def _split(values: object) -> object:
    """`0.1,0.9` and a repeated parameter are the same list."""
    if not isinstance(values, list):
        return values
    return [part for value in values for part in str(value).split(",")]


Levels = Annotated[
    list[float] | None,
    BeforeValidator(_split),
    Query(description="Levels, 0.01 to 0.99; one parameter each."),
]
Horizon = Annotated[
    int | None, Query(ge=1, description="Periods ahead; all there are when left out.")
]


def levels_of(quantiles: Sequence[float] | None) -> list[float]:
    """The levels, rising, once each; Problem 422 for one that cannot be had."""
    levels = rising(quantiles or DECILES)
    if wrong := out_of_range(levels):
        fault = FieldFault("/quantiles", "0.01 to 0.99", "query")
        raise Problem(422, "invalid_quantile", wrong, fields=[fault])
    return levels


def horizon_of(asked: int | None, known: int) -> int:
    """How many periods to tell; Problem 422 where the forecast does not reach so far.

    asked: periods the caller wants, None for all; known: periods the forecast reaches ahead.
    """
    if asked is not None and asked > known:
        detail = f"horizon {asked}: the forecast reaches {known} periods ahead."
        fault = FieldFault("/horizon", f"at most {known}", "query")
        raise Problem(422, "invalid_horizon", detail, fields=[fault])
    return asked or known
