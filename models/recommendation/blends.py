"""How much the parts of the ranking say: chosen on people who did not teach them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.recommendation.candidates import SOURCE_SCORES
from models.recommendation.teaching import TeachingExample

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# The parts of a score, in the order of their columns.
PARTS = ("linear", "trees", *SOURCE_SCORES)
LINEAR, TREES = 0, 1


class Cell(NamedTuple):
    """For whom and for what a blend is chosen.

    returns: people who bought any product twice; new_only: lists without what they have.
    """

    returns: bool
    new_only: bool


CELLS = tuple(Cell(returns, new) for returns in (False, True) for new in (False, True))

# Places looked at when blends are compared: a row of products, and a page of them.
_SHORT, _LONG = 10, 20
# Of one cell fewer people than this say too little for a blend of its own.
_FEWEST = 100
# Shares of buyers who buy again, below which a product may be held back from who has it.
_DURABLE = (0.1, 0.05, 0.02, 0.005)
# How much of a standard error holding back may cost: what is lost in it cannot be told from luck.
_CHANCE = 0.5


def _blend(**say: float) -> Array:
    blend = np.zeros(len(PARTS))
    for name, share in say.items():
        blend[PARTS.index(name)] = share
    return blend


def all_blends(*, trees: bool) -> Array:
    """Blends × PARTS that are compared; the first is taken unless another is clearly better.

    trees: whether there are trees that can have a say. Every part may say everything.
    """
    learned = [(1.0, 0.0)]
    if trees:
        learned = [(0.4, 0.6), (0.0, 1.0), (0.7, 0.3), (1.0, 0.0)]
    found = [_blend(linear=linear, trees=tree) for linear, tree in learned]
    # A source beside what was learned: a little, as much, and far more.
    for name in SOURCE_SCORES:
        found += [found[0] + _blend(**{name: share}) for share in (0.5, 1.0, 2.0)]
        found.append(_blend(**{name: 1.0}))
    # A person's own products, then what a source says; and the rules that know people, together.
    known = ("item_knn", "item_knn_recent", "user_knn", "graph_filter", "random_walk")
    for name in (*known, "popular_now", "popular"):
        found.append(_blend(recent_frequency=2.0, **{name: 1.0}))
        found.append(_blend(frequency=2.0, **{name: 1.0}))
    found.append(_blend(**dict.fromkeys(known, 1.0)))
    found.append(_blend(item_knn=1.0, user_knn=1.0))
    found.append(_blend(item_knn=1.0, user_knn=1.0, popular_now=0.5))
    found.append(found[0] + _blend(**dict.fromkeys(known, 0.3)))
    return np.stack(found)


def choose_durable_below(parts: Sequence[Array], examples: Sequence[TeachingExample]) -> float:
    """Below which share of buyers who buy again a product is not shown to who has it.

    parts: candidates × PARTS of each example's person, made by a ranking that others taught;
    examples: in the order of the parts. The largest of _DURABLE that costs no more than chance: a
    rule never undoes the ranking.
    """
    blend = all_blends(trees=_have_trees(parts))[0]
    shown = _gains(parts, examples, blend[None, :], new_only=False, durable_below=0.0)[0]
    for below in _DURABLE[:-1]:
        held = _gains(parts, examples, blend[None, :], new_only=False, durable_below=below)[0]
        lost = shown - held
        if lost.mean() <= _CHANCE * lost.std() / len(lost) ** 0.5:
            return below
    return _DURABLE[-1]


def choose_blends(
    parts: Sequence[Array], examples: Sequence[TeachingExample], *, durable_below: float
) -> Array:
    """CELLS × PARTS: the blend of each cell.

    parts: candidates × PARTS of each example's person, made by a ranking that others taught;
    examples: in the order of the parts; durable_below: what fewer than this share of its buyers buy
    again is held back from who has it. The best over all people is taken where it is clearly better
    than the first; a cell has one of its own where that is clearly better for it.
    """
    blends = all_blends(trees=_have_trees(parts))
    returns = np.array([example.returns for example in examples])
    chosen = np.zeros((len(CELLS), len(PARTS)))
    for new_only in (False, True):
        gains = _gains(parts, examples, blends, new_only=new_only, durable_below=durable_below)
        counts = ~np.isnan(gains[0])
        overall = clearly_best(gains[:, counts]) if counts.any() else 0
        for cell in CELLS:
            if cell.new_only == new_only:
                inside = counts & (returns == cell.returns)
                best = overall
                if inside.sum() >= _FEWEST:
                    best = clearly_best(gains[:, inside], first=overall)
                chosen[CELLS.index(cell)] = blends[best]
    return chosen


def settle_blends(
    blends: Array,
    parts: Sequence[Array],
    judges: Sequence[TeachingExample],
    *,
    durable_below: float,
) -> Array:
    """CELLS × PARTS: the blends given, or one source alone where that is better for the judges.

    blends: CELLS × PARTS in use; parts: candidates × PARTS of each judge; judges: examples in the
    order of the parts; durable_below: what fewer than this share of its buyers buy again is held
    back from who has it. Lists of everything and of new products are settled apart, each for
    everybody.
    """
    alone = np.eye(len(PARTS))
    returns = np.array([judge.returns for judge in judges])
    settled = blends.copy()
    for new_only in (False, True):
        cells = [CELLS.index(Cell(each, new_only)) for each in (False, True)]
        tried = np.concatenate([blends[cells], alone])
        gains = _gains(parts, judges, tried, new_only=new_only, durable_below=durable_below)
        # What is served now: of each judge the gain of the blend of their cell.
        served = np.where(returns, gains[1], gains[0])
        counts = ~np.isnan(served)
        rivals = np.stack([served, *gains[2:]])[:, counts]
        if counts.any() and (best := clearly_best(rivals, errors=_CHANCE)):
            settled[cells] = alone[best - 1]
    return settled


def _have_trees(parts: Sequence[Array]) -> bool:
    return any(bool(part[:, TREES].any()) for part in parts)


def clearly_best(gains: Array, *, first: int = 0, errors: float = 1.0) -> int:
    """The row of the highest mean, where it is clearly above the first; else the first.

    gains: blends × people; first: the row that needs no proof; errors: how many standard errors are
    clear.

    >>> clearly_best(np.array([[0.5, 0.5, 0.5], [0.0, 0.6, 1.0], [0.6, 0.6, 0.6]]))
    2
    >>> clearly_best(np.array([[0.5, 0.5, 0.5], [0.0, 0.6, 1.0]]))
    0
    """
    best = int(np.argmax(gains.mean(axis=1)))
    ahead = gains[best] - gains[first]
    error = float(ahead.std()) / max(len(ahead), 1) ** 0.5
    return best if float(ahead.mean()) > errors * error else first


def _gains(
    parts: Sequence[Array],
    examples: Sequence[TeachingExample],
    blends: Array,
    *,
    new_only: bool,
    durable_below: float,
) -> Array:
    """Blends × people: NDCG and recall of the short list and of the long one, added up.

    NaN for who bought nothing that such a list could hold.
    """
    gains = np.full((len(blends), len(examples)), np.nan)
    for place, (part, example) in enumerate(zip(parts, examples, strict=True)):
        wanted = example.wanted_new if new_only else example.wanted
        if wanted:
            held = example.owned & (new_only | (example.again < durable_below))
            gains[:, place] = [*_gains_of(part[~held] @ blends.T, example.bought[~held], wanted)]
    return gains


def _gains_of(scores: Array, bought: Mask, wanted: int) -> Iterator[float]:
    """For each blend the NDCG and recall of the short list and of the long one, added up.

    scores: candidates × blends; bought: by candidate; wanted: how many were bought in all.
    """
    discount = 1.0 / np.log2(np.arange(_LONG) + 2.0)
    ideal = np.cumsum(discount)
    for score in scores.T:
        near = (
            np.argpartition(-score, _LONG)[:_LONG] if len(score) > _LONG else np.arange(len(score))
        )
        hits = bought[near[np.argsort(-score[near], kind="stable")]].astype(float)
        gain = 0.0
        for depth in (_SHORT, _LONG):
            found = hits[:depth]
            gain += float(found @ discount[: len(found)]) / float(ideal[min(wanted, depth) - 1])
            gain += float(found.sum()) / wanted
        yield gain
