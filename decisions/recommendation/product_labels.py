"""A text column of the products in codes: which bear a label, which are alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Labels:
    """A text column as codes (-1: none), and which codes a label stands for."""

    code: NDArray[np.int32]
    codes_of: Mapping[str, NDArray[np.int64]]

    def among(self, labels: Sequence[str]) -> Mask:
        """Products that bear one of the labels."""
        # One place more than there are codes: -1, no label, points to the last.
        wanted = np.zeros(int(self.code.max(initial=-1)) + 2, dtype=bool)
        for label in labels:
            wanted[self.codes_of.get(label, np.empty(0, dtype=np.int64))] = True
        return wanted[self.code]

    def reusing(self, former: "Labels") -> "Labels":
        """The former labels where they are equal, else these."""
        same = (
            self.codes_of.keys() == former.codes_of.keys()
            and np.array_equal(self.code, former.code)
            and all(np.array_equal(own, former.codes_of[k]) for k, own in self.codes_of.items())
        )
        return former if same else self


def labels(values: pa.StringArray, *, path: bool = False) -> Labels:
    """Codes of a text column; with `path`, `a/b` also stands for everything below it.

    values: a text a product, null: it has none; path: whether the texts are paths with parts
    between slashes.
    """
    encoded = values.dictionary_encode()
    code = pc.fill_null(encoded.indices, -1).to_numpy()
    codes_of: dict[str, list[int]] = {}
    for number, name in enumerate(encoded.dictionary.to_pylist()):
        parts = name.split("/")
        above = ["/".join(parts[: i + 1]) for i in range(len(parts))] if path else [name]
        for label in above:
            codes_of.setdefault(label, []).append(number)
    return Labels(
        code.astype(np.int32),
        {label: np.array(codes, dtype=np.int64) for label, codes in codes_of.items()},
    )
