"""Feast imported without the type checks that it compiles anew in every process.

Feast decorates its classes with typeguard, which parses and compiles their source again at each
import: some seven of eight seconds, for checks of calls that only `features.store.offline` makes,
and mypy has seen. Under `python -O` typeguard leaves them out itself; here that is asked for while
Feast is imported, and for nothing else.
"""

from collections.abc import Callable
from typing import Any

import typeguard


def _as_it_is(target: Any = None, **options: object) -> Any:
    """Stand in for `typeguard.typechecked`, which is a decorator with or without options."""
    return target if target is not None else _unchanged


def _unchanged(target: Callable[..., Any]) -> Callable[..., Any]:
    return target


_typechecked = typeguard.typechecked
typeguard.typechecked = _as_it_is
try:
    import feast
finally:
    typeguard.typechecked = _typechecked

__all__ = ["feast"]
