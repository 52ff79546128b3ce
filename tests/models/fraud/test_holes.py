"""Payments with holes beside the whole ones."""

import numpy as np
import pytest

from models.fraud.holes import ACCOUNT, SHARE, with_holes

NAMES = (*ACCOUNT, "address_match", "amount_base")
ROWS = 4_000


def holed(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    label = (np.arange(len(matrix)) % 10 == 0).astype(float)
    return with_holes(NAMES, matrix, label, np.full(len(matrix), 2.0), seed=1)


def test_copies_are_added_and_the_weight_stays() -> None:
    matrix = np.ones((ROWS, len(NAMES)), dtype=np.float32)
    found, label, weight = holed(matrix)
    assert np.array_equal(found[:ROWS], matrix)
    assert weight.sum() == pytest.approx(2.0 * ROWS)
    assert len(label) == len(weight) == len(found)
    account = np.isnan(found[:, : len(ACCOUNT)]).all(axis=1)
    assert account.sum() == pytest.approx(SHARE * ROWS, rel=0.4)
    assert (weight * label).sum() == pytest.approx(2.0 * ROWS / 10)


def test_what_is_missing_already_gets_no_more_holes() -> None:
    matrix = np.ones((ROWS, len(NAMES)), dtype=np.float32)
    whole, _, _ = holed(matrix)
    matrix[: ROWS // 20, NAMES.index("address_match")] = np.nan
    found, _, _ = holed(matrix)
    assert len(found) < len(whole)


def test_nothing_to_empty_leaves_all_as_it_is() -> None:
    matrix = np.full((50, len(NAMES)), np.nan, dtype=np.float32)
    found, label, weight = holed(matrix)
    assert found is matrix
    assert len(label) == len(weight) == 50
