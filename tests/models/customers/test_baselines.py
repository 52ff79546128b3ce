"""Every baseline answers with the same columns, and comes back from its folder."""

from pathlib import Path

import numpy as np
import pytest

from models.base import Model, ModelError
from models.customers import ANSWER_COLUMNS, LastYearMargin, ProcessValue, RecencyFrequencyTable
from tests.models.customers.rows import history, rows

KINDS = (LastYearMargin, ProcessValue, RecencyFrequencyTable)


@pytest.mark.parametrize("kind", KINDS)
def test_it_answers_and_comes_back(kind: type[Model], tmp_path: Path) -> None:
    fitted = kind().fit(history())
    answer = fitted.predict(rows(50, seed=3))
    assert list(answer.columns) == list(ANSWER_COLUMNS)
    assert np.isfinite(answer.to_numpy()).all()
    fitted.save(tmp_path)
    again = kind.load(tmp_path).predict(rows(50, seed=3))
    assert again.to_numpy() == pytest.approx(answer.to_numpy())


def test_the_table_is_right_on_average() -> None:
    frame = history()
    known = frame[frame["target_orders"].notna()]
    expected = RecencyFrequencyTable().fit(frame).predict(known)["expected_orders"]
    assert expected.sum() == pytest.approx(known["target_orders"].sum(), rel=0.01)


def test_last_year_is_carried_on() -> None:
    frame = rows(200)
    answer = LastYearMargin().fit(frame).predict(frame)
    mine = frame["margin_365d"] / frame["age_days"] * frame["horizon_days"]
    assert answer["expected_margin"].to_numpy() == pytest.approx(mine.to_numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_before_fit_there_is_no_answer(kind: type[Model]) -> None:
    with pytest.raises((ModelError, KeyError)):
        kind().predict(rows(3))
