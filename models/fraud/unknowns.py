"""What stands for a number that was never missing in training: the usual one.

Trees that never saw a hole take it for 0: an account of which nothing is known would have signed up
this second. The usual value speaks neither for fraud nor against it.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from models.fraud.encoding import Matrix

MOST_ROWS = 50_000  # evenly spaced ones of more payments say enough


def usual_values(matrix: Matrix, categorical: Collection[int]) -> NDArray[np.float32]:
    """One value a column: the median, of codes the commonest; NaN where training saw holes, which
    trees then know how to take.

    matrix: payments x columns; categorical: places of the columns that hold codes.
    """
    some = matrix[:: max(len(matrix) // MOST_ROWS, 1)]
    holed = np.isnan(matrix).any(axis=0)
    usual = np.full(matrix.shape[1], np.nan, np.float32)
    for place in np.flatnonzero(~holed):
        values = some[:, place]
        if place in categorical:
            levels, counts = np.unique(values, return_counts=True)
            usual[place] = levels[counts.argmax()]
        else:
            usual[place] = np.median(values)
    return usual


def fill_unknown(rows: Matrix, usual: NDArray[np.float32]) -> Matrix:
    """Rows with `usual` in the place of what is missing. rows: payments x columns."""
    return np.where(np.isnan(rows), usual, rows)
