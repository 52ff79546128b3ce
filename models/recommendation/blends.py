"""How much the parts of the ranking say: chosen on people who did not teach them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
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
# How much of a standard error cannot be told from luck: what holding back may cost, and by how
# much more a blend has to find than the best source.
_CHANCE = 0.5
_ALONE = 0  # of the kinds of blends: a source alone
# The search for blends: people of each cell, steps, and how much a part may add in one.
_SEARCHED, _STEPS, _SHARES = 800, 5, (0.2, 0.5, 1.0)


def _blend(**say: float) -> Array:
    blend = np.zeros(len(PARTS))
    for name, share in say.items():
        blend[PARTS.index(name)] = share
    return blend


def all_blends(*, trees: bool) -> Array:
    """Blends × PARTS that are always compared; the first is what was learned.

    trees: whether there are trees that can have a say. Every part may say everything; `searched`
    adds mixtures.
    """
    learned = [(1.0, 0.0)]
    if trees:
        learned = [(0.4, 0.6), (0.0, 1.0), (0.7, 0.3), (1.0, 0.0)]
    found = [_blend(linear=linear, trees=tree) for linear, tree in learned]
    found += [_blend(**{name: 1.0}) for name in SOURCE_SCORES]
    # A person's own products, then what a source says; and the rules that know people, together.
    known = ("item_knn", "item_knn_recent", "user_knn", "graph_filter", "random_walk")
    for name in (*known, "popular_now", "popular"):
        found.append(_blend(recent_frequency=2.0, **{name: 1.0}))
        found.append(_blend(frequency=2.0, **{name: 1.0}))
    found.append(_blend(**dict.fromkeys(known, 1.0)))
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


@dataclass(frozen=True)
class BlendGains:
    """What each blend finds for each person, of one or more windows.

    blends: blends × PARTS; everything, new: blends × people, of lists of everything and of lists of
    new products, NaN for who bought nothing that such a list could hold; returns: people who bought
    any product twice.
    """

    blends: Array
    everything: Array
    new: Array
    returns: Mask

    def of(self, *, new_only: bool) -> Array:
        """Blends × people: the gains of one kind of list."""
        return self.new if new_only else self.everything

    def joined(self, other: "BlendGains") -> "BlendGains":
        """The gains of the same blends for the people of another window as well."""
        return BlendGains(
            self.blends,
            np.concatenate([self.everything, other.everything], axis=1),
            np.concatenate([self.new, other.new], axis=1),
            np.concatenate([self.returns, other.returns]),
        )

    def without_trees(self) -> "BlendGains":
        """The gains of the blends in which the trees have no say."""
        kept = self.blends[:, TREES] == 0
        return BlendGains(self.blends[kept], self.everything[kept], self.new[kept], self.returns)


def measure_gains(
    blends: Array,
    parts: Sequence[Array],
    examples: Sequence[TeachingExample],
    *,
    durable_below: float,
) -> BlendGains:
    """What each blend finds for each example's person.

    blends: blends × PARTS; parts: candidates × PARTS of each example's person, made by a ranking
    that others taught; examples: in the order of the parts; durable_below: what fewer than this
    share of its buyers buy again is held back from who has it.
    """
    everything, new = (
        _gains(parts, examples, blends, new_only=only, durable_below=durable_below)
        for only in (False, True)
    )
    return BlendGains(blends, everything, new, np.array([one.returns for one in examples]))


def searched_blends(
    parts: Sequence[Array], examples: Sequence[TeachingExample], *, durable_below: float
) -> Array:
    """Blends × PARTS found by adding to the best source whatever part helps most, step by step.

    parts: candidates × PARTS of each example's person, made by a ranking that others taught;
    examples: in the order of the parts; durable_below: what fewer than this share of its buyers buy
    again is held back from who has it. Ensemble selection (Caruana et al., 2004), for each cell of
    which there are enough people; a step has to be clearly better than the one before it.
    """
    names = [place for place in range(len(PARTS)) if place != TREES or _have_trees(parts)]
    units = np.eye(len(PARTS))[names]
    found = [np.zeros((0, len(PARTS)))]
    for new_only in (False, True):
        for group in _groups(examples, new_only=new_only):
            own, people = [parts[place] for place in group], [examples[place] for place in group]
            gained = partial(_gains, own, people, new_only=new_only, durable_below=durable_below)
            found.append(_search(gained, units))
    return np.concatenate(found)


def _groups(examples: Sequence[TeachingExample], *, new_only: bool) -> list[list[int]]:
    """Places of people who buy again and of those who do not; of all where one of them is few."""
    counts = [
        place for place, one in enumerate(examples) if (one.wanted_new if new_only else one.wanted)
    ]
    apart = [[p for p in counts if examples[p].returns == returns] for returns in (False, True)]
    if min(len(group) for group in apart) < _FEWEST:
        apart = [counts] if counts else []
    return [group[:_SEARCHED] for group in apart]


def _search(gained: Callable[[Array], Array], units: Array) -> Array:
    """Steps × PARTS, from the best part alone on.

    gained: gives blends × people; units: parts × PARTS, each alone.
    """
    first = gained(units)
    best = int(np.argmax(first.mean(axis=1)))
    blend, gain, steps = units[best], first[best], []
    for _ in range(_STEPS):
        tried = np.concatenate([blend + share * blend.sum() * units for share in _SHARES])
        found = gained(tried)
        best = clearly_best(np.concatenate([gain[None], found]), errors=_CHANCE)
        if not best:
            break
        blend, gain = tried[best - 1], found[best - 1]
        steps.append(blend)
    return np.stack(steps) if steps else np.zeros((0, units.shape[1]))


def choose_blends(gains: BlendGains, newest: BlendGains | None = None) -> Array:
    """CELLS × PARTS: the blend of each cell.

    gains: of all blends, for people who taught none of them, of as many windows as there are;
    newest: of the same blends, for those of the newest window alone. The plainest blend is taken
    that is not clearly worse than the best: a source alone, then sources together, then the linear
    score, then trees, which suffer most where the next window is unlike those before. A list is no
    worse than that of its best source, over all windows and in the newest one. A cell has a blend
    of its own where that is clearly better for it than the one for everybody.
    """
    chosen = np.zeros((len(CELLS), len(PARTS)))
    for new_only in (False, True):
        found = gains.of(new_only=new_only)
        counts = ~np.isnan(found[0])
        overall = _plainest(gains.blends, found[:, counts]) if counts.any() else 0
        best = dict.fromkeys((False, True), overall)
        for returns in best:
            inside = counts & (gains.returns == returns)
            if inside.sum() >= _FEWEST:
                best[returns] = clearly_best(found[:, inside], first=overall)
        if newest is not None and counts.any():
            best = _never_below(gains.blends, found[:, counts], best, newest, new_only=new_only)
        for returns, place in best.items():
            chosen[CELLS.index(Cell(returns, new_only))] = gains.blends[place]
    return chosen


def _plainest(blends: Array, gains: Array) -> int:
    """The plainest blend that is not clearly worse than the best one."""
    mean = gains.mean(axis=1)
    best = int(np.argmax(mean))
    kind = _kinds(blends)
    for plain in range(kind[best]):
        able = np.flatnonzero(kind == plain)
        if not len(able):
            continue
        place = int(able[np.argmax(mean[able])])
        behind = gains[best] - gains[place]
        error = float(behind.std()) / behind.size**0.5
        if float(behind.mean()) <= (_CHANCE if plain == _ALONE else 1.0) * error:
            return place
    return best


def _kinds(blends: Array) -> NDArray[np.intp]:
    """How involved each blend is: 0 a source alone, 1 sources, 2 with the linear score, 3 trees."""
    kind: NDArray[np.intp] = ((blends > 0).sum(axis=1) > 1).astype(np.intp)
    kind[blends[:, LINEAR] > 0] = 2
    kind[blends[:, TREES] > 0] = 3
    return kind


def _best_source(blends: Array, gains: Array) -> int:
    """The source that ranks best of all sources alone."""
    alone = np.flatnonzero(_kinds(blends) == _ALONE)
    return int(alone[np.argmax(gains[alone].mean(axis=1))])


def _never_below(
    blends: Array, gains: Array, best: dict[bool, int], newest: BlendGains, *, new_only: bool
) -> dict[bool, int]:
    """The choice, where it is no worse than the best source in the newest window, else one for all
    that is: the best of all windows of those that are no worse than that source in any.

    gains: blends × people, of all windows; best: by whether people buy again, the blend chosen;
    newest: of the newest window; new_only: which kind of list.
    """
    late = newest.of(new_only=new_only)
    counts = ~np.isnan(late[0])
    if not counts.any():
        return best
    served = np.where(newest.returns, late[best[True]], late[best[False]])[counts]
    late = late[:, counts]
    source = _best_source(blends, late)
    if served.mean() >= late[source].mean():
        return best
    whole, last = gains.mean(axis=1), late.mean(axis=1)
    able = np.flatnonzero((whole >= whole[source]) & (last >= last[source]))
    return dict.fromkeys(best, int(able[np.argmax(whole[able])]))


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
            gains[:, place] = _gains_of(blends @ part[~held].T, example.bought[~held], wanted)
    return gains


def _gains_of(scores: Array, bought: Mask, wanted: int) -> Array:
    """For each blend the NDCG and recall of the short list and of the long one, added up.

    scores: blends × candidates; bought: by candidate; wanted: how many were bought in all.
    """
    depth = min(_LONG, scores.shape[1])
    # The best of each row in any order first: a whole sort of all candidates takes far longer.
    near = np.argpartition(-scores, depth - 1, axis=1)[:, :depth] if depth else scores.astype(int)
    order = np.argsort(-np.take_along_axis(scores, near, axis=1), axis=1, kind="stable")
    hits = bought[np.take_along_axis(near, order, axis=1)].astype(float)
    discount = 1.0 / np.log2(np.arange(_LONG) + 2.0)
    ideal = np.cumsum(discount)
    gain = np.zeros(len(scores))
    for length in (_SHORT, _LONG):
        found = hits[:, :length]
        gain += found @ discount[: found.shape[1]] / ideal[min(wanted, length) - 1]
        gain += found.sum(axis=1) / wanted
    return gain
