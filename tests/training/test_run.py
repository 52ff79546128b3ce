"""Training from end to end: how it ends, and what stops it at once."""

from dataclasses import fields

import pytest

from data.errors import ArgosyError
from data.settings import Settings
from training.job import TrainingOutcome
from training.run import TrainingReport, open_context


def outcome(version: str | None) -> TrainingOutcome:
    """An outcome of which only the version matters."""
    given = dict.fromkeys((each.name for each in fields(TrainingOutcome)), None)
    return TrainingOutcome(**given | {"version": version})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("versions", "lacking", "code"),
    [
        (["1", "2"], {}, 0),
        (["1", None], {}, 3),
        (["1"], {"fraud": "payments"}, 3),
        ([], {"fraud": "payments"}, 1),
        ([], {}, 1),
    ],
)
def test_the_exit_code_tells_all_some_or_nothing(
    versions: list[str | None], lacking: dict[str, str], code: int
) -> None:
    assert TrainingReport(tuple(map(outcome, versions)), lacking).exit_code == code


def test_an_empty_lake_is_told_at_once(settings: Settings) -> None:
    with pytest.raises(ArgosyError, match="ingest"):
        open_context(settings, None, {}, lambda text, share: None)
