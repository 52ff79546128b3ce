"""What teaches the ranking: people's candidates at a cut, and what they bought in the window."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recommendation.candidates import Who, gather
from models.recommendation.ranking import Example
from models.recommendation.signals import signals
from models.recommendation.sources import Sources

Ints = NDArray[np.integer]


def examples(
    frame: pd.DataFrame,
    learn: Callable[[pd.DataFrame], Sources],
    *,
    window_days: float,
    windows: int,
    people: int,
    seed: int,
) -> list[list[Example]]:
    """Examples of the last windows, newest first; of at most `people` people in all.

    The newest window always; an older one only while two windows of history are left before it
    and people are wanted. A window with all the people wanted is halved by person: one half can
    judge what the other teaches. `learn` is given nothing but what was before the window.
    """
    newest, oldest = frame["occurred_at"].max(), frame["occurred_at"].min()
    window = min(timedelta(days=window_days), (newest - oldest) / 4)
    found: list[list[Example]] = []
    for back in range(1, windows + 1):
        cut = newest - back * window
        wanted = people - sum(len(each) for each in found)
        if back > 1 and (cut - oldest < 2 * window or wanted <= 0):
            break
        found.append(list(_window(frame, learn, cut, cut + window, people=wanted, seed=seed)))
    return found if len(found[0]) < people else [found[0][::2], found[0][1::2]]


def _window(
    frame: pd.DataFrame,
    learn: Callable[[pd.DataFrame], Sources],
    cut: pd.Timestamp,
    until: pd.Timestamp,
    *,
    people: int,
    seed: int,
) -> Iterator[Example]:
    before = frame[(frame["occurred_at"] <= cut) & (frame["weight"] > 0)]
    later = (frame["occurred_at"] > cut) & (frame["occurred_at"] <= until)
    bought = frame[later & (frame["kind"] == "purchase")]
    if before.empty or bought.empty:
        return
    sources = learn(before)
    for person, products, wanted in _bought_by(sources, bought, people=people, seed=seed):
        who = Who(person, int(sources.habits.home[person]))
        pool = gather(sources, who, None)
        yield Example(signals(pool, sources, who), np.isin(pool.product, products), wanted)


def _bought_by(
    sources: Sources, bought: pd.DataFrame, *, people: int, seed: int
) -> Iterator[tuple[int, Ints, int]]:
    """People the sources know, what they bought and how many products; by chance, if too many."""
    person = sources.people.encode(bought["customer_id"])
    product = sources.products.encode(bought["product_id"])
    known = np.unique(person[person >= 0])
    chosen = np.random.default_rng(seed).permutation(len(known))[:people]
    for each in np.sort(known[chosen]):
        mine = bought["product_id"].to_numpy()[person == each]
        yield int(each), np.unique(product[person == each]), len(set(mine))
