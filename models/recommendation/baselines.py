"""What any shop could do without a model: the baselines the recommender has to beat.

Each counts orders, not quantities; a tie goes to what sells better, then by product id.
"""

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.base import parameters
from models.recommendation.history import encode, habits
from models.recommendation.ids import Ids
from models.recommendation.listing import asked, listing
from models.recommendation.neighbours import cosine_ties
from models.recommendation.selection import best

Scores = NDArray[np.floating]


class Popular:
    """Global popularity: what was in the most orders, for everybody."""

    reason = "popular"
    people: Ids
    products: Ids
    start: NDArray[np.integer]
    product: NDArray[np.integer]
    count: Scores
    total: Scores

    def fit(self, frame: pd.DataFrame) -> Self:
        """Count orders by person and product."""
        log = encode(frame[frame["kind"] == "purchase"])
        known = habits(log)
        self.people, self.products = log.people, log.products
        self.start, self.product, self.count = known.start, known.product, known.count
        size = len(log.products)
        self.total = np.bincount(known.product, known.count, minlength=size).astype(np.float64)
        return self

    def scores(self, person: int) -> Scores:
        """Every product's score for a person (-1: unknown); 0 is not recommended."""
        return self.total

    def own(self, person: int) -> Scores:
        """Orders of a person with each product, what sells better a little ahead."""
        counted = np.zeros(len(self.products))
        if person >= 0:
            row = slice(int(self.start[person]), int(self.start[person + 1]))
            mine = self.product[row]
            counted[mine] = self.count[row] + 0.5 * self.total[mine] / self.total.max()
        return counted

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """customer_id and, if wanted, limit -> customer_id, product_id, rank, score, reason."""
        parts = [listing("", [], np.empty(0), [])]
        for customer, limit in asked(frame):
            scores = self.scores(int(self.people.find([customer])[0]))
            found = best(scores, limit, above=0.0)
            reasons = [self.reason] * len(found)
            parts.append(listing(customer, self.products.text(found), scores[found], reasons))
        return pd.concat(parts, ignore_index=True)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What to save."""
        return {
            "people": self.people.names,
            "products": self.products.names,
            "start": self.start,
            "product": self.product,
            "count": self.count,
            "total": self.total,
        }

    def save(self, folder: Path) -> None:
        """Arrays as .npz without pickle, parameters as JSON."""
        np.savez(folder / "arrays.npz", allow_pickle=False, **self.arrays())
        (folder / "parameters.json").write_text(json.dumps(parameters(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        model = cls(**json.loads((folder / "parameters.json").read_text()))
        with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
            model.restore({name: arrays[name] for name in arrays.files})
        return model

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take what `arrays` gave."""
        self.people, self.products = Ids(arrays["people"]), Ids(arrays["products"])
        self.start, self.product = arrays["start"], arrays["product"]
        self.count, self.total = arrays["count"], arrays["total"]


class PersonalFrequency(Popular):
    """A person's own most ordered products; somebody unknown gets nothing."""

    reason = "buy_again"

    def scores(self, person: int) -> Scores:
        """Orders of this person with each product."""
        return self.own(person)


class PersonalThenPopular(Popular):
    """A person's own most ordered products, then what everybody orders."""

    reason = "buy_again"

    def scores(self, person: int) -> Scores:
        """Own orders first, popularity (below 1) behind."""
        scores: Scores = self.own(person) + self.total / (2 * self.total.max())
        return scores


class ItemItem(Popular):
    """Cosine neighbours (a product is its own nearest) of what a person ordered, then popularity.

    keep: neighbours a product.
    """

    reason = "similar"

    def __init__(self, keep: int = 100) -> None:
        self.keep = keep

    ties: csr_matrix

    def fit(self, frame: pd.DataFrame) -> Self:
        """Count orders, then tie products that the same people order."""
        super().fit(frame)
        shape = (len(self.people), len(self.products))
        counts = csr_matrix((np.log1p(self.count), self.product, self.start), shape=shape)
        self.ties = cosine_ties(counts, keep=self.keep)
        return self

    def scores(self, person: int) -> Scores:
        """Ties to the products of this person, a little popularity behind."""
        behind: Scores = 1e-6 * self.total / self.total.max()
        if person < 0:
            return behind
        row = slice(int(self.start[person]), int(self.start[person + 1]))
        likes = self.ties[self.product[row]].T @ np.log1p(self.count[row])
        scores: Scores = likes + behind
        return scores

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Counts and ties."""
        ties = {"data": self.ties.data, "indices": self.ties.indices, "indptr": self.ties.indptr}
        return super().arrays() | ties

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take what `arrays` gave."""
        super().restore(arrays)
        size = len(self.products)
        ties = (arrays["data"], arrays["indices"], arrays["indptr"])
        self.ties = csr_matrix(ties, shape=(size, size))
