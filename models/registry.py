"""Where releases are kept: MLflow's runs and model registry, the one module that talks to MLflow.

MLflow is imported on first use: it takes seconds.
"""

import json
import logging
import os
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from data.errors import ArgosyError
from data.settings import Settings
from data.use_cases import USE_CASES, load_part
from models.address import knock, make_database, rehome, without_password
from models.base import Release
from models.release import (
    BrokenReleaseError,
    Models,
    check_files,
    name_of,
    read,
    seal,
    write,
)

CHAMPION = "champion"

# Said to whoever loads a release through MLflow elsewhere; inferring them takes 11 s.
_REQUIREMENTS = (
    "implicit", "lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "statsforecast",
)  # fmt: skip

# Quiet, offline, and quick to say that a server is away. The user's own values win.
_ENVIRONMENT = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
}

_STACK = "argosy.champions"  # tag of a registered model: the versions that were champion, in order
_LONGEST_STACK = 100


class RegistryError(ArgosyError):
    """The registry cannot do what was asked; the message says why and what helps."""


class NoFormerError(RegistryError):
    """There is no champion before this one."""


@dataclass(frozen=True)
class Run:
    """What is kept of one training run; `plots` is a folder, each baseline has its own metrics."""

    use_case: str
    name: str
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    plots: Path | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VersionInfo:
    """One registered version; `note` is why it was last promoted or rolled back."""

    use_case: str
    version: str
    champion: bool
    model: str
    cut_off: datetime
    created_at: datetime
    run_id: str
    metrics: Mapping[str, float]
    note: str


def models_of(use_case: str) -> Models:
    """MODELS of `models/<use case>.py`, imported when asked."""
    models: Models = load_part("models", use_case).MODELS
    return models


def open_registry(settings: Settings) -> "Registry":
    """The registry that the settings name."""
    return Registry(
        settings.mlflow, settings.artifacts, settings.namespace, settings.home / "cache"
    )


