"""Implicit ALS with fold-in: only product factors are kept, a person is solved when asked for.

Hu, Koren, Volinsky (2008), Collaborative filtering for implicit feedback datasets. A person never
seen in training is a few products and one small linear system, the same as anybody else.
"""

from dataclasses import dataclass

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from models.recommendation.selection import best, top

Array = NDArray[np.float32]

# More products than this are looked at by the heaviest factors first.
_MANY, _HEAD = 20_000, 32


@dataclass(frozen=True)
class Factors:
    """Product factors (float32, products × factors), their Gram matrix, and what ALS was told.

    The factors stand in the order of what they explain; head is the first of them, so that a first
    look at very many products reads a part of the memory.
    """

    product: Array
    head: Array
    gram: NDArray[np.float64]
    alpha: float
    regularization: float

    def person(self, products: NDArray[np.integer], confidence: NDArray[np.floating]) -> Array:
        """A person's factors from the products they liked, by the least squares ALS itself solves.

        x = (YᵀY + λI + Σ (c − 1) y yᵀ)⁻¹ Σ c y with c = alpha · confidence; no product, no taste.
        """
        liked = self.product[products].astype(np.float64)
        weight = self.alpha * np.asarray(confidence, dtype=np.float64)
        if not len(liked):
            return np.zeros(self.product.shape[1], dtype=np.float32)
        system = self.gram + liked.T @ (liked * (weight - 1.0)[:, None])
        solved = cho_solve(
            cho_factor(system, check_finite=False), weight @ liked, check_finite=False
        )
        factors: Array = solved.astype(np.float32)
        return factors

    def scores(self, person: Array, products: NDArray[np.integer]) -> Array:
        """The products' scores for a person."""
        scores: Array = self.product[products] @ person
        return scores

    def best_for(
        self, person: Array, count: int, eligible: NDArray[np.bool_] | None
    ) -> NDArray[np.integer]:
        """The `count` eligible products of the highest scores.

        Of very many products it takes those that lead by the head of the factors, and sorts ten
        times `count` of them out by all factors.
        """
        if len(self.product) <= _MANY:
            return best(self.product @ person, count, eligible)
        near = best(self.head @ person[:_HEAD], 10 * count, eligible)
        return near[top(self.product[near] @ person, count)]

    def nearest(self, product: int) -> Array:
        """Cosine of every product with one."""
        norm = np.linalg.norm(self.product, axis=1)
        norm[norm == 0] = 1.0
        cosine: Array = (self.product @ self.product[product]) / (norm * norm[product])
        return cosine


def fit_factors(
    likes: csr_matrix,
    *,
    factors: int,
    alpha: float,
    regularization: float,
    iterations: int,
    seed: int,
    threads: int = 0,
) -> Factors:
    """Factorise people × products; products nobody likes keep factors of zero."""
    # A threaded BLAS under implicit's own threads is many times slower.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=factors,
            alpha=alpha,
            regularization=regularization,
            iterations=iterations,
            random_state=seed,
            num_threads=threads,
        )
        model.fit(likes.astype(np.float32), show_progress=False)
    ordered = _by_weight(model.item_factors)
    return with_gram(ordered, alpha=alpha, regularization=regularization)


def _by_weight(product: Array) -> Array:
    """The factors turned onto their principal axes, the heaviest first: no score changes by it."""
    wide = product.astype(np.float64)
    _, axes = np.linalg.eigh(wide.T @ wide)
    turned: Array = (wide @ axes[:, ::-1]).astype(np.float32)
    return turned


def with_gram(product: Array, *, alpha: float, regularization: float) -> Factors:
    """Factors with YᵀY + λI worked out once."""
    wide = product.astype(np.float64)
    gram = wide.T @ wide + regularization * np.eye(product.shape[1])
    head = np.ascontiguousarray(product[:, :_HEAD])
    return Factors(product, head, gram, alpha, regularization)
