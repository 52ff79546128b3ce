"""Kinds and phases of promotions."""

import numpy as np
import pandas as pd

from models.forecasting.conditions import (
    AFTER,
    BEFORE,
    FIRST,
    MOST_KINDS,
    NONE,
    PART,
    SECOND,
    conditions,
    read_kinds,
)

TEXTS = ['{"flash": 1}', '{"flash": 0.3, "leaflet": 1}']


def test_phases_of_weeks_before_in_and_after() -> None:
    made = conditions(np.array([[-1, -1, 0, 0, -1, -1, 1]]), TEXTS, "week")
    assert made.kinds == ("flash", "leaflet")
    flash = made.phase[0][made.pattern[0]]
    assert list(flash) == [NONE, BEFORE, FIRST, SECOND, AFTER, NONE, PART]
    assert list(made.phase[1][0]) == [NONE] * 5 + [BEFORE, FIRST]


def test_series_with_the_same_promotions_share_a_pattern() -> None:
    codes = np.array([[0, -1], [-1, 0], [0, -1]])
    made = conditions(codes, TEXTS, "week")
    assert made.pattern[0] == made.pattern[2] != made.pattern[1]
    assert made.at(0, np.array([0, 1]), np.array([0, 0])).tolist() == [FIRST, BEFORE]


def test_rare_kinds_share_one_place() -> None:
    texts = [f'{{"kind {number}": 1}}' for number in range(30)]
    made = conditions(np.arange(30)[None, :], texts, "week")
    assert len(made.kinds) == MOST_KINDS + 1
    assert made.kinds[-1] == ""


def test_without_kinds_the_promoted_share_stands_for_one() -> None:
    unknown = pd.Series([None, None], dtype=object)
    assert list(read_kinds(unknown, np.array([0.0, 0.5]))) == ["", '{"": 0.5}']
