"""Training from end to end: what came in is absorbed, features are computed, recipes are run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from data.inbox import absorb_records
from data.lake import open_lake
from data.lake.needs import missing_tables
from data.settings import Settings
from data.use_cases import load_part, needs_of
from features.store import Store
from models.base import TooLittleDataError
from models.registry import open_registry
from training.job import Context, TrainingOutcome, run

Report = Callable[[str, float | None], None]


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

    use_cases: names, in the order in which they need each other; the rest as in `open_context`.

    settings: the settings; as_of: nothing known later is used; overrides: `--set` values;
    report: called with a text and the share done.
    """
    context = open_context(settings, as_of, overrides, report)
    registry = open_registry(settings)
    outcomes: list[TrainingOutcome] = []
    lacking: dict[str, str] = {}
    for use_case in use_cases:
        if needed := missing_tables(context.lake, needs_of(use_case)):
            lacking[use_case] = f"{use_case} cannot be trained yet. Ingest {' and '.join(needed)}."
            continue
        try:
            outcomes.append(run(load_part("training", use_case).RECIPE, context, registry))
        except TooLittleDataError as error:
            told, start = str(error), f"{use_case} cannot be trained yet."
            lacking[use_case] = told if told.startswith(start) else f"{start} {told}"
    return TrainingReport(tuple(outcomes), lacking)
