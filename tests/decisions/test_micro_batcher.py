"""Calls that come while others are worked on are worked on together, each with its own answer."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest

from data.errors import ArgosyError
from decisions.micro_batcher import MicroBatcher


class Slow:
    """Doubles numbers once it is let; refuses those in `odd`."""

    def __init__(self, odd: frozenset[int] = frozenset(), error: type[Exception] = ValueError):
        self.goes: list[list[int]] = []
        self.begun, self.let = threading.Event(), threading.Event()
        self._odd, self._error = odd, error

    def __call__(self, asked: Sequence[int]) -> list[int]:
        self.goes.append(list(asked))
        self.begun.set()
        assert self.let.wait(10)
        if self._odd & set(asked):
            raise self._error("odd")
        return [2 * number for number in asked]


def test_what_comes_meanwhile_is_taken_in_one_go_in_its_order() -> None:
    work = Slow()
    together = MicroBatcher(work, hands=1, most=3)
    first = together.ask(1)
    assert work.begun.wait(10)
    others = [together.ask(number) for number in (2, 3, 4, 5)]
    work.let.set()
    assert [each.result(10) for each in (first, *others)] == [2, 4, 6, 8, 10]
    assert work.goes == [[1], [2, 3, 4], [5]]
    assert together.ask(6).result(10) == 12, "an idle one starts again"


def one_then_two(
    together: MicroBatcher[int, int], work: Slow
) -> tuple[Future[int], Sequence[Future[int]]]:
    """One asks, and two more while it is worked on."""
    first = together.ask(1)
    assert work.begun.wait(10)
    others = [together.ask(2), together.ask(3)]
    work.let.set()
    return first, others


def test_who_was_just_answered_is_waited_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decisions.micro_batcher.GATHER_SECONDS", 10.0)
    work = Slow()
    together = MicroBatcher(work)
    first, others = one_then_two(together, work)
    assert first.result(5) == 2
    assert together.ask(4).result(5) == 8
    assert [each.result(5) for each in others] == [4, 6]
    assert work.goes == [[1], [2, 3, 4]]


def test_who_does_not_come_again_is_not_waited_for_long() -> None:
    work = Slow()
    together = MicroBatcher(work)
    first, others = one_then_two(together, work)
    assert [each.result(5) for each in (first, *others)] == [2, 4, 6]
    assert work.goes == [[1], [2, 3]]


def test_who_asks_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decisions.micro_batcher.GATHER_SECONDS", 10.0)
    work = Slow()
    work.let.set()
    together = MicroBatcher(work)
    assert [together.ask(number).result(5) for number in (1, 2, 3)] == [2, 4, 6]


def test_an_event_loop_gets_its_answers_and_faults_at_once() -> None:
    work = Slow(frozenset({4}))
    together = MicroBatcher(work, hands=1)

    async def ask() -> list[Any]:
        first = asyncio.ensure_future(together.answer(1))
        assert await asyncio.to_thread(work.begun.wait, 10)
        others = [asyncio.ensure_future(together.answer(number)) for number in (2, 3, 4)]
        await asyncio.sleep(0)
        others[1].cancel()
        await asyncio.sleep(0)
        work.let.set()
        return await asyncio.gather(first, *others, return_exceptions=True)

    answers = asyncio.run(ask())
    assert answers[:2] == [2, 4]
    assert isinstance(answers[2], asyncio.CancelledError)
    assert isinstance(answers[3], ValueError)
    assert work.goes[:2] == [[1], [2, 4]], "who gave up is not asked for"


def test_each_hand_takes_a_go() -> None:
    work = Slow()
    together = MicroBatcher(work, hands=2)
    first = together.ask(1)
    assert work.begun.wait(10)
    work.begun.clear()
    second = together.ask(2)
    assert work.begun.wait(10), "it does not wait for the first"
    work.let.set()
    assert [first.result(10), second.result(10)] == [2, 4]


@pytest.mark.parametrize("error", [ValueError, ArgosyError])
def test_a_fault_is_told_to_whose_it_is_and_an_outage_to_all(error: type[Exception]) -> None:
    work = Slow(frozenset({3}), error)
    together = MicroBatcher(work, hands=1)
    first = together.ask(1)
    assert work.begun.wait(10)
    good, bad = together.ask(2), together.ask(3)
    work.let.set()
    assert first.result(10) == 2
    with pytest.raises(error):
        bad.result(10)
    if error is ArgosyError:
        with pytest.raises(error):
            good.result(10)
    else:
        assert good.result(10) == 4


def test_who_gave_up_is_not_asked_for() -> None:
    work = Slow()
    together = MicroBatcher(work, hands=1)
    first = together.ask(1)
    assert work.begun.wait(10)
    gone, stays = together.ask(2), together.ask(3)
    assert gone.cancel()
    work.let.set()
    assert [first.result(10), stays.result(10)] == [2, 6]
    with pytest.raises(CancelledError):
        gone.result(10)
    assert work.goes == [[1], [3]]
