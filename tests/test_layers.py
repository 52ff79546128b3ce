"""The plan of the house, read from the imports and definitions."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.use_cases import USE_CASES

ROOT = Path(__file__).parent.parent
COLUMNS = ("data", "features", "models", "training", "decisions", "serving")
# What a room may import of ours; the longest name that fits counts.
MAY_IMPORT = {
    "data": ("data",),
    "features": ("features", "data"),
    "models": ("models", "data"),
    "training": ("training", "models", "features", "data"),
    "decisions": ("decisions", "models", "features", "data"),
    "serving": (),
    "serving.http": ("serving.http", "decisions", "models", "features", "data"),
    "serving.console": ("serving.console",),
    "serving.command": ("serving", "decisions", "training", "models", "features", "data"),
}
# One module per external system.
ONLY_HERE = {
    "feast": ("features/store/",),
    "mlflow": ("models/registry.py",),
    "fugue": ("data/engine.py",),
    "pyspark": ("data/engine.py",),
    "sqlalchemy": ("data/records", "data/sources/"),
    "alembic": ("data/records/",),
    "redis": ("data/redis_client.py", "features/counters.py", "features/store/"),
    "fastapi": ("serving/http/", "serving/console/"),
    "starlette": ("serving/http/", "serving/console/"),
    "uvicorn": ("serving/http/", "serving/console/"),
    "nicegui": ("serving/console/",),
    "typer": ("serving/command/",),
    "nats": ("decisions/streams/nats_jetstream.py",),
    "jwt": ("serving/http/oidc.py",),
    "pika": ("decisions/streams/rabbitmq.py",),
}
MOST_LINES = 17_500  # of one column
LEAST_MIRRORED = 0.8  # share of files with a test of their name
FILES = sorted(path for column in COLUMNS for path in (ROOT / column).rglob("*.py"))


def imports(path: Path, *, at_import: bool = False) -> set[str]:
    """Every module a file imports, with the names it takes.

    at_import: only those that are loaded when the file is.
    """
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in _statements(tree) if at_import else ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """The statements of a module that run when it is imported, but for type checkers' imports."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def use_case_of(module: str) -> str | None:
    """The use case that a module of ours belongs to, if any: `serving.http.fraud.x` -> fraud."""
    parts = module.split(".")
    if parts[0] not in COLUMNS:
        return None
    place = 2 if parts[0] == "serving" else 1
    return parts[place] if len(parts) > place and parts[place] in USE_CASES else None


def allowed_imports(module: str) -> tuple[str, ...]:
    parts = module.split(".")
    return MAY_IMPORT.get(".".join(parts[:2]), MAY_IMPORT[parts[0]])


def under(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_left_and_use_cases_do_not_meet(path: Path) -> None:
    here = module_of(path)
    use_case = use_case_of(here)
    for name in imports(path):
        if name.split(".")[0] not in COLUMNS or name in COLUMNS:
            continue
        assert under(name, allowed_imports(here)), f"{here} imports {name}"
        if use_case is not None:
            assert use_case_of(name) in {None, use_case}, f"{here} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_one_module_per_external_system(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name in imports(path):
        homes = ONLY_HERE.get(name.split(".")[0])
        assert homes is None or place.startswith(homes), f"{place} imports {name}"


@pytest.mark.parametrize("use_case", USE_CASES)
@pytest.mark.parametrize("column", ["features", "models", "training", "serving/http"])
def test_every_room_is_there(column: str, use_case: str) -> None:
    assert (ROOT / column / use_case / "__init__.py").exists()
    assert list((ROOT / "tests" / column / use_case).glob("test_*.py"))


def test_there_is_no_circle() -> None:
    known = {module_of(path): path for path in FILES}
    edges = {
        module: {name for name in imports(path, at_import=True) if name in known} - {module}
        for module, path in known.items()
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail[trail.index(module) :], module))
        if module not in done:
            for name in sorted(edges[module]):
                # A package's own modules are imported by its __init__, which they may name.
                if not module.startswith(f"{name}."):
                    visit(name, (*trail, module))
            done.add(module)

    for module in sorted(edges):
        visit(module, ())


def test_files_have_a_test_of_the_same_name() -> None:
    """`tests/COLUMN/…/test_NAME.py` beside `COLUMN/…/NAME.py`; most of them, and no exceptions."""
    wanted = [
        path.relative_to(ROOT)
        for path in FILES
        if path.name != "__init__.py" and "versions" not in path.parts
    ]
    bare = [
        str(path)
        for path in wanted
        if not (ROOT / "tests" / path.with_name(f"test_{path.name}")).exists()
    ]
    share = 1 - len(bare) / len(wanted)
    assert share >= LEAST_MIRRORED, f"{share:.0%}; without one: {', '.join(bare)}"


def test_no_column_outgrows_the_house() -> None:
    lines = {
        column: sum(len(path.read_text().splitlines()) for path in (ROOT / column).rglob("*.py"))
        for column in COLUMNS
        if column != "serving"
    } | {
        f"serving/{door}": sum(
            len(path.read_text().splitlines()) for path in (ROOT / "serving" / door).rglob("*.py")
        )
        for door in ("http", "console", "command")
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
    assert len((ROOT / "argosy.py").read_text().splitlines()) <= 40


def test_the_command_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    heavy = ("feast", "mlflow", "pandas", "numpy", "lightgbm", "statsforecast", "fastapi")
    told = f"import sys, argosy; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_benchmark_hides_no_package_of_ours() -> None:
    """Run as a script its folder is searched first."""
    names = {path.stem for path in (ROOT / "tests" / "benchmarks").iterdir()}
    assert not names & {"argosy", *COLUMNS}


def class_names() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(path.relative_to(ROOT).as_posix())
    return found
