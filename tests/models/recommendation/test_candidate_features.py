"""What the trees see of a candidate."""

from pathlib import Path

import pandas as pd

from models.recommendation import Recommender
from models.recommendation.blends import TREES
from models.recommendation.candidate_features import FEATURES
from tests.models.recommendation.shoppers import row


def test_trees_speak_where_they_rank_better_and_answer_alike_after_saving(tmp_path: Path) -> None:
    # What was bought three weeks ago is bought again: not what was lately, nor what was given up.
    rows = []
    for person in range(80):
        own = [f"p{(person * 7 + n) % 60:02}" for n in range(18)]
        given_up = [f"p{(person * 7 + n) % 60:02}" for n in range(18, 30)]
        for week in range(24):
            bought = [own[(6 * week + n) % 18] for n in range(6)]
            bought += [p for n, p in enumerate(given_up) if week < 2 * n]
            rows += [row(f"c{person}", p, week * 7, f"{person}-{week}") for p in bought]
    frame = pd.DataFrame(rows)
    model = Recommender(factors=8, window_days=7).fit(frame)
    assert model.ranking.blends[:, TREES].any()
    assert model.ranking.trees is not None
    assert model.ranking.trees.num_feature() == len(FEATURES)
    model.save(tmp_path)
    asked = pd.DataFrame({"customer_id": ["c1", "c2"], "limit": 5})
    pd.testing.assert_frame_equal(
        Recommender.load(tmp_path).predict(asked), model.predict(asked), rtol=1e-9
    )
    again = Recommender(factors=8, window_days=7).fit(frame)
    pd.testing.assert_frame_equal(again.predict(asked), model.predict(asked))
