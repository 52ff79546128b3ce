"""A graph filter over people and products, kept as a sparse product × product table.

With likes R scaled to R̃ = D_u^-½ R D_i^-½ and P = R̃ᵀR̃, what a person with likes x is shown is
x (D_i^-γ P D_i^γ + β D_i^-½ V Vᵀ D_i^½): a linear filter, and an ideal low-pass filter on the
leading eigenvectors V of P (Shen et al., 2021, How powerful is graph convolution for
recommendation?, there with γ = 0).

It is linear in x: the operator is worked out once, of each row the strongest ties are kept, and a
visitor's answer is the sum of a few rows. Somebody never seen is answered like everybody else.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.utils.extmath import randomized_svd

from models.recommendation.neighbours import Neighbours
from models.recommendation.selection import top_positions

Array = NDArray[np.float32]

# β, and γ: the linear filter's say for what many people like.
_IDEAL, _POPULAR = 0.2, 0.15
# A taste in more dimensions than one for so many people or products is noise.
_EACH = 8
# Entries of a dense block of rows, of the eigenvectors and of the table: what bounds the memory.
_BLOCK, _MOST, _TABLE = 2**25, 2**26, 2**25
# One in so many values of a row tells how large the largest are.
_SAMPLE = 16


def fit_graph_filter(likes: csr_matrix, *, factors: int, keep: int, seed: int) -> Neighbours:
    """The strongest ties of each product; without its tie to itself.

    likes: people × products, 0 where there is no interest; factors: eigenvectors; keep: ties a
    product. Both are fewer where there are very many products, and factors also where there are few
    people. seed: of the random start of the decomposition.
    """
    scaled, spread = _scaled(likes)
    keep = min(keep, _TABLE // max(likes.shape[1], 1))
    vectors = _leading(scaled, _rank(likes.shape, factors), seed=seed)
    blocks = [_strongest(rows, first, keep) for first, rows in _rows(scaled, spread, vectors)]
    lengths = np.concatenate([length for length, _, _ in blocks])
    return Neighbours(
        start=np.r_[0, np.cumsum(lengths)].astype(np.int64),
        product=np.concatenate([product for _, product, _ in blocks]),
        strength=np.concatenate([strength for _, _, strength in blocks]),
    )


def _scaled(likes: csr_matrix) -> tuple[csr_matrix, Array]:
    """R̃, and the square root of each product's degree (1 where nobody likes it)."""
    person = np.asarray(likes.sum(axis=1)).ravel()
    product = np.asarray(likes.sum(axis=0)).ravel()
    spread = np.sqrt(np.where(product > 0, product, 1.0)).astype(np.float32)
    people = diags(np.where(person > 0, person, 1.0) ** -0.5)
    return (people @ likes @ diags(1.0 / spread)).tocsr().astype(np.float32), spread


def _rank(shape: tuple[int, int], factors: int) -> int:
    """How many eigenvectors: no more than people and products can tell, or than fit in memory."""
    people, products = shape
    return min(factors, min(people, products) // _EACH, _MOST // max(products, 1))


def _leading(scaled: csr_matrix, rank: int, *, seed: int) -> Array:
    """The leading eigenvectors of P (products × rank)."""
    if not rank:
        return np.zeros((scaled.shape[1], 0), np.float32)
    _, _, right = randomized_svd(
        scaled, rank, n_oversamples=min(32, min(scaled.shape) - rank), n_iter=4, random_state=seed
    )
    return np.ascontiguousarray(right.T, dtype=np.float32)


def _rows(scaled: csr_matrix, spread: Array, vectors: Array) -> Iterator[tuple[int, Array]]:
    """Blocks of dense rows of the operator, and the number of the first."""
    popular = spread ** (2 * _POPULAR)
    near, far = vectors * (_IDEAL / spread[:, None]), (vectors * spread[:, None]).T
    across = scaled.T.tocsr()
    step = max(1, _BLOCK // scaled.shape[1])
    for first in range(0, scaled.shape[1], step):
        block = slice(first, first + step)
        rows: Array = near[block] @ far
        linear = (diags(1.0 / popular[block]) @ across[block] @ scaled @ diags(popular)).tocoo()
        rows[linear.row, linear.col] += linear.data
        yield first, rows


def _strongest(
    rows: Array, first: int, keep: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], Array]:
    """Of each row of a block: how many ties, to which products, how strong, best first."""
    rows[np.arange(len(rows)), first + np.arange(len(rows))] = 0.0
    near = [_strongest_of(row, keep) for row in rows]
    strength = [row[found] for row, found in zip(rows, near, strict=True)]
    lengths = np.array([len(found) for found in near], dtype=np.int64)
    return lengths, np.concatenate(near).astype(np.int32), np.concatenate(strength)


def _strongest_of(row: Array, keep: int) -> NDArray[np.integer]:
    """Positions of the `keep` largest values above 0, largest first."""
    sample = row[::_SAMPLE]
    # About twice as many as are kept lie above this; fewer than are kept, and all are looked at.
    place = len(sample) - max(1, 2 * keep // _SAMPLE)
    floor = float(np.partition(sample, place)[place]) if place > 0 else 0.0
    found = np.flatnonzero(row > max(floor, 0.0))
    if len(found) < keep:
        found = np.flatnonzero(row > 0.0)
    return found[top_positions(row[found], keep)]
