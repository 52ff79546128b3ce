"""The use cases: the one list of them, and what each must bring to every column of the house.

A use case is added by one name here and its own files: `features/NAME`, `models/NAME`,
`training/NAME`, `decisions/NAME`, `serving/http/NAME` and `serving/console/NAME`. Each column loads
its part with `load_part`, on first need, so that nothing is imported that is not served.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

if TYPE_CHECKING:  # pandas is not loaded for the list alone
    from data.views import View

UseCaseName = str

# In the order in which they need each other: replenishment reads the forecasts.
USE_CASES: tuple[UseCaseName, ...] = (
    "recommendation",
    "forecasting",
    "replenishment",
    "fraud",
    "customers",
)

Column = Literal["features", "models", "training", "decisions", "serving.http", "serving.console"]


class FeaturesPart(Protocol):
    """What `features/NAME` brings.

    VIEWS: the views that the use case owns. SERVICE: names of the views that it reads when it
    answers, its own and others'. HISTORY: names of others' views whose past it reads.
    NEEDS: the tables that it cannot do without; `a|b`: one of the two is enough.
    AFTER (where there are any): the use cases that are trained before it.
    """

    VIEWS: tuple[View, ...]
    SERVICE: tuple[str, ...]
    HISTORY: tuple[str, ...]
    NEEDS: tuple[str, ...]


class ModelsPart(Protocol):
    """What `models/NAME` brings: MODELS, the class of every model by the name it is kept under."""

    MODELS: Mapping[str, Any]


class TrainingPart(Protocol):
    """What `training/NAME` brings: RECIPE, a `training.job.Recipe`."""

    RECIPE: Any


class DecisionsPart(Protocol):
    """What `decisions/NAME` brings: score(runtime, as_of, **options), the batch answers.

    keep_answers (where there is one): keep_answers(runtime, as_of), which puts what other use cases
    read of the answers into the store, after each training and materialize.
    """

    score: Callable[..., Any]


class HttpPart(Protocol):
    """What `serving/http/NAME` brings: router(runtime), the FastAPI routes of the use case."""

    router: Callable[..., Any]


class ConsolePart(Protocol):
    """What `serving/console/NAME` brings: page(shell), which adds the screens of the use case."""

    page: Callable[..., Any]


class UseCase(FeaturesPart, ModelsPart, TrainingPart, DecisionsPart, HttpPart, Protocol):
    """All that a use case must bring, over all columns; its screen may come later."""


def load_part(column: Column, use_case: UseCaseName) -> Any:
    """The part of a use case that lies in a column, imported on first need.

    column: a column of the house, such as "features" or "serving.http"; use_case: a name of
    USE_CASES. Raises ModuleNotFoundError when the column has no such part.
    """
    return import_module(f"{column}.{use_case}")


def load_features(use_case: UseCaseName) -> FeaturesPart:
    """The views of a use case."""
    return cast(FeaturesPart, load_part("features", use_case))


def needs_of(use_case: UseCaseName) -> tuple[str, ...]:
    """The tables that a use case cannot do without; `a|b`: one of the two is enough."""
    needs: tuple[str, ...] = getattr(load_features(use_case), "NEEDS", ())
    return needs


def after_of(use_case: UseCaseName) -> tuple[UseCaseName, ...]:
    """The use cases that are trained before it, since it reads what they write."""
    after: tuple[UseCaseName, ...] = getattr(load_features(use_case), "AFTER", ())
    return after
