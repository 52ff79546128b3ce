"""The sample merchant from nothing to answers: built, ingested, trained, scored."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Literal

from serving.command.model_commands import served_anew, show_training

if TYPE_CHECKING:
    from data.settings import Settings
    from serving.command.output import Report


def build_demo(
    settings: Settings, size: Literal["small", "full"], *, fresh: bool, report: Report
) -> None:
    """Build the sample merchant in the home of `settings` and train what has no champion yet.

    size: how much of the merchant. fresh: whatever is there is removed first. report: called with
    a text and the share done.
    """
    from data import sample
    from data.lake import open_lake
    from decisions.batch import keep_answers
    from decisions.kpis.compute import update_kpis
    from decisions.runtime import open_runtime
    from models.registry import open_registry
    from training.run import train_use_cases

    if fresh:
        shutil.rmtree(settings.home, ignore_errors=True)
    tables = settings.home / "sample"
    if not (tables / "README.txt").exists():
        report("building the sample merchant", None)
        sample.build(tables, size=size, seed=settings.seed, progress=report)
    open_lake(settings).ingest(tables, progress=report)
    registry = open_registry(settings)
    missing = [name for name in settings.use_cases if registry.champion_version(name) is None]
    if missing:
        result = train_use_cases(settings, missing, None, {}, report)
        keep_answers(settings, served_anew(result), None, report)
        show_training(result, as_json=False)
    report("computing the KPIs", None)
    runtime = open_runtime(settings)
    update_kpis(runtime)
    runtime.stop()
