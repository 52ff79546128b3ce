"""Trees of two sizes, judged by later payments: the smaller are taken where that is clear."""

import numpy as np
import pandas as pd
import pytest

from models.fraud import BoostedTrees
from models.fraud.judged import Judged


def judged(raw: list[float]) -> Judged:
    return Judged(1, 10, np.array(raw), np.array([1.0, 0.0, 1.0, 0.0]))


def test_loss_is_the_log_loss_of_each_payment() -> None:
    raw = [2.0, -1.0, 0.0, 3.0]
    expected = [-np.log(1 / (1 + np.exp(-2))), -np.log(1 - 1 / (1 + np.exp(1))), np.log(2)]
    assert judged(raw).loss[:3] == pytest.approx(expected)


def test_better_on_every_payment_is_clear_and_on_some_only_is_not() -> None:
    usual = judged([0.0, 0.0, 0.0, 0.0])
    assert judged([1.0, -1.0, 1.0, -1.0]).clearly_better(usual)
    assert not judged([1.0, 0.5, 0.0, 0.0]).clearly_better(usual)
    assert not usual.clearly_better(usual)


def test_few_frauds_whose_signs_add_up_get_small_trees() -> None:
    few, many = (largest(BoostedTrees(few_frauds=n).fit(added())) for n in (1_000, 0))
    assert (few, many) == (7, 31)


def added(rows: int = 6_000) -> pd.DataFrame:
    """Eight numbers, each of which makes fraud likelier whatever the others are."""
    draw = np.random.default_rng(3)
    signs = draw.normal(size=(rows, 8))
    chance = 1 / (1 + np.exp(4.0 - 0.5 * signs.sum(axis=1)))
    frame = pd.DataFrame(signs, columns=[f"x_{n}" for n in range(8)])
    times = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(np.arange(rows), unit="min")
    return frame.assign(attempted_at=times, is_fraud=(draw.random(rows) < chance).astype(int))


def largest(model: BoostedTrees) -> int:
    """Leaves of the largest tree."""
    return int(max(tree["num_leaves"] for tree in model._known.booster.dump_model()["tree_info"]))
