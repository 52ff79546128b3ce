"""Item-item neighbours: which products the same people like, or the same baskets hold."""

from dataclasses import dataclass

import numpy as np
from implicit.nearest_neighbours import all_pairs_knn
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Neighbours:
    """The nearest products of each product: row i is start[i]:start[i + 1], best first."""

    start: Ints
    product: Ints
    strength: Floats

    def of(self, product: int) -> tuple[Ints, Floats]:
        """Neighbours of one product and how strong, best first."""
        row = slice(int(self.start[product]), int(self.start[product + 1]))
        return self.product[row], self.strength[row]

    def spread(self, products: Ints, weight: Floats, size: int) -> NDArray[np.float64]:
        """Every product's score: the summed strength of its ties to the weighted products."""
        _, near, ties = self._ties(products, weight)
        return np.bincount(near, ties, minlength=size).astype(np.float64)

    def links(self, products: Ints, weight: Floats, targets: Ints) -> NDArray[np.int64]:
        """Which of the products ties most strongly to each target; -1 where none does."""
        owner, near, ties = self._ties(products, weight)
        met = np.isin(near, targets)
        owner, near, ties = owner[met], near[met], ties[met]
        order = np.lexsort((owner, -ties, near))
        found, first = np.unique(near[order], return_index=True)
        strongest = dict(zip(found.tolist(), owner[order][first].tolist(), strict=True))
        return np.array([strongest.get(int(target), -1) for target in targets], dtype=np.int64)

    def _ties(self, products: Ints, weight: Floats) -> tuple[Ints, Ints, Floats]:
        """The rows of the products one after another: whose, to whom, how strong."""
        begin = self.start[products]
        lengths = self.start[np.asarray(products) + 1] - begin
        skipped = np.repeat(begin - (np.cumsum(lengths) - lengths), lengths)
        place = np.arange(lengths.sum()) + skipped
        ties = self.strength[place] * np.repeat(weight, lengths)
        return np.repeat(products, lengths), self.product[place], ties


def fit_neighbours(likes: csr_matrix, *, keep: int, damping: float, threads: int = 0) -> Neighbours:
    """Two-step random walk product → person → product, popular ends damped; `keep` a product.

    strength(i, j) = Σ_u (r_ui / d_i)(r_uj / d_u) / d_j^damping, with d the row and column sums
    (RP3-beta: Paudel, Christoffel, Newell, Bernstein, 2017). The tie of a product to itself is
    left out.
    """
    by_person = np.asarray(likes.sum(axis=1)).ravel()
    by_product = np.asarray(likes.sum(axis=0)).ravel()
    person_scale = np.where(by_person > 0, by_person, 1.0) ** -0.5
    popular = np.where(by_product > 0, by_product, 1.0) ** -damping
    scaled = (diags(person_scale) @ likes.astype(np.float64) @ diags(popular)).tocsr()
    ties = all_pairs_knn(scaled, keep + 1, show_progress=False, num_threads=threads).tocsr()
    # In a row only the far end's damping decides who is near; the near end's is put right here.
    ties = (diags(1.0 / (np.where(by_product > 0, by_product, 1.0) * popular)) @ ties).tocsr()
    return _sorted(ties)


def cosine_ties(counts: csr_matrix, *, keep: int, threads: int = 0) -> csr_matrix:
    """Products × products: cosine of their columns, the `keep` largest a row, each with itself."""
    norm = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=0)).ravel())
    scaled = (counts.astype(np.float64) @ diags(1.0 / np.where(norm > 0, norm, 1.0))).tocsr()
    ties: csr_matrix = all_pairs_knn(scaled, keep, show_progress=False, num_threads=threads)
    return ties.tocsr()


def baskets_of(basket: Ints, product: Ints, size: int) -> csr_matrix:
    """Baskets × products, 1 where a basket holds a product."""
    codes, place = np.unique(basket, return_inverse=True)
    held = csr_matrix((np.ones(len(product)), (place, product)), shape=(len(codes), size))
    held.data[:] = 1.0
    return held


def _sorted(ties: csr_matrix) -> Neighbours:
    """Rows without their own product, best first; equal strengths by product."""
    entries = ties.tocoo()
    other = (entries.row != entries.col) & (entries.data > 0)
    row, column, strength = entries.row[other], entries.col[other], entries.data[other]
    order = np.lexsort((column, -strength, row))
    start = np.searchsorted(row[order], np.arange(ties.shape[0] + 1))
    return Neighbours(
        start=start.astype(np.int64),
        product=column[order].astype(np.int32),
        strength=strength[order].astype(np.float32),
    )
