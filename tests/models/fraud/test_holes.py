import numpy as np

from models.fraud.holes import ACCOUNT, with_holes


def test_a_payment_and_its_copies_weigh_what_it_weighed() -> None:
    names = (*ACCOUNT, "address_match")
    matrix = np.ones((1_000, len(names)), np.float32)
    label, weight = np.arange(1_000) % 2 * 1.0, np.full(1_000, 3.0)
    rows, labels, weights = with_holes(names, matrix, label, weight, seed=1)
    assert len(rows) > 1_000
    assert weights.sum() == weight.sum()
    assert labels[:1_000].tolist() == label.tolist()
    holed = rows[1_000:]
    assert np.isnan(holed).any(axis=1).all()
    empty = np.isnan(holed[:, : len(ACCOUNT)])
    assert (empty.all(axis=1) | (empty.sum(axis=1) <= 1)).all()


def test_what_is_often_missing_needs_no_holes() -> None:
    matrix = np.full((100, 1), np.nan, np.float32)
    label = np.zeros(100)
    assert len(with_holes(("address_match",), matrix, label, label + 1, seed=1)[0]) == 100