class Registry:
    """Runs, versions and champions, at a URL: sqlite:///…, postgresql+psycopg://…, http://….

    artifacts: folder of the files when the URL is a database, or an address such as s3://…; an
        MLflow server has its own.
    cache: folder where releases that came from elsewhere are kept.
    use_cases: a use case's MODELS, when called.
    """

    def __init__(
        self,
        url: str,
        artifacts: Path | str | None,
        namespace: str = "argosy",
        cache: Path | None = None,
        use_cases: Mapping[str, Callable[[], Models]] | None = None,
    ) -> None:
        self.url = url
        self.artifacts = artifacts
        self.namespace = namespace
        self.cache = cache
        self.use_cases = use_cases or {
            use_case: partial(models_of, use_case) for use_case in USE_CASES
        }

    def log(self, run: Run) -> str:
        """Log a training run; returns its id."""
        with self._asking(f"log the run {run.name!r}"):
            experiment = self._experiment(run.use_case)
            entities = _mlflow().entities
            now = int(time.time() * 1000)
            figures = dict(run.metrics) | {
                f"{name}/{metric}": value
                for name, metrics in run.baselines.items()
                for metric, value in metrics.items()
            }
            run_id: str = self._client.create_run(experiment, run_name=run.name).info.run_id
            self._client.log_batch(
                run_id,
                metrics=[
                    entities.Metric(_spelled(name), float(value), now, 0)
                    for name, value in figures.items()
                ],
                params=[
                    entities.Param(_spelled(name), str(value)[:6000])
                    for name, value in run.params.items()
                ],
                tags=[entities.RunTag(name, value[:5000]) for name, value in run.tags.items()],
            )
            if run.plots is not None and any(run.plots.iterdir()):
                self._client.log_artifacts(run_id, str(run.plots), "plots")
            self._client.set_terminated(run_id)
            return run_id

    def register(self, run_id: str, release: Release) -> str:
        """Store a release under its run and register it; returns its version. No alias moves.

        run_id: MLflow's id of the training run.
        """
        models = self.use_cases[release.use_case]()
        with (
            tempfile.TemporaryDirectory() as scratch,
            self._asking(f"register a release of {release.use_case}"),
        ):
            folder = Path(scratch) / "release"
            folder.mkdir()
            write(release, folder, models)
            source, model_id = self._upload(run_id, release.use_case, folder)
            name = self._name(release.use_case)
            self._create_name(name)
            made = self._client.create_model_version(
                name,
                source,
                run_id,
                tags={
                    "model": name_of(release.model, models, release.use_case),
                    "cut_off": release.cut_off.isoformat(),
                    "contract": release.contract,
                    "sha256": seal(folder),
                    "metrics": json.dumps(dict(release.metrics)),
                },
                model_id=model_id,
            )
            return str(made.version)

    def promote(self, use_case: str, version: str, reason: str = "") -> None:
        """Make a version the champion; the former ones are remembered for `rollback`.

        use_case: a name of USE_CASES; reason: why; it is kept.
        """
        with self._asking(f"promote {use_case} version {version}"):
            self._require(use_case, version)
            former = self._stack(use_case)
            stack = former if former[-1:] == [version] else [*former, version]
            self._crown(use_case, version, stack, f"promoted: {reason}" if reason else "promoted")

    def rollback(self, use_case: str, reason: str = "") -> str:
        """Make the champion before this one the champion again; returns its version.

        Raises NoFormerError when there is none.

        use_case: a name of USE_CASES; reason: why; it is kept.
        """
        with self._asking(f"roll {use_case} back"):
            stack = self._stack(use_case)
            gone = stack[-1:]
            stack = [version for version in stack[:-1] if self._exists(use_case, version)]
            if not stack:
                raise NoFormerError(
                    f"{use_case}: no champion before {gone[0] if gone else 'this'}; "
                    f"promote a version of your choice: argosy promote {use_case} VERSION"
                )
            note = f"rolled back from {gone[0]}" + (f": {reason}" if reason else "")
            self._crown(use_case, stack[-1], stack, note)
            return stack[-1]

    def champion_version(self, use_case: str) -> str | None:
        """The champion's version; None when none was promoted."""
        with self._asking(f"find the champion of {use_case}"):
            return self._champion(use_case)

    def load(self, use_case: str, version: str | None = None) -> Release:
        """A release, whole: the champion's when no version is given.

        Raises RegistryError when there is none or its files are broken.

        use_case: a name of USE_CASES.
        """
        chosen = version or self.champion_version(use_case)
        if chosen is None:
            raise RegistryError(f"{use_case}: no champion yet; train one: argosy train {use_case}")
        with self._asking(f"load {use_case} version {chosen}"):
            self._require(use_case, chosen)
            with self._files(use_case, chosen) as folder:
                place = folder / "data" / "release"
                try:
                    check_files(place, self._sealed(use_case, chosen))
                    release = read(place, chosen, self.use_cases)
                    self._note_last(use_case, chosen, place)
                    return release
                except BrokenReleaseError as error:
                    raise RegistryError(
                        f"{use_case} version {chosen} is broken: {error}. Go back with argosy "
                        f"rollback {use_case}, or train again: argosy train {use_case}"
                    ) from error

    def last(self, use_case: str) -> Release | None:
        """The release loaded last on this machine; the registry is not asked. None: there is none.

        Raises BrokenReleaseError when its files are damaged.
        """
        note = self._last_note(use_case)
        if note is None or not note.exists():
            return None
        kept = json.loads(note.read_text())
        check_files(Path(kept["folder"]))
        return read(Path(kept["folder"]), kept["version"], self.use_cases)

    def _last_note(self, use_case: str) -> Path | None:
        return self.cache / self._name(use_case) / "last.json" if self.cache else None

    def _note_last(self, use_case: str, version: str, folder: Path) -> None:
        """Remember where the release is, for a start while the registry is away."""
        note = self._last_note(use_case)
        if note is None or not folder.is_dir():
            return
        note.parent.mkdir(parents=True, exist_ok=True)
        draft = note.with_name(f"last.{os.getpid()}.part")
        draft.write_text(json.dumps({"version": version, "folder": str(folder.absolute())}))
        draft.replace(note)

    def versions(self, use_case: str | None = None) -> list[VersionInfo]:
        """The registered versions, newest first, use case by use case."""
        found: list[VersionInfo] = []
        for one in USE_CASES if use_case is None else (use_case,):
            with self._asking(f"list the versions of {one}"):
                champion = self._champion(one)
                made = self._client.search_model_versions(f"name = '{self._name(one)}'")
                found += [
                    _info(one, each, champion)
                    for each in sorted(made, key=lambda made: -int(made.version))
                    if "contract" in each.tags  # else somebody else's
                ]
        return found

    @cached_property
    def _client(self) -> Any:
        """MLflow's client, on first use; a new SQLite file is made in WAL mode."""
        mlflow = _mlflow()
        if self.url.startswith("sqlite:///"):
            database = Path(self.url.removeprefix("sqlite:///"))
            make_database(database)
            if isinstance(self.artifacts, Path):
                rehome(database, self.artifacts, [self._name(use_case) for use_case in USE_CASES])
        else:
            knock(self.url)
        try:
            return mlflow.MlflowClient(self.url, self.url)
        except Exception as error:  # the driver's own errors, of whichever database it is
            raise OSError(str(error)) from error

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Say what could not be done, and where, when MLflow or what is behind it fails."""
        mlflow = _mlflow()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except (mlflow.exceptions.MlflowException, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else repr(error)
            raise RegistryError(
                f"Cannot {what}. The model registry at {without_password(self.url)} says: "
                f"{without_password(reason)}. Check ARGOSY_MLFLOW_URL and that it runs"
            ) from error

    def _name(self, use_case: str) -> str:
        return f"{self.namespace}-{use_case}"

    def _experiment(self, use_case: str) -> str:
        """The use case's experiment, made on first use where the artifacts shall lie."""
        name = self._name(use_case)
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = None
        if self.artifacts is not None and not self.url.startswith(("http://", "https://")):
            root = self.artifacts
            folder = root.absolute().as_uri() if isinstance(root, Path) else root
            place = f"{folder}/{use_case}"
        return str(self._client.create_experiment(name, artifact_location=place))

    def _create_name(self, name: str) -> None:
        mlflow = _mlflow()
        try:
            self._client.create_registered_model(name)
        except mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _upload(self, run_id: str, use_case: str, folder: Path) -> tuple[str, str | None]:
        """Log the folder as a pyfunc model of the run; its address and id."""
        mlflow = _mlflow()
        self._point(mlflow)
        with mlflow.start_run(run_id=run_id):
            logged = mlflow.pyfunc.log_model(
                name=use_case,
                loader_module="models.registry",
                data_path=str(folder),
                pip_requirements=[f"{name}=={installed(name)}" for name in _REQUIREMENTS],
            )
        return logged.model_uri, logged.model_id

    def _point(self, mlflow: Any) -> None:
        """MLflow's module functions know one address a process; make it ours."""
        mlflow.set_tracking_uri(self.url)
        mlflow.set_registry_uri(self.url)

    def _champion(self, use_case: str) -> str | None:
        mlflow = _mlflow()
        try:
            found = self._client.get_model_version_by_alias(self._name(use_case), CHAMPION)
        except mlflow.exceptions.MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise
        return str(found.version)

    def _exists(self, use_case: str, version: str) -> bool:
        mlflow = _mlflow()
        try:
            self._client.get_model_version(self._name(use_case), version)
        except mlflow.exceptions.MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return False
            raise
        return True

    def _require(self, use_case: str, version: str) -> None:
        if use_case not in self.use_cases:
            raise RegistryError(
                f"{use_case}: no such use case; there are {', '.join(self.use_cases)}"
            )
        if not self._exists(use_case, version):
            raise RegistryError(f"{use_case} has no version {version}; see argosy models")

    def _stack(self, use_case: str) -> list[str]:
        """The champions so far, the present one last, whoever moved the alias."""
        champion = self._champion(use_case)
        if champion is None:
            return []
        tags = self._client.get_registered_model(self._name(use_case)).tags
        stack: list[str] = json.loads(tags.get(_STACK, "[]"))
        while stack and stack[-1] != champion and champion in stack:
            stack.pop()
        return stack if stack[-1:] == [champion] else [*stack, champion]

    def _crown(self, use_case: str, version: str, stack: list[str], note: str) -> None:
        """Move the alias, then write the history: a crash between leaves what `_stack` mends."""
        name = self._name(use_case)
        self._client.set_registered_model_alias(name, CHAMPION, version)
        self._client.set_registered_model_tag(name, _STACK, json.dumps(stack[-_LONGEST_STACK:]))
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        self._client.set_model_version_tag(name, version, "note", f"{stamp} {note}")

    def _sealed(self, use_case: str, version: str) -> str | None:
        """The seal of a version's files, as the registry keeps it."""
        tags = self._client.get_model_version(self._name(use_case), version).tags
        sealed: str | None = tags.get("sha256")
        return sealed

    @contextmanager
    def _files(self, use_case: str, version: str) -> Iterator[Path]:
        """The folder of a version: where it lies, or a copy of it from elsewhere."""
        name = self._name(use_case)
        self._point(_mlflow())
        fetch = partial(_mlflow().artifacts.download_artifacts, f"models:/{name}/{version}")
        if isinstance(self.artifacts, Path) and not self.url.startswith(("http://", "https://")):
            yield Path(fetch())
        elif self.cache is None:
            with tempfile.TemporaryDirectory() as scratch:
                yield Path(fetch(dst_path=scratch))
        else:
            run_id = self._client.get_model_version(name, version).run_id
            kept = self.cache / name / f"{version}-{run_id}"  # versions start anew with a registry
            if not kept.is_dir():
                kept.parent.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
                    _settle(Path(fetch(dst_path=scratch)), kept)
            yield kept


def _mlflow() -> Any:
    """MLflow, quiet."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.pyfunc
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return mlflow


def _settle(folder: Path, place: Path) -> None:
    """Move a whole folder to its place, unless another process was first."""
    try:
        folder.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def _info(use_case: str, made: Any, champion: str | None) -> VersionInfo:
    tags = made.tags
    return VersionInfo(
        use_case=use_case,
        version=str(made.version),
        champion=str(made.version) == champion,
        model=tags["model"],
        cut_off=datetime.fromisoformat(tags["cut_off"]),
        created_at=datetime.fromtimestamp(made.creation_timestamp / 1000, UTC),
        run_id=made.run_id,
        metrics=json.loads(tags["metrics"]),
        note=tags.get("note", ""),
    )


def _spelled(name: str) -> str:
    """A name that MLflow takes."""
    return re.sub(r"[^\w\-. /]", "_", name)


def _load_pyfunc(path: str) -> Any:
    """What `mlflow.pyfunc.load_model` calls: an object with `predict(frame)`."""
    use_cases = {use_case: partial(models_of, use_case) for use_case in USE_CASES}
    return read(Path(path), "", use_cases).model
