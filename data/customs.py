"""Between which countries goods move without duty."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CUSTOMS_UNION = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MC", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip


def is_customs_border(
    one: Sequence[object] | NDArray[np.object_], other: Sequence[object] | NDArray[np.object_]
) -> NDArray[np.bool_]:
    """Whether goods cross a customs border between two countries; two arrays of equal length.

    one, other: ISO 3166-1 alpha-2 codes.

    >>> is_customs_border(["DE", "DE", "GB"], ["FR", "CH", "GB"]).tolist()
    [False, True, False]
    """
    here, there = np.asarray(one, dtype=object), np.asarray(other, dtype=object)
    union = np.isin(here, CUSTOMS_UNION) & np.isin(there, CUSTOMS_UNION)
    return np.asarray((here != there) & ~union, dtype=np.bool_)
