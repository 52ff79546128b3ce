"""Which source ranks where."""

import numpy as np
import pytest

from models.recommendation import Recommender
from models.recommendation.blends import CELLS, PARTS
from models.recommendation.candidate_features import FEATURES
from models.recommendation.candidates import SOURCE_SCORES
from models.recommendation.ranking import learn_ranking, settled_ranking
from models.recommendation.teaching import TeachingExample


def noisy_examples(told_by: str) -> list[TeachingExample]:
    """Candidates whose features say nothing; what is bought is what one source says first."""
    random = np.random.default_rng(5)
    examples = []
    for person in range(120):
        scores = random.random((40, len(SOURCE_SCORES))).astype(np.float32)
        bought = scores[:, SOURCE_SCORES.index(told_by)] > 0.85
        rows = random.normal(size=(40, len(FEATURES))).astype(np.float32)
        rows[:, FEATURES.index("count")] = np.log(0.1)
        again = np.ones(40, dtype=np.float32)
        wanted = max(int(bought.sum()), 1)
        examples.append(
            TeachingExample(rows, scores, bought, again, wanted, wanted, False, person % 2)
        )
    return examples


@pytest.mark.parametrize("source", ["item_knn", "user_knn", "popular"])
def test_a_source_ranks_alone_where_nothing_beats_it(source: str) -> None:
    learned = learn_ranking(noisy_examples(source), seed=1)
    for blend in learned.blends:
        assert PARTS[int(blend.argmax())] == source
        assert blend.max() >= 2 * (blend.sum() - blend.max())


def test_what_serves_better_on_a_later_window_takes_over() -> None:
    learned = learn_ranking(noisy_examples("item_knn"), seed=1)
    settled = settled_ranking(learned, noisy_examples("user_knn"))
    for blend in settled.blends:
        assert {PARTS[i] for i in np.flatnonzero(blend)} == {"user_knn"}
    assert settled.trees is None
    same = settled_ranking(learned, noisy_examples("item_knn"))
    assert same.blends.argmax(axis=1).tolist() == learned.blends.argmax(axis=1).tolist()


def test_every_part_may_rank_alone(fitted: Recommender) -> None:
    shopper = fitted.find_shopper("c01")
    for part in PARTS:
        alone = fitted.ranked_by(part)
        assert alone.ranking.blends.shape == (len(CELLS), len(PARTS))
        assert len(alone.rank(shopper, limit=4).product) == 4
