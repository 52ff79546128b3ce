"""Item-item neighbours: which products the same people like, or the same baskets hold."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from implicit.nearest_neighbours import all_pairs_knn
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]

# Entries of a block of pair counts, which bounds the memory.
_BLOCK = 2**24
# Operations that pairs of people may cost: what very many people bought tells little of taste, and
# is left out where all pairs would cost more.
_MOST_PAIRS = 2e9


@dataclass(frozen=True)
class Neighbours:
    """The nearest entries of each: row i is start[i]:start[i + 1], best first.

    product: positions of the near ones (of people, where people are told apart by their purchases).
    """

    start: Ints
    product: Ints
    strength: Floats

    def of(self, product: int) -> tuple[Ints, Floats]:
        """Neighbours of one product and how strong, best first."""
        row = slice(int(self.start[product]), int(self.start[product + 1]))
        return self.product[row], self.strength[row]

    def spread(self, products: Ints, weight: Floats, size: int) -> NDArray[np.float64]:
        """Every product's score: the summed strength of its ties to the weighted products.

        products: positions; weight: one each; size: how many products there are.
        """
        _, near, ties = self._ties(products, weight)
        return np.bincount(near, ties, minlength=size).astype(np.float64)

    def links(self, products: Ints, weight: Floats, targets: Ints) -> NDArray[np.int64]:
        """Which of the weighted products ties most strongly to each target; -1 where none does.

        products: their positions; weight: of each of them, how much its ties count; targets:
        positions of the products asked about.
        """
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
        # Positions of the rows' entries, joined: a running count plus what lies between the rows.
        skipped = np.repeat(begin - (np.cumsum(lengths) - lengths), lengths)
        place = np.arange(lengths.sum()) + skipped
        ties = self.strength[place] * np.repeat(weight, lengths)
        return np.repeat(products, lengths), self.product[place], ties


def fit_random_walk(
    likes: csr_matrix, *, keep: int, damping: float, threads: int = 0
) -> Neighbours:
    """Two-step random walk product → person → product, popular ends damped.

    likes: people × products; keep: neighbours a product; damping: 0 (none) to 1; threads: 0 for
    all cores. strength(i, j) = Σ_u (r_ui / d_i)(r_uj / d_u) / d_j^damping, with d the row and
    column sums (RP3-beta: Paudel, Christoffel, Newell, Bernstein, 2017). The tie of a product to
    itself is left out.
    """
    by_person = np.asarray(likes.sum(axis=1)).ravel()
    by_product = np.asarray(likes.sum(axis=0)).ravel()
    person_scale = np.where(by_person > 0, by_person, 1.0) ** -0.5
    popular = np.where(by_product > 0, by_product, 1.0) ** -damping
    scaled = (diags(person_scale) @ likes.astype(np.float64) @ diags(popular)).tocsr()
    ties = all_pairs_knn(scaled, keep + 1, show_progress=False, num_threads=threads).tocsr()
    # In a row only the far end's damping decides who is near; the near end's is put right here.
    ties = (diags(1.0 / (np.where(by_product > 0, by_product, 1.0) * popular)) @ ties).tocsr()
    return _without_self(ties)


def fit_cosine(bought: csr_matrix, *, keep: int, threads: int = 0) -> Neighbours:
    """The `keep` products whose buyers are most alike, by the cosine of their columns.

    bought: people × products; threads: 0 for all cores. Itself is left out.
    """
    return _without_self(cosine_ties(bought, keep=keep + 1, threads=threads))


def cosine_ties(counts: csr_matrix, *, keep: int, threads: int = 0) -> csr_matrix:
    """Products × products: cosine of their columns, the `keep` largest a row, each with itself.

    counts: people × products; threads: 0 for all cores.
    """
    norm = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=0)).ravel())
    scaled = (counts.astype(np.float64) @ diags(1.0 / np.where(norm > 0, norm, 1.0))).tocsr()
    ties: csr_matrix = all_pairs_knn(scaled, keep, show_progress=False, num_threads=threads)
    return ties.tocsr()


def fit_similar_people(bought: csr_matrix, *, keep: int, threads: int = 0) -> Neighbours:
    """The `keep` people whose purchases are most like each person's, by cosine.

    bought: people × products, 1 where bought; threads: 0 for all cores. Products bought by so many
    that all pairs of their buyers would cost more than _MOST_PAIRS operations are not compared.
    """
    buyers = np.asarray(bought.sum(axis=0)).ravel().astype(np.float64)
    cheapest = np.sort(buyers)
    affordable = np.cumsum(cheapest**2) <= _MOST_PAIRS
    most = float(cheapest[affordable].max(initial=1.0))
    kept = (bought.astype(np.float64) @ diags((buyers <= most).astype(np.float64))).tocsr()
    kept.eliminate_zeros()
    norm = np.sqrt(np.maximum(np.asarray(bought.sum(axis=1)).ravel(), 1.0))
    scaled = (diags(1.0 / norm) @ kept).tocsr()
    ties = all_pairs_knn(scaled.T.tocsr(), keep + 1, show_progress=False, num_threads=threads)
    return _without_self(ties.tocsr())


def fit_co_purchase(held: csr_matrix, *, keep: int, support: int = 2) -> Neighbours:
    """Products in the same baskets more than chance would have it, the `keep` strongest of each.

    held: baskets × products, 1 where a basket holds a product. strength(i, j) = n_ij / n_i ×
    log(n_ij · n / (n_i · n_j)), which orders the neighbours of i by count × log-lift; pairs in
    fewer than `support` baskets, and pairs no more frequent than chance, are left out.
    """
    size = held.shape[1]
    number = np.maximum(np.asarray(held.sum(axis=0)).ravel(), 1.0)
    parts = [
        _co_purchase_block(held, number, first, support=support, keep=keep, width=width)
        for first, width in _blocks(size)
    ]
    row = np.concatenate([part[0] for part in parts])
    start = np.searchsorted(row, np.arange(size + 1)).astype(np.int64)
    return Neighbours(
        start=start,
        product=np.concatenate([part[1] for part in parts]).astype(np.int32),
        strength=np.concatenate([part[2] for part in parts]).astype(np.float32),
    )


def _blocks(size: int) -> Iterator[tuple[int, int]]:
    """First product and number of products of each block of rows."""
    step = max(1, _BLOCK // max(size, 1))
    for first in range(0, max(size, 1), step):
        yield first, step


def _co_purchase_block(
    held: csr_matrix, number: Floats, first: int, *, support: int, keep: int, width: int
) -> tuple[Ints, Ints, Floats]:
    """Rows, columns and strengths of a block of products, best first in each row."""
    pairs = (held[:, first : first + width].T @ held).tocoo()
    row, column, count = pairs.row + first, pairs.col, pairs.data
    lift = np.log(count * held.shape[0] / (number[row] * number[column]))
    good = (row != column) & (count >= support) & (lift > 0)
    row, column, strength = row[good], column[good], (count * lift / number[row])[good]
    order = np.lexsort((column, -strength, row))
    row, column, strength = row[order], column[order], strength[order]
    # Place of each entry in its own row: its position less that of the row's first entry.
    place = np.arange(len(row)) - np.searchsorted(row, row)
    return row[place < keep], column[place < keep], strength[place < keep]


def baskets_of(basket: Ints, product: Ints, size: int) -> csr_matrix:
    """Baskets × products, 1 where a basket holds a product.

    basket, product: codes, one a purchase; size: how many products there are.
    """
    codes, place = np.unique(basket, return_inverse=True)
    held = csr_matrix((np.ones(len(product)), (place, product)), shape=(len(codes), size))
    held.data[:] = 1.0
    return held


def _without_self(ties: csr_matrix) -> Neighbours:
    """Rows without their own entry, best first; equal strengths by position."""
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
