"""Every model comes back from its folder."""

from pathlib import Path

import pandas as pd
import pytest

from models.recommendation import MODELS
from tests.models.recommendation.shoppers import shoppers


@pytest.mark.parametrize("name", MODELS)
def test_every_model_answers_alike_after_saving_and_leaves_its_input(
    name: str, tmp_path: Path
) -> None:
    frame = shoppers()
    before = frame.copy()
    model = MODELS[name]().fit(frame)
    pd.testing.assert_frame_equal(frame, before)
    model.save(tmp_path)
    asked = pd.DataFrame({"customer_id": ["c01", "nobody"], "limit": [3, 3]})
    answer = model.predict(asked)
    pd.testing.assert_frame_equal(MODELS[name].load(tmp_path).predict(asked), answer)
    assert list(answer.columns) == ["customer_id", "product_id", "rank", "score", "reason"]
    assert not list(tmp_path.glob("*.pkl"))
