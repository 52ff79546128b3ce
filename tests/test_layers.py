"""The plan of the house, read from the imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COLUMNS = ("features", "models", "training", "serving")
ROWS = ("recommendation", "forecasting", "replenishment", "fraud")
MAY_IMPORT = {
    "features": ("features",),
    "models": ("models", "data.tables"),
    "training": ("training", "models", "features"),
    "serving": ("serving", "models", "features"),
}
# One module per external system.
ONLY_HERE = {
    "feast": ("features/store/",),
    "mlflow": ("models/registry.py",),
    "sqlalchemy": ("features/records",),
    "alembic": ("features/records/",),
    "redis": ("data/redis_client.py", "features/counters.py", "features/store/"),
    "fastapi": ("serving/",),
    "starlette": ("serving/",),
    "uvicorn": ("serving/",),
    "typer": ("argosy.py",),
}
FILES = sorted(path for column in COLUMNS for path in (ROOT / column).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever the import stands, with the names it takes."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def row_of(module: str) -> str | None:
    """The row a module of ours belongs to, if any: `features.fraud.x` -> fraud."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] in COLUMNS and parts[1] in ROWS else None


def under(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_left_and_rows_do_not_meet(path: Path) -> None:
    here = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    column, row = here.split(".")[0], row_of(here)
    for name in imports(path):
        if name.split(".")[0] not in COLUMNS:
            continue
        bare_package = name in COLUMNS
        assert bare_package or under(name, MAY_IMPORT[column]), f"{here} imports {name}"
        if row is not None:
            assert row_of(name) in {None, row}, f"{here} imports another row: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_one_module_per_external_system(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name in imports(path):
        homes = ONLY_HERE.get(name.split(".")[0])
        assert homes is None or place.startswith(homes), f"{place} imports {name}"


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("column", COLUMNS)
def test_every_room_is_there(column: str, row: str) -> None:
    assert (ROOT / column / f"{row}.py").exists() or (ROOT / column / row / "__init__.py").exists()
    assert list((ROOT / "tests" / column).glob(f"test_{row}*.py"))


def test_the_command_imports_nothing_heavy() -> None:
    top = {
        name.split(".")[0]
        for node in ast.parse((ROOT / "argosy.py").read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
    }
    heavy = {
        "feast",
        "mlflow",
        "pandas",
        "numpy",
        "lightgbm",
        "statsforecast",
        "fastapi",
        "sklearn",
    }
    assert not top & heavy
    assert not top & set(COLUMNS)


def test_a_benchmark_hides_no_package_of_ours() -> None:
    """Run as a script its folder is searched first."""
    ours = {"argosy", "features", "models", "training", "serving"}
    names = {path.stem for path in (ROOT / "tests" / "benchmarks").iterdir()}
    assert not names & ours
