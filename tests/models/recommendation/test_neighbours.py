"""Neighbours of products and of people, on matrices whose answer is obvious."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.recommendation.neighbours import (
    Neighbours,
    fit_co_purchase,
    fit_cosine,
    fit_random_walk,
    fit_similar_people,
)


def test_co_purchase_is_count_times_log_lift_of_pairs_with_support() -> None:
    # Bread is in every basket: it lifts nothing. Tea and sugar meet three times, tea and pan once.
    bread, tea, sugar, pan = range(4)
    held = np.zeros((10, 4))
    held[:, bread] = 1
    held[:4, tea] = held[:3, sugar] = held[3, pan] = 1
    found = fit_co_purchase(csr_matrix(held), keep=3)
    near, strength = found.of(tea)
    assert near.tolist() == [sugar]
    assert strength[0] == pytest.approx(3 / 4 * np.log(3 * 10 / (4 * 3)))
    assert found.of(bread)[0].tolist() == []
    assert found.of(pan)[0].tolist() == []
    assert fit_co_purchase(csr_matrix(held), keep=3, support=1).of(pan)[0].tolist() == [tea]


def test_cosine_leaves_a_product_itself_out() -> None:
    bought = csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]], dtype=float))
    near, strength = fit_cosine(bought, keep=2).of(0)
    assert near.tolist() == [1]
    assert strength[0] == pytest.approx(2 / np.sqrt(2 * 3))


def test_people_alike_bought_the_same() -> None:
    bought = csr_matrix(np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1]], dtype=float))
    near, likeness = fit_similar_people(bought, keep=2).of(0)
    assert near.tolist() == [1]
    assert likeness[0] == pytest.approx(2 / np.sqrt(2 * 3))


def test_links_tell_the_strongest_owner() -> None:
    table = Neighbours(np.array([0, 1, 2, 2]), np.array([2, 2]), np.array([0.5, 1.0]))
    found = table.links(np.array([0, 1]), np.array([1.0, 1.0]), np.array([2, 0]))
    assert found.tolist() == [1, -1]


def test_neighbours_are_what_the_same_people_like() -> None:
    likes = csr_matrix(np.array([[1, 1, 0, 0]] * 3 + [[0, 0, 1, 1]] * 3, dtype=float))
    near = fit_random_walk(likes, keep=3, damping=0.5)
    for product, expected in ((0, [1]), (1, [0]), (2, [3]), (3, [2])):
        assert near.of(product)[0].tolist() == expected
    # One of three people's two products each: (1/3 · 1/2 · 3) / 3^0.5.
    assert near.of(0)[1][0] == pytest.approx(0.5 / 3**0.5)
