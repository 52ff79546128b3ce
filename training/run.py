"""Training from end to end: what came in is absorbed, features are computed, recipes are run."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from data.defects import keep_defect
from data.errors import ArgosyError
from data.inbox import absorb_records
from data.lake import open_lake
from data.lake.needs import missing_tables
from data.settings import Settings
from data.use_cases import after_of, load_part, needs_of
from features.store import Store
from models.base import TooLittleDataError
from models.registry import open_registry
from training.job import Context, TrainingOutcome, run
from training.processes import EarlyEnd, run_side_by_side

Report = Callable[[str, float | None], None]
# Rows of the lake from which on a process a use case is worth its start; how many by default.
_MANY_ROWS, _MOST_PROCESSES = 50_000, 3


class TrainingRefusedError(ArgosyError):
    """A use case could not be trained for a reason that the user can mend, such as a parameter."""


@dataclass(frozen=True)
class TrainingReport:
    """How training several use cases ended.

    outcomes: of those that were trained, in order. lacking: use case -> what it lacks, a sentence.
    """

    outcomes: tuple[TrainingOutcome, ...]
    lacking: Mapping[str, str]

    @property
    def exit_code(self) -> int:
        """0: all of them serve what was trained; 1: nothing was trained; 3: between the two."""
        if not self.outcomes:
            return 1
        held_back = any(outcome.version is None for outcome in self.outcomes)
        return 3 if held_back or self.lacking else 0


def open_context(
    settings: Settings,
    as_of: datetime | None,
    overrides: Mapping[str, str],
    report: Report,
) -> Context:
    """What training and back-tests read: the features as of then, computed first.

    as_of: nothing known later is used; None: the newest fact of the lake. overrides: `--set`
    values by parameter. report: called with a text and the share done. Raises EmptyLakeError.

    settings: the settings.
    """
    lake = open_lake(settings)
    absorb_records(settings, lake)
    moment = lake.moment(as_of)
    store = Store(settings, lake)
    report("computing the features", None)
    store.ensure(moment)
    return Context(
        settings, lake, store, moment, overrides, progress=lambda text: report(text, None)
    )


def train_use_cases(
    settings: Settings,
    use_cases: Sequence[str],
    as_of: datetime | None,
    overrides: Mapping[str, str],
    report: Report,
) -> TrainingReport:
    """Train each use case that can be trained; the others are told with what they lack.

    Much data is trained side by side, a process a use case (`training_processes`).

    use_cases: names, in the order in which they need each other; the rest as in `open_context`.

    settings: the settings; as_of: nothing known later is used; overrides: `--set` values;
    report: called with a text and the share done. Raises ArgosyError, where a use case did, once
    the others have ended.
    """
    context = open_context(settings, as_of, overrides, report)
    lacking = {
        name: f"{name} cannot be trained yet. Ingest {' and '.join(needed)}."
        for name in use_cases
        if (needed := missing_tables(context.lake, needs_of(name)))
    }
    able = [name for name in use_cases if name not in lacking]
    registry = open_registry(settings)
    for name in able:
        registry.champion_version(name)  # asked first, so that one process makes its database
    work = partial(_train_one, settings, context.as_of, dict(overrides))
    told: Mapping[str, _Ending | EarlyEnd]
    if (processes := _processes(context, len(able))) > 1:
        after = {name: after_of(name) for name in able}
        told = run_side_by_side(work, able, after, processes, context.progress)
    else:
        told = {name: work(name, context.progress) for name in able}
    outcomes: list[TrainingOutcome] = []
    for name in able:
        ended = told[name]
        if isinstance(ended, EarlyEnd):
            lacking[name] = f"{name} was not trained: {ended}."
        elif ended.refused:
            raise TrainingRefusedError(ended.refused)
        elif ended.outcome is None:
            lacking[name] = ended.lacks
        else:
            outcomes.append(ended.outcome)
    return TrainingReport(tuple(outcomes), lacking)


@dataclass(frozen=True)
class _Ending:
    """How one use case ended; one of the three is given.

    lacks: a sentence; refused: the message of an error that the user can mend.
    """

    outcome: TrainingOutcome | None = None
    lacks: str = ""
    refused: str = ""


def _train_one(
    settings: Settings,
    as_of: datetime,
    overrides: Mapping[str, str],
    use_case: str,
    tell: Callable[[str], None],
) -> _Ending:
    """Train a use case on features computed already; whatever happens is answered, not raised."""
    lake = open_lake(settings)
    store = Store(settings, lake)
    try:
        context = Context(settings, lake, store, as_of, overrides, tell)
        recipe = load_part("training", use_case).RECIPE
        return _Ending(run(recipe, context, open_registry(settings)))
    except TooLittleDataError as error:
        told, start = str(error), f"{use_case} cannot be trained yet."
        return _Ending(lacks=told if told.startswith(start) else f"{start} {told}")
    except ArgosyError as error:
        return _Ending(refused=str(error))
    except Exception as error:
        return _Ending(lacks=f"{use_case} was not trained: {keep_defect(error, settings.home)}.")
    finally:
        store.close()


def _processes(context: Context, use_cases: int) -> int:
    """How many use cases are trained at once: one where starting processes takes longer."""
    rows = sum(status.rows for status in context.lake.tables().values())
    wanted = context.settings.training_processes or min(os.cpu_count() or 1, _MOST_PROCESSES)
    return min(wanted, use_cases) if rows >= _MANY_ROWS else 1
