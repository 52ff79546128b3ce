"""An answer within a time budget: the full one if it is ready, else a simpler one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

# An answer is all processor time but for one look at a database: more threads at once would only
# take the interpreter from each other.
_HANDS = ThreadPoolExecutor(2, thread_name_prefix="recommend")
# Kept back of a budget, for the simpler answer and its way out.
_KEPT_MS, _KEPT_SHARE = 10.0, 0.3


async def within(timeout_ms: float | None, work: Callable[[], T], simpler: Callable[[], T]) -> T:
    """What `work` gives in a thread, or what `simpler` gives when that takes too long.

    timeout_ms: how many milliseconds there are in all, some of them kept for the simpler answer;
    None: no limit. work: makes the full answer; simpler: makes the simpler one, at once.

    Work that is too late goes on to its end in its thread; its answer, or its error, is dropped.
    """
    task = asyncio.get_running_loop().run_in_executor(_HANDS, work)
    if timeout_ms is None:
        return await task
    patience = timeout_ms - min(_KEPT_MS, _KEPT_SHARE * timeout_ms)
    done, _ = await asyncio.wait({task}, timeout=patience / 1e3)
    if done:
        return task.result()
    task.add_done_callback(lambda late: late.cancelled() or late.exception())
    return simpler()
