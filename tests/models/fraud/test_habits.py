"""Habits of a value of many values."""

import numpy as np
import pytest

from models.fraud.habits import Habit


def test_habits_are_learned_from_the_past_only() -> None:
    """A value that is always fraud is not known as such in its own block of time."""
    values = [None, *["new"] * 99]
    habit, past = Habit.learn(values, np.ones(100))
    assert np.isnan(past[:13]).all()
    assert habit.of("new")[1] == pytest.approx(1.0)
    assert habit.of("never") == (0.0, habit.rate)
    assert np.isnan(habit.of(None)).all()
    labels = np.r_[np.zeros(50), np.ones(50)]
    _, first = Habit.learn(["a"] * 100, labels)
    _, other = Habit.learn(["a"] * 100, np.r_[np.zeros(50), np.zeros(50)])
    np.testing.assert_array_equal(first[:50], other[:50])
