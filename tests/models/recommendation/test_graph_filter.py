"""The graph filter against its definition."""

import numpy as np
from scipy.sparse import csr_matrix

from models.recommendation.graph_filter import fit_graph_filter


def test_taste_is_one_hop_and_the_leading_eigenvectors() -> None:
    likes = csr_matrix(np.random.default_rng(1).poisson(0.5, (40, 16)).astype(float))
    found = fit_graph_filter(likes, factors=2, keep=15, seed=1)
    person, product = np.asarray(likes.sum(1)).ravel(), np.asarray(likes.sum(0)).ravel()
    scaled = np.diag(np.maximum(person, 1) ** -0.5) @ likes.toarray() @ np.diag(product**-0.5)
    one_hop = scaled.T @ scaled
    leading = np.linalg.eigh(one_hop)[1][:, -2:]
    low = leading @ leading.T
    expected = np.diag(product**-0.15) @ one_hop @ np.diag(product**0.15) + 0.2 * np.diag(
        product**-0.5
    ) @ low @ np.diag(product**0.5)
    np.fill_diagonal(expected, 0.0)
    for each in range(16):
        near, strength = found.of(each)
        np.testing.assert_allclose(strength, expected[each, near], rtol=1e-4)
        assert len(near) == (expected[each] > 0).sum()
        assert (np.diff(strength) <= 0).all()


def test_of_a_product_only_the_strongest_ties_are_kept() -> None:
    likes = csr_matrix(np.random.default_rng(1).poisson(0.5, (40, 16)).astype(float))
    whole = fit_graph_filter(likes, factors=2, keep=15, seed=1)
    part = fit_graph_filter(likes, factors=2, keep=3, seed=1)
    for each in range(16):
        assert part.of(each)[0].tolist() == whole.of(each)[0][:3].tolist()
