"""Every error that a person may read has one root: a command tells it without a traceback."""

import importlib
import inspect
import pkgutil

import pytest

import data
from data.errors import ArgosyError

# Raised and caught within one file's reading; no person sees them.
INSIDE = {"UnreadableError"}
MODULES = [
    each.name
    for each in pkgutil.walk_packages(data.__path__, "data.")
    if "migrations" not in each.name
]


@pytest.mark.parametrize("name", MODULES)
def test_the_errors_of_a_module_have_the_root(name: str) -> None:
    module = importlib.import_module(name)
    made = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == name and kind.__name__ not in INSIDE
    ]
    assert [kind.__name__ for kind in made if not issubclass(kind, ArgosyError)] == []
