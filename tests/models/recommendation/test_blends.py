"""Which parts of the ranking speak: every one may speak alone, and rules never undo the order."""

import numpy as np
import pytest

from models.recommendation.blends import (
    CELLS,
    PARTS,
    TREES,
    all_blends,
    choose_blends,
    choose_durable_below,
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
    chosen = choose_blends(parts, examples, durable_below=0.0)
    assert chosen.shape == (len(CELLS), len(PARTS))
    assert {PARTS[int(blend.argmax())] for blend in chosen} == {part}


def test_what_is_bought_again_is_not_held_back_however_rarely() -> None:
    assert choose_durable_below(*judged("linear", again=0.03, own=True)) <= 0.02
    assert choose_durable_below(*judged("linear", again=0.0)) == 0.1
