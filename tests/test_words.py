"""How the code reads: names stand once, docstrings can be read alone and name their arguments."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
COLUMNS = ("data", "features", "models", "training", "decisions", "serving")
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
    for column in COLUMNS
    for path in sorted((ROOT / column).rglob("*.py"))
}
Function = ast.FunctionDef | ast.AsyncFunctionDef
# What a library calls by its own names is told there.
OF_A_LIBRARY = {"AsofOfflineStore", "AsofRetrievalJob", "Utc"}


def public_functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Public functions of a module and public methods of its public classes, by name."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            if not node.name.startswith("_") and node.name not in OF_A_LIBRARY:
                yield from public_functions(node.body, f"{node.name}.")
        elif isinstance(node, Function) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node


def is_command(node: Function) -> bool:
    """True for a command of the command line: its options carry their own help."""
    return any("command" in ast.unparse(decorator) for decorator in node.decorator_list)


def argument_names(node: Function) -> list[str]:
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return [each.arg for each in every if each.arg not in {"self", "cls"}]


def test_a_class_name_stands_once() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for place, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(place)
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_functions_of_two_arguments_or_more_tell_their_arguments() -> None:
    untold = {}
    for place, tree in TREES.items():
        for name, node in public_functions(tree.body):
            names = argument_names(node)
            if len(names) < 2 or is_command(node):
                continue
            told = ast.get_docstring(node) or ""
            missing = [each for each in names if not re.search(rf"\b{re.escape(each)}\b", told)]
            if missing:
                untold[f"{place}: {name}"] = missing
    assert untold == {}


def test_no_docstring_leans_on_the_one_before() -> None:
    leaning = [
        f"{place}: {getattr(node, 'name', 'module')}"
        for place, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, Function | ast.ClassDef | ast.Module)
        and re.match(r"(The same|Also|Likewise|As above)\b", ast.get_docstring(node) or "")
    ]
    assert leaning == []
