"""Which parts of the ranking speak: every one may speak alone, and rules never undo the order."""

from dataclasses import replace

import numpy as np
import pytest

from models.recommendation.blends import (
    CELLS,
    LINEAR,
    PARTS,
    TREES,
    BlendGains,
    Cell,
    all_blends,
    choose_blends,
    choose_durable_below,
    measure_gains,
    searched_blends,
)
from models.recommendation.candidate_features import FEATURES
from models.recommendation.candidates import SOURCE_SCORES
from models.recommendation.teaching import TeachingExample

PEOPLE, CANDIDATES = 150, 40


def judged(
    told_by: str, *, again: float = 1.0, own: bool = False
) -> tuple[list[np.ndarray], list[TeachingExample]]:
    """What one part says first is what is bought; own: the person has it already."""
    random = np.random.default_rng(3)
    parts, examples = [], []
    for person in range(PEOPLE):
        part = random.random((CANDIDATES, len(PARTS)))
        part[:, TREES] = 0.0
        bought = part[:, PARTS.index(told_by)] > 0.9
        rows = np.zeros((CANDIDATES, len(FEATURES)), dtype=np.float32)
        rows[:, FEATURES.index("count")] = np.log(np.where(bought & own, 1.1, 0.1))
        number = max(int(bought.sum()), 1)
        examples.append(
            TeachingExample(
                rows=rows,
                scores=part[:, 2:].astype(np.float32),
                bought=bought,
                again=np.full(CANDIDATES, again, dtype=np.float32),
                wanted=number,
                wanted_new=0 if own else number,
                returns=bool(person % 2),
                fold=person % 2,
            )
        )
        parts.append(part)
    return parts, examples


def test_every_part_can_say_everything() -> None:
    blends = all_blends(trees=True)
    for place in range(len(PARTS)):
        alone = np.eye(len(PARTS))[place]
        assert any(np.array_equal(blend / blend.sum(), alone) for blend in blends)
    assert not all_blends(trees=False)[:, TREES].any()


@pytest.mark.parametrize("part", ["linear", *SOURCE_SCORES])
def test_the_part_that_knows_leads_in_every_cell(part: str) -> None:
    parts, examples = judged(part)
    tried = all_blends(trees=False)
    chosen = choose_blends(measure_gains(tried, parts, examples, durable_below=0.0))
    assert chosen.shape == (len(CELLS), len(PARTS))
    assert {PARTS[int(blend.argmax())] for blend in chosen} == {part}


def test_what_is_bought_again_is_not_held_back_however_rarely() -> None:
    assert choose_durable_below(*judged("linear", again=0.03, own=True)) <= 0.02
    assert choose_durable_below(*judged("linear", again=0.0)) == 0.1


def test_the_best_source_stays_unless_a_blend_is_clearly_better() -> None:
    blends = all_blends(trees=False)
    mixed = len(blends) - 1
    source = 1 + SOURCE_SCORES.index("item_knn")
    random = np.random.default_rng(5)
    people = 400
    for ahead, leads in ((0.005, source), (0.1, mixed)):
        gains = np.full((len(blends), people), 0.2)
        gains[source] = 0.5
        gains[mixed] = 0.5 + ahead + random.normal(0, 0.5, people)
        gains[mixed] += 0.5 + ahead - gains[mixed].mean()
        returns = np.arange(people) % 2 == 0
        chosen = choose_blends(BlendGains(blends, gains, gains, returns))
        assert np.array_equal(chosen[CELLS.index(Cell(True, False))], blends[leads])


def test_people_of_every_window_choose() -> None:
    blends = all_blends(trees=False)
    source = 1 + SOURCE_SCORES.index("user_knn")
    other = 1 + SOURCE_SCORES.index("popular")
    none = np.zeros((len(blends), 150))
    lucky, usual = none.copy(), none.copy()
    lucky[other], usual[source] = 0.1, 0.5
    returns = np.zeros(150, dtype=bool)
    one, two = (BlendGains(blends, gains, gains, returns) for gains in (lucky, usual))
    assert np.array_equal(choose_blends(one)[0], blends[other])
    assert np.array_equal(choose_blends(one.joined(two))[0], blends[source])


def test_the_search_finds_two_sources_that_know_one_half_each() -> None:
    random = np.random.default_rng(4)
    parts, examples = judged("item_knn")
    found = []
    for part, example in zip(parts, examples, strict=True):
        knows = random.random((2, CANDIDATES))
        part[:, PARTS.index("item_knn")], part[:, PARTS.index("user_knn")] = knows
        found.append(replace(example, bought=knows.sum(axis=0) > 1.5))
    found = [replace(one, wanted=int(one.bought.sum())) for one in found]
    blends = searched_blends(parts, found, durable_below=0.0)
    best = blends[-1] / blends[-1].sum()
    assert min(best[PARTS.index("item_knn")], best[PARTS.index("user_knn")]) > 0.2


def test_in_the_newest_window_nothing_is_worse_than_the_best_source() -> None:
    blends = all_blends(trees=False)
    source = 1 + SOURCE_SCORES.index("user_knn")
    mixed = len(blends) - 1
    people = 300
    early, late = np.zeros((2, len(blends), people))
    early[source], early[mixed] = 0.4, 0.9
    late[source], late[mixed] = 0.5, 0.45
    returns = np.zeros(people, dtype=bool)
    known, newest = (BlendGains(blends, one, one, returns) for one in (early, late))
    assert np.array_equal(choose_blends(known.joined(newest))[0], blends[mixed])
    assert np.array_equal(choose_blends(known.joined(newest), newest)[0], blends[source])


def test_trees_rank_only_where_they_clearly_find_more() -> None:
    blends = all_blends(trees=True)
    linear, trees = (
        int(np.flatnonzero((blends == row).all(axis=1))[0])
        for row in (np.eye(len(PARTS))[LINEAR], np.eye(len(PARTS))[TREES])
    )
    random = np.random.default_rng(6)
    people = 400
    for ahead, leads in ((0.01, linear), (0.2, trees)):
        gains = np.full((len(blends), people), 0.2)
        gains[linear] = 0.5
        noise = random.normal(0, 0.5, people)
        gains[trees] = 0.5 + ahead + noise - noise.mean()
        returns = np.zeros(people, dtype=bool)
        chosen = choose_blends(BlendGains(blends, gains, gains, returns))
        assert np.array_equal(chosen[0], blends[leads])
