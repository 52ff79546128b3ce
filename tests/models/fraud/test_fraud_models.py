"""All models of fraud: what each of them promises."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.base import parameters
from models.fraud import (
    MODELS,
)
from tests.models.fraud.payments import FRAME, made


@pytest.mark.parametrize("name", sorted(MODELS))
def test_what_is_saved_answers_the_same(name: str, tmp_path: Path) -> None:
    model = made(name).fit(FRAME)
    model.save(tmp_path)
    again = MODELS[name].load(tmp_path)
    assert parameters(again) == parameters(model)
    unlabelled = FRAME.drop(columns="is_fraud").set_index(FRAME.index + 5)
    before = unlabelled.copy()
    answer = model.predict(unlabelled)
    pd.testing.assert_frame_equal(again.predict(unlabelled), answer)
    pd.testing.assert_frame_equal(unlabelled, before)
    assert answer.index.equals(unlabelled.index)
    assert list(answer.columns) == ["probability", "score"]
    assert answer["probability"].between(0, 1).all()
    assert answer["score"].to_numpy() == pytest.approx(100 * answer["probability"].to_numpy())
    assert not list(tmp_path.glob("*.pkl"))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_values_never_seen_are_answered(name: str) -> None:
    model = made(name).fit(FRAME)
    strange = FRAME.head(2).assign(channel=["fax", None], x_signal=[np.nan, np.inf])
    assert model.predict(strange)["probability"].between(0, 1).all()
