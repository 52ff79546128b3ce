"""What teaches the ranking: people's candidates at a cut, and what they bought in the window."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recommendation.candidate_features import FEATURES, candidate_features
from models.recommendation.candidates import Shopper, gather_candidates
from models.recommendation.sources import Sources

Ints = NDArray[np.integer]
Mask = NDArray[np.bool_]

# Of the people wanted, at most this share from one window: more than one season teaches.
_OF_ONE_WINDOW = 0.6
_OWN = FEATURES.index("count")


@dataclass(frozen=True)
class TeachingExample:
    """One person's candidates at a cut: what is known of them, and which were bought afterwards.

    rows: candidates × FEATURES; scores: candidates × SOURCE_SCORES; bought: in the window; again:
    how surely each candidate is bought again by who has it; wanted: how many products the person
    bought in all, candidates or not; wanted_new: how many of them for the first time; returns:
    whether the person had bought any product twice; fold: 0 or 1, one person always in the same.
    """

    rows: NDArray[np.float32]
    scores: NDArray[np.float32]
    bought: Mask
    again: NDArray[np.float32]
    wanted: int
    wanted_new: int
    returns: bool
    fold: int

    @property
    def owned(self) -> Mask:
        """Which candidates the person had bought before."""
        return np.asarray(self.rows[:, _OWN] > np.log(0.5))


def teaching_examples(
    frame: pd.DataFrame,
    learn: Callable[[pd.DataFrame], Sources],
    *,
    window_days: float,
    windows: int,
    people: int,
    seed: int,
) -> list[TeachingExample]:
    """Examples of the last windows, newest first; of at most `people` people in all.

    frame: columns as features.recommendation.INTERACTIONS. learn: gives the sources of a frame; it
    is given nothing but what was before the window. window_days: length of a window, at most a
    quarter of the history; windows: at most so many; seed: of the draw of people where there are
    more. An older window is used only while two windows of history are left before it and people
    are wanted.
    """
    newest, oldest = frame["occurred_at"].max(), frame["occurred_at"].min()
    window = min(timedelta(days=window_days), (newest - oldest) / 4)
    found: list[TeachingExample] = []
    for back in range(1, windows + 1):
        cut = newest - back * window
        wanted = people - len(found)
        if back > 1 and (cut - oldest < 2 * window or wanted <= 0):
            break
        most = min(wanted, int(np.ceil(_OF_ONE_WINDOW * people)))
        found += _window(frame, learn, cut, cut + window, people=most, seed=seed)
    return found


def _window(
    frame: pd.DataFrame,
    learn: Callable[[pd.DataFrame], Sources],
    cut: pd.Timestamp,
    until: pd.Timestamp,
    *,
    people: int,
    seed: int,
) -> Iterator[TeachingExample]:
    before = frame[(frame["occurred_at"] <= cut) & (frame["weight"] > 0)]
    later = (frame["occurred_at"] > cut) & (frame["occurred_at"] <= until)
    bought = frame[later & (frame["kind"] == "purchase")]
    if before.empty or bought.empty:
        return
    yield from examples_of(learn(before), bought, people=people, seed=seed)


def examples_of(
    sources: Sources, bought: pd.DataFrame, *, people: int, seed: int
) -> Iterator[TeachingExample]:
    """What sources would propose to people, and what those bought afterwards.

    sources: what proposes; bought: purchases (customer_id, product_id) after all that the sources
    know; people: at most so many, by chance; seed: of that chance.
    """
    for person, products, unknown in _bought_by(sources, bought, people=people, seed=seed):
        yield _example(sources, person, products, unknown)


def _example(sources: Sources, person: int, products: Ints, unknown: int) -> TeachingExample:
    """The candidates of a person; products: what they bought of those the sources know."""
    history = sources.history.of_person(person)
    shopper = Shopper(person, history.home, history)
    pool = gather_candidates(sources, shopper, None)
    return TeachingExample(
        rows=candidate_features(pool, sources, shopper),
        scores=pool.scores,
        bought=np.isin(pool.product, products),
        again=sources.returning.again[pool.product],
        wanted=len(products) + unknown,
        wanted_new=len(products) + unknown - int(np.isin(products, history.bought).sum()),
        returns=bool((history.count > 1).any()),
        fold=crc32(sources.people.names[person]) % 2,
    )


def _bought_by(
    sources: Sources, bought: pd.DataFrame, *, people: int, seed: int
) -> Iterator[tuple[int, Ints, int]]:
    """People the sources know, what they bought and how many unknown products; by chance, if
    there are too many."""
    person = sources.people.encode(bought["customer_id"])
    product = sources.products.encode(bought["product_id"])
    known = np.unique(person[person >= 0])
    chosen = np.sort(known[np.random.default_rng(seed).permutation(len(known))[:people]])
    inside = np.isin(person, chosen)
    names, _ = pd.factorize(bought["product_id"])
    # One row a person and product bought, people one after another.
    rows = np.unique(np.stack([person, names, product], axis=1)[inside], axis=0)
    for each in chosen:
        places = rows[rows[:, 0] == each, 2]
        yield int(each), np.unique(places[places >= 0]), int((places < 0).sum())
