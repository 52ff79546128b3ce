from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.records import Records
from data.records.steps import only_one
from decisions.schedule import ScheduleError, ScheduleStep, once, one_step, read

ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path}/r.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = Records(url, namespace)
    made.migrate()
    yield made
    made.close()


class Machine:
    """Notes what it was told to run; some of it fails."""

    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)
        self.ran: list[str] = []

    def run(self, command: Sequence[str]) -> int:
        self.ran.append(command[0])
        return 1 if command[0] in self.failing else 0


def step(name: str, *, after: float = 0.0, optional: bool = False) -> ScheduleStep:
    return ScheduleStep(name, (name,), DAY, timedelta(hours=after), optional)


def test_each_step_is_done_once_a_window(records: Records) -> None:
    machine, steps = Machine(), [step("ingest"), step("train", after=13)]
    assert once(steps, records, NOON, machine.run) == ["ingest", "train"]  # train: yesterday's
    assert once(steps, records, NOON, machine.run) == []
    assert once(steps, records, NOON + timedelta(hours=1), machine.run) == ["train"]
    assert once(steps, records, NOON + 5 * DAY, machine.run) == [
        "ingest",
        "train",
    ]  # caught up once
    assert machine.ran == ["ingest", "train", "train", "ingest", "train"]


def test_a_failed_step_is_due_again_and_what_follows_waits(records: Records) -> None:
    machine, steps = Machine("train"), [step("ingest"), step("train"), step("score")]
    with pytest.raises(ScheduleError, match="step train failed"):
        once(steps, records, NOON, machine.run)
    machine.failing.clear()
    assert once(steps, records, NOON, machine.run) == ["train", "score"]
    assert machine.ran == ["ingest", "train", "train", "score"]


def test_an_optional_step_holds_nothing_up(records: Records) -> None:
    machine = Machine("ingest")
    steps = [step("ingest", optional=True), step("train")]
    assert once(steps, records, NOON, machine.run) == ["train"]


def test_one_at_a_time(records: Records) -> None:
    machine = Machine()
    other = Records(records.url, records.namespace)
    with only_one(other) as mine:
        assert mine
        assert once([step("ingest")], records, NOON, machine.run) == []
    assert once([step("ingest")], records, NOON, machine.run) == ["ingest"]
    other.close()


def test_the_schedule_that_comes_along_is_read() -> None:
    steps = {step.name: step for step in read(ROOT / "ops" / "schedule.toml")}
    assert steps["materialize"].after == timedelta(hours=1, minutes=30)
    assert steps["ingest"].optional


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs"),
        ("step = 'a'", "step is no table"),
        ("# caf\udce9", "codec can't decode"),
        ("[[step]]\nname='a'\n", "step 1.*missing"),
        ("[[step]]\nname='a'\ncommand='b'\nevery='soon'\n", "'soon' is no duration"),
        ("[[step]]\nname='a'\ncommand='b'\nevery='1d'\n" * 2, "two steps have one name"),
    ],
)
def test_a_bad_schedule_says_where(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "schedule.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ScheduleError, match=said):
        read(file)


def test_an_orchestrator_does_one_step_once_a_window(records: Records) -> None:
    machine, steps = Machine(), [step("ingest"), step("train", after=13)]
    assert one_step(steps, "train", records, NOON, machine.run)
    assert not one_step(steps, "train", records, NOON, machine.run)
    assert one_step(steps, "train", records, NOON + DAY, machine.run)
    assert machine.ran == ["train", "train"]
    assert once(steps, records, NOON + DAY, machine.run) == ["ingest"]


def test_a_single_step_that_fails_is_told_even_where_it_is_optional(records: Records) -> None:
    machine, steps = Machine("ingest"), [step("ingest", optional=True)]
    with pytest.raises(ScheduleError, match="step ingest failed"):
        one_step(steps, "ingest", records, NOON, machine.run)
    machine.failing.clear()
    assert one_step(steps, "ingest", records, NOON, machine.run)


def test_a_step_that_is_not_there_or_cannot_be_had_now_is_no_success(records: Records) -> None:
    machine, steps = Machine(), [step("ingest")]
    with pytest.raises(ScheduleError, match="no step tarin; its steps are ingest"):
        one_step(steps, "tarin", records, NOON, machine.run)
    with only_one(records), pytest.raises(ScheduleError, match="another process"):
        one_step(steps, "ingest", records, NOON, machine.run)
    assert machine.ran == []
