"""What every model that decides on payments can do, one payment or many."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from data.decisions import DecisionReason
from models.base import Model
from models.fraud.encoding import Matrix


@runtime_checkable
class PaymentModel(Model, Protocol):
    """A fraud model that can be served: it answers for single payments, with reasons."""

    def row(self, facts: Mapping[str, Any]) -> Matrix:
        """One payment, given by name, as the model reads it: a matrix of one row."""
        ...

    def probabilities(self, rows: Matrix) -> NDArray[np.float64]:
        """The probability of fraud of some payments, as `row` made each, one below the other."""
        ...

    def reasons(
        self, row: Matrix, facts: Mapping[str, Any], *, limit: int = 5
    ) -> list[DecisionReason]:
        """What raised the log-odds of one payment most. row: of `row`; facts: the values by name;
        limit: the most reasons."""
        ...
