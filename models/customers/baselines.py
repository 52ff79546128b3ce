"""What the value model must beat: last year carried on, a table of recency and frequency, BG/NBD.

Each answers with ANSWER_COLUMNS, quantiles by how outcomes lay around its expectation in the past.
"""

import json
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ModelError
from models.customers.blending import Blend
from models.customers.customer_frame import MarginShare, last_year_rate, newest_rows
from models.customers.horizon_blend import CustomerParts, HorizonBlend
from models.customers.outcome_quantiles import OutcomeQuantiles
from models.customers.purchase_process import Numbers
from models.customers.purchase_value import PurchaseValue

Places = NDArray[np.intp]


class LastYearMargin:
    """Each customer's orders and margin of the last 365 days, carried on."""

    def __init__(self, seed: int = 7) -> None:
        self.seed = seed
        self._share: MarginShare | None = None
        self._blend: HorizonBlend | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the shop's margin share and how outcomes lay around last year's figures.

        frame: as of CustomerValueModel.fit.
        """
        self._share = MarginShare.fit(newest_rows(frame))
        self._blend = _spread(self._parts(_known(frame)), _known(frame), self._share)
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """ANSWER_COLUMNS of each row. frame: the inputs and horizon_days."""
        return _answer(self._blend, self._parts(frame), frame)

    def save(self, folder: Path) -> None:
        """Write model.json to an existing, empty folder."""
        _write(folder, {"share": _fitted(self._share).numbers()}, self._blend)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        told, model = _read(folder), cls()
        model._share = MarginShare(**told["share"])
        model._blend = HorizonBlend.restore(told["blend"])
        return model

    @property
    def basis(self) -> str:
        """What `expected_margin` is of: `margin`, or `revenue` where no costs are known."""
        return _fitted(self._share).basis

    def _parts(self, frame: pd.DataFrame) -> CustomerParts:
        share = _fitted(self._share)
        orders = last_year_rate(frame, frame["orders_365d"])
        value = last_year_rate(frame, share.value_so_far(frame, "_365d"))
        return _plain_parts(orders, value)


class RecencyFrequencyTable:
    """What came on average of customers alike in recency and frequency (an RFM table), a day."""

    def __init__(self, seed: int = 7) -> None:
        self.seed = seed
        self._share: MarginShare | None = None
        self._blend: HorizonBlend | None = None
        self._edges: list[float] = []
        self._rates: dict[str, list[list[float]]] = {}

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the cells' mean orders and margin a day.

        frame: as of CustomerValueModel.fit; rows with known outcomes teach.
        """
        known = _known(frame)
        self._share = MarginShare.fit(newest_rows(frame))
        recency = _recency(known)
        self._edges = np.unique(np.quantile(recency, [0.2, 0.4, 0.6, 0.8])).tolist()
        days = known["horizon_days"].to_numpy(dtype=float)
        targets = {
            "orders": known["target_orders"].to_numpy(dtype=float),
            "value": self._share.target_value(known),
        }
        places = self._places(known)
        shape = (len(self._edges) + 1, len(_FREQUENCIES) + 1)
        self._rates = {
            name: _cell_means(places, came / days, shape).tolist() for name, came in targets.items()
        }
        self._blend = _spread(self._parts(known), known, self._share)
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """ANSWER_COLUMNS of each row. frame: the inputs and horizon_days."""
        return _answer(self._blend, self._parts(frame), frame)

    def save(self, folder: Path) -> None:
        """Write model.json to an existing, empty folder."""
        told = {"share": _fitted(self._share).numbers(), "edges": self._edges, "rates": self._rates}
        _write(folder, told, self._blend)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        told, model = _read(folder), cls()
        model._share, model._blend = (
            MarginShare(**told["share"]),
            HorizonBlend.restore(told["blend"]),
        )
        model._edges, model._rates = told["edges"], told["rates"]
        return model

    @property
    def basis(self) -> str:
        """What `expected_margin` is of: `margin`, or `revenue` where no costs are known."""
        return _fitted(self._share).basis

    def _places(self, frame: pd.DataFrame) -> tuple[Places, Places]:
        repeats = np.nan_to_num(frame["repeat_orders"].to_numpy(dtype=float))
        return (
            np.asarray(np.searchsorted(self._edges, _recency(frame), side="right")),
            np.asarray(np.searchsorted(_FREQUENCIES, repeats, side="right")),
        )

    def _parts(self, frame: pd.DataFrame) -> CustomerParts:
        days = frame["horizon_days"].to_numpy(dtype=float)
        cells = self._places(frame)
        orders, value = (np.array(self._rates[name])[cells] for name in ("orders", "value"))
        return _plain_parts(orders * days, value * days)


