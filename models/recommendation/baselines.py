"""What any shop could do without a model: the baselines the recommender has to beat.

Each counts orders, not quantities; a tie goes to what sells better, then by product id. In a shop
where hardly anybody buys a product twice none of them shows a person what they have.
"""

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.base import parameters
from models.recommendation.id_index import IdIndex
from models.recommendation.listing import ProductListing, frame_of_listings, questions
from models.recommendation.neighbours import Neighbours, cosine_ties, fit_similar_people
from models.recommendation.purchase_history import describe_history, encode_interactions
from models.recommendation.selection import select_best
from models.recommendation.targets import with_targets_as_purchases

Scores = NDArray[np.floating]

# Fewer purchases than this share are of something the person had: people do not buy again here.
_HARDLY = 0.05
# Days: how soon a purchase counts half, for everybody and for one person.
_SELLS_HALF_LIFE, _OWN_HALF_LIFE = 28.0, 2
_TIE = 1e-6


class Popular:
    """Global popularity: what was in the most orders, for everybody."""

    reason = "popular"
    people: IdIndex
    products: IdIndex
    start: NDArray[np.integer]
    product: NDArray[np.integer]
    count: Scores
    decayed: Scores
    total: Scores
    lately: Scores
    again: bool

    def fit(self, frame: pd.DataFrame) -> Self:
        """Count orders by person and product."""
        targets = with_targets_as_purchases(frame)
        log = encode_interactions(targets[targets["kind"] == "purchase"])
        known = describe_history(log)
        self.people, self.products = log.people, log.products
        self.start, self.product, self.count = known.start, known.product, known.count
        self.decayed = known.decayed[:, _OWN_HALF_LIFE].astype(np.float64)
        size = len(log.products)
        self.total = np.bincount(known.product, known.count, minlength=size).astype(np.float64)
        fresh = 0.5 ** ((log.end - log.day) / _SELLS_HALF_LIFE)
        self.lately = np.bincount(log.product, fresh, minlength=size).astype(np.float64)
        more = float((known.count - 1).sum())
        self.again = more >= _HARDLY * max(float(known.count.sum()), 1.0)
        return self

    def scores(self, person: int) -> Scores:
        """Every product's score for a person (-1: unknown); 0 is not recommended."""
        return self.total

    def row(self, person: int) -> slice:
        """Where a person's products are; an empty slice for somebody unknown (-1)."""
        if person < 0:
            return slice(0, 0)
        return slice(int(self.start[person]), int(self.start[person + 1]))

    def own(self, person: int) -> Scores:
        """Orders of a person with each product, what sells better a little ahead."""
        counted = np.zeros(len(self.products))
        row = self.row(person)
        mine = self.product[row]
        counted[mine] = self.count[row] + 0.5 * self.total[mine] / self.total.max()
        return counted

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """customer_id and, if wanted, limit and new_only -> customer_id, product_id, rank, score,
        reason."""
        listings = []
        asked = questions(frame)
        places = self.people.find([customer for customer, _, _ in asked])
        for (customer, limit, new_only), person in zip(asked, places.tolist(), strict=True):
            scores = self.scores(person)
            if new_only or not self.again:
                scores = scores.copy()
                scores[self.product[self.row(person)]] = 0.0
            found = select_best(scores, limit, above=0.0)
            reasons = [self.reason] * len(found)
            names = self.products.text(found)
            listings.append(ProductListing(customer, names, scores[found], reasons))
        return frame_of_listings(listings)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What to save."""
        return {
            "people": self.people.names,
            "products": self.products.names,
            "again": np.array(self.again),
            **{
                name: getattr(self, name)
                for name in ("start", "product", "count", "decayed", "total", "lately")
            },
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
        self.people, self.products = IdIndex(arrays["people"]), IdIndex(arrays["products"])
        self.again = bool(arrays["again"])
        for name in ("start", "product", "count", "decayed", "total", "lately"):
            setattr(self, name, arrays[name])


class RecentlyPopular(Popular):
    """What was ordered most of late: each order counts half after 28 days."""

    def scores(self, person: int) -> Scores:
        """Decayed orders of everybody."""
        return self.lately


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


class DecayedFrequency(Popular):
    """A person's own most ordered products, each order half after 90 days, then what sells now."""

    reason = "buy_again"

    def scores(self, person: int) -> Scores:
        """Own decayed orders first, what sells of late behind."""
        row = self.row(person)
        scores: Scores = 1e-3 * self.lately / max(float(self.lately.max()), 1e-12)
        scores[self.product[row]] += self.decayed[row]
        return scores


class ItemItem(Popular):
    """Cosine neighbours of what a person ordered, then popularity.

    keep: neighbours a product, itself among them.
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
        row = self.row(person)
        likes = self.ties[self.product[row]].T @ np.log1p(self.count[row])
        scores: Scores = likes + _TIE * self.total / self.total.max()
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


class UserUser(Popular):
    """What the people ordered whose orders are most like this person's, then popularity.

    keep: people compared with.
    """

    reason = "similar"

    def __init__(self, keep: int = 50) -> None:
        self.keep = keep

    alike: Neighbours

    def fit(self, frame: pd.DataFrame) -> Self:
        """Count orders, then find for everybody the people most alike."""
        super().fit(frame)
        shape = (len(self.people), len(self.products))
        ones = np.ones(len(self.product), dtype=np.float32)
        bought = csr_matrix((ones, self.product, self.start), shape=shape)
        self.alike = fit_similar_people(bought, keep=self.keep)
        return self

    def scores(self, person: int) -> Scores:
        """What the people alike have, by how alike they are, a little popularity behind."""
        behind: Scores = _TIE * self.total / self.total.max()
        if person < 0:
            return behind
        people, likeness = self.alike.of(person)
        bought = Neighbours(self.start, self.product, np.ones(len(self.product)))
        scores: Scores = bought.spread(people, likeness, len(self.products)) + behind
        return scores

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Counts and people alike."""
        alike = {f"alike_{name}": values for name, values in vars(self.alike).items()}
        return super().arrays() | alike

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take what `arrays` gave."""
        super().restore(arrays)
        names = ("start", "product", "strength")
        self.alike = Neighbours(*(arrays[f"alike_{name}"] for name in names))
