"""Small data for the tests beside."""

from collections.abc import Callable

Promoted = Callable[..., str]