class ProcessValue:
    """BG/NBD × Gamma–Gamma by the book."""

    def __init__(self, seed: int = 7) -> None:
        self.seed = seed
        self._process: PurchaseValue | None = None
        self._blend: HorizonBlend | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the processes' parameters and how outcomes lay around their expectation.

        frame: as of CustomerValueModel.fit. Raises TooLittleDataError.
        """
        self._process = PurchaseValue.fit(frame, most_customers=30_000, seed=self.seed)
        known = _known(frame)
        self._blend = _spread(self._parts(known), known, self._process.share)
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """ANSWER_COLUMNS of each row. frame: the inputs and horizon_days."""
        return _answer(self._blend, self._parts(frame), frame)

    def save(self, folder: Path) -> None:
        """Write model.json to an existing, empty folder."""
        _write(folder, {"process": _fitted(self._process).numbers()}, self._blend)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        told, model = _read(folder), cls()
        model._process = PurchaseValue.restore(told["process"])
        model._blend = HorizonBlend.restore(told["blend"])
        return model

    @property
    def basis(self) -> str:
        """What `expected_margin` is of: `margin`, or `revenue` where no costs are known."""
        return _fitted(self._process).share.basis

    def _parts(self, frame: pd.DataFrame) -> CustomerParts:
        process = _fitted(self._process)
        orders = process.expected_orders(frame)["bg_nbd"]
        unit = process.value_of_order(frame)
        chance, alive = process.order_probability(frame), process.coming_alive(frame)
        return CustomerParts({_PART: orders}, {_PART: orders * unit}, chance, alive, unit)


_PART = "baseline"
_FREQUENCIES = (1.0, 2.0, 4.0, 8.0)  # repeat orders at which the next cell begins


def _known(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["target_orders"].notna()]


def _recency(frame: pd.DataFrame) -> Numbers:
    since = frame["age_days"].to_numpy(dtype=float) - frame["active_days"].to_numpy(dtype=float)
    return np.asarray(np.maximum(np.nan_to_num(since), 0.0), dtype=float)


def _cell_means(places: tuple[Places, Places], rate: Numbers, shape: tuple[int, int]) -> Numbers:
    """Mean rate of each cell; the mean of all where a cell is empty."""
    known = np.isfinite(rate)
    flat = np.ravel_multi_index((places[0][known], places[1][known]), shape)
    count = np.bincount(flat, minlength=shape[0] * shape[1])
    total = np.bincount(flat, weights=rate[known], minlength=shape[0] * shape[1])
    overall = float(rate[known].mean()) if known.any() else 0.0
    means = np.where(count > 0, total / np.maximum(count, 1), overall)
    return np.asarray(means.reshape(shape))


def _plain_parts(orders: Numbers, value: Numbers) -> CustomerParts:
    """Parts of a rule that knows no probabilities: those of a Poisson process stand in."""
    chance = 1.0 - np.exp(-np.maximum(orders, 0.0))
    unit = np.divide(value, orders, out=np.zeros(len(orders)), where=orders > 0)
    return CustomerParts({_PART: orders}, {_PART: value}, chance, chance, unit)


def _spread(parts: CustomerParts, known: pd.DataFrame, share: MarginShare) -> HorizonBlend:
    """One part alone, at its own level, with the quantiles of what came."""
    orders = known["target_orders"].to_numpy(dtype=float)
    value = share.target_value(known)
    alone = Blend({_PART: 1.0})
    return HorizonBlend(
        alone,
        alone,
        1.0,
        OutcomeQuantiles.fit(parts.orders[_PART], orders),
        OutcomeQuantiles.fit(parts.value[_PART], value),
    )


def _answer(blend: HorizonBlend | None, parts: CustomerParts, frame: pd.DataFrame) -> pd.DataFrame:
    return _fitted(blend).predict(parts).set_index(frame.index)


_T = TypeVar("_T")


def _fitted(part: _T | None) -> _T:
    if part is None:
        raise ModelError("the model is not fitted; call fit first")
    return part


def _write(folder: Path, told: dict[str, Any], blend: HorizonBlend | None) -> None:
    told = told | {"blend": _fitted(blend).numbers()}
    (folder / "model.json").write_text(json.dumps(told))


def _read(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "model.json").read_text())
    return told
