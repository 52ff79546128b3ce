"""The full answer when it is ready in time, else the simpler one."""

import asyncio
import threading

import pytest

from decisions.recommendation.time_budget import within


def test_an_answer_in_time_is_the_full_one() -> None:
    for timeout in (None, 5_000.0):
        assert asyncio.run(within(timeout, lambda: "full", lambda: "simpler")) == "full"


def test_one_that_would_be_late_is_the_simpler_one() -> None:
    ready = threading.Event()
    try:
        found = asyncio.run(within(20.0, lambda: ready.wait(10) and "full", lambda: "simpler"))
    finally:
        ready.set()
    assert found == "simpler"


def test_an_error_in_time_is_told_and_a_late_one_is_dropped() -> None:
    def broken() -> str:
        raise KeyError("product")

    with pytest.raises(KeyError, match="product"):
        asyncio.run(within(5_000.0, broken, lambda: "simpler"))
    ready = threading.Event()

    def late() -> str:
        ready.wait(10)
        raise KeyError("product")

    try:
        assert asyncio.run(within(20.0, late, lambda: "simpler")) == "simpler"
    finally:
        ready.set()
