"""The recommender: several sources of candidates, one learned blend, any visitor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import TooLittleDataError
from models.recommendation import ranking, storage
from models.recommendation.history import encode
from models.recommendation.listing import asked, listing
from models.recommendation.ranking import Blend, Signals
from models.recommendation.selection import best, top
from models.recommendation.sources import Sources, learn_sources

Ints = NDArray[np.integer]
Mask = NDArray[np.bool_]

NOBODY = -1
# How many products each source proposes; a person's own products are proposed up to `_OWN`.
_POOL = 100
_OWN = 400
_SEEDS = 100


@dataclass(frozen=True)
class Who:
    """For whom: a person's row (NOBODY when unknown), the session so far, the market's row.

    products, weights: what the session touched, how strongly (a view 0.1, a cart 0.3).
    """

    person: int = NOBODY
    market: int = NOBODY
    products: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    weights: NDArray[np.floating] = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Ranked:
    """Products by score, best first."""

    product: Ints
    score: NDArray[np.float64]


class Recommender:
    """ALS, item-item, a person's own rhythm and what sells, one learned blend.

    fit: interactions, columns as features.recommendation.INTERACTIONS. The blend is learned on
    the last `window_days` of the frame from sources that know only what was before; then the
    sources are learned again from all of it.
    predict: customer_id and, if wanted, limit -> customer_id, product_id, rank, score, reason;
    somebody unknown gets what sells. seed: of the factors' start.
    """

    def __init__(
        self,
        *,
        factors: int = 64,
        alpha: float = 2.0,
        regularization: float = 1.0,
        iterations: int = 10,
        neighbours: int = 50,
        damping: float = 0.5,
        window_days: int = 28,
        windows: int = 6,
        tuning_people: int = 1500,
        session_weight: float = 2.0,
        seed: int = 7,
    ) -> None:
        self.factors = factors
        self.alpha = alpha
        self.regularization = regularization
        self.iterations = iterations
        self.neighbours = neighbours
        self.damping = damping
        self.window_days = window_days
        self.windows = windows
        self.tuning_people = tuning_people
        self.session_weight = session_weight
        self.seed = seed

    sources: Sources
    blend: Blend

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the blend on an inner time split, then the sources on everything."""
        if not (frame["weight"] > 0).any():
            raise TooLittleDataError("There is no purchase, cart or view to learn from.")
        self.blend = self._learn_blend(frame)
        self.sources = self._learn_sources(frame)
        return self

    def _learn_sources(self, frame: pd.DataFrame) -> Sources:
        return learn_sources(
            encode(frame),
            factors=self.factors,
            alpha=self.alpha,
            regularization=self.regularization,
            iterations=self.iterations,
            neighbours=self.neighbours,
            damping=self.damping,
            seed=self.seed,
        )

    def _learn_blend(self, frame: pd.DataFrame) -> Blend:
        """A blend that tells what was bought in a window from what was known before it.

        The last `windows` windows, the newest always; an older one only while history is left.
        """
        newest, oldest = frame["occurred_at"].max(), frame["occurred_at"].min()
        window = min(timedelta(days=self.window_days), (newest - oldest) / 4)
        rows, bought = [np.empty((0, len(ranking.FEATURES)))], [np.empty(0, dtype=bool)]
        for back in range(1, self.windows + 1):
            cut = newest - back * window
            if back > 1 and cut - oldest < 2 * window:
                break
            for features, target in self._examples(frame, cut, cut + window):
                rows.append(features)
                bought.append(target)
        return ranking.learn_blend(np.concatenate(rows), np.concatenate(bought), seed=self.seed)

    def _examples(
        self, frame: pd.DataFrame, cut: pd.Timestamp, until: pd.Timestamp
    ) -> Iterator[tuple[NDArray[np.float64], Mask]]:
        """Of each person who bought in (cut, until]: candidate features as of `cut`, and bought."""
        before = frame[(frame["occurred_at"] <= cut) & (frame["weight"] > 0)]
        later = (frame["occurred_at"] > cut) & (frame["occurred_at"] <= until)
        if not len(before):
            return
        self.sources = self._learn_sources(before)
        for person, products in self._bought_by(frame[later & (frame["kind"] == "purchase")]):
            found, features = self._candidates(self._known(person), None)
            yield features, np.isin(found, products)

    def _bought_by(self, purchases: pd.DataFrame) -> Iterator[tuple[int, Ints]]:
        """People the sources know and what they bought; at most `tuning_people`, by chance."""
        person = self.sources.people.encode(purchases["customer_id"])
        product = self.sources.products.encode(purchases["product_id"])
        known = np.unique(person[person >= 0])
        order = np.random.default_rng(self.seed).permutation(len(known))
        for each in np.sort(known[order[: self.tuning_people]]):
            yield int(each), np.unique(product[person == each])

    def who(
        self,
        customer_id: str | None,
        *,
        market: str | None = None,
        session: Sequence[tuple[str, float]] = (),
    ) -> Who:
        """Find the person, the market and the session's products; what is unknown is left out.

        session: (product_id, weight). Without a market it is the one the person buys in.
        """
        person = int(self.sources.people.find([customer_id])[0]) if customer_id else NOBODY
        product = self.sources.products.find([name for name, _ in session])
        weight = np.array([weight for _, weight in session], dtype=float)
        found = (product >= 0) & (weight > 0)
        place = int(self.sources.markets.find([market])[0]) if market else NOBODY
        if place == NOBODY and person != NOBODY:
            place = int(self.sources.habits.home[person])
        return Who(person, place, product[found], weight[found])

    def _known(self, person: int) -> Who:
        return Who(person, int(self.sources.habits.home[person]))

    def rank(self, who: Who, *, limit: int, eligible: Mask | None = None) -> Ranked:
        """The best eligible products; all of them, each once, when there are fewer than `limit`.

        For somebody of whom nothing is known it is what sells.
        """
        row = self.sources.habits.row(who.person)
        if row.start == row.stop and not len(who.products):
            return self.trending(who.market, limit=limit, eligible=eligible)
        found, rows = self._candidates(who, eligible)
        score = self.blend.score(rows) + self._session_score(who, found)
        order = np.lexsort((found, -score))[:limit]
        ranked = Ranked(found[order], score[order])
        return ranked if len(order) == limit else self._refilled(ranked, who, limit, eligible)

    def _refilled(self, ranked: Ranked, who: Who, limit: int, eligible: Mask | None) -> Ranked:
        """With what sells best behind, scored below everything ranked."""
        free = (
            np.ones(len(self.sources.products), dtype=bool) if eligible is None else eligible.copy()
        )
        free[ranked.product] = False
        rest = self.trending(who.market, limit=limit - len(ranked.product), eligible=free)
        floor = ranked.score[-1] if len(ranked.score) else 0.0
        below = floor - np.arange(1, len(rest.product) + 1) * 1e-3
        return Ranked(np.r_[ranked.product, rest.product], np.r_[ranked.score, below])

    def _candidates(self, who: Who, eligible: Mask | None) -> tuple[Ints, NDArray[np.float64]]:
        """Every source's eligible proposals, each once, by product; and their features."""
        known, size = self.sources.habits, len(self.sources.products)
        mine = known.row(who.person)
        liked = np.log1p(known.liked[mine])
        products = np.r_[known.product[mine], who.products]
        strength = np.r_[liked, np.log1p(who.weights)]
        factors = self.sources.factors
        person = factors.person(products, strength)
        seeds = top(strength, _SEEDS)
        near = self.sources.neighbours.spread(products[seeds], strength[seeds], size)
        own = known.product[mine]
        if len(own) > _OWN:
            own = own[top(known.decayed[mine, -1], _OWN)]
        market = self.sources.sells.trend[who.market if who.market >= 0 else -1]
        proposals = [
            own if eligible is None else own[eligible[own]],
            who.products if eligible is None else who.products[eligible[who.products]],
            factors.best_for(person, _POOL, eligible)
            if len(products)
            else np.empty(0, dtype=np.int64),
            best(near, _POOL, eligible, above=0.0),
            best(market, _POOL, eligible, above=0.0),
        ]
        found = np.unique(np.concatenate(proposals))
        signals = Signals(found, factors.scores(person, found).astype(float), near[found])
        rows = ranking.features(signals, known, who.person, self.sources.sells, who.market)
        return found, rows

    def _session_score(self, who: Who, found: Ints) -> NDArray[np.float64]:
        """What the session adds: ties to its products, the strongest worth `session_weight`."""
        if not len(who.products):
            return np.zeros(len(found))
        near = self.sources.neighbours.spread(who.products, who.weights, len(self.sources.products))
        return self.session_weight * near[found] / max(float(near.max()), 1e-12)

    def similar(self, product: int, *, limit: int, eligible: Mask | None = None) -> Ranked:
        """Products liked by the same people: neighbours first, then the nearest by factors."""
        near, strength = self.sources.neighbours.of(product)
        keep = slice(None) if eligible is None else eligible[near]
        near, strength = near[keep][:limit], 1.0 + strength[keep][:limit]
        if len(near) < limit:
            cosine = self.sources.factors.nearest(product)
            cosine[np.r_[near, product]] = -np.inf
            more = best(cosine, limit - len(near), eligible, above=0.0)
            near, strength = np.r_[near, more], np.r_[strength, cosine[more]]
        return Ranked(near, strength.astype(float))

    def bought_together(self, product: int, *, limit: int, eligible: Mask | None = None) -> Ranked:
        """Products in the same baskets more than chance would have it, strongest first."""
        near, strength = self.sources.together.of(product)
        keep = slice(None) if eligible is None else eligible[near]
        return Ranked(near[keep][:limit], strength[keep][:limit].astype(float))

    def trending(self, market: int, *, limit: int, eligible: Mask | None = None) -> Ranked:
        """What sells now in a market (everywhere for NOBODY); then, unsold, by product."""
        score = self.sources.sells.trend[market if market >= 0 else -1].astype(float)
        found = best(score, limit, eligible)
        return Ranked(found, score[found])

    def reasons(self, who: Who, products: Ints) -> list[tuple[str, int | None]]:
        """Why each product is shown: a code, and the product it rests on.

        buy_again, session (ties to what was just looked at), similar (ties to what was bought),
        popular.
        """
        known, near = self.sources.habits, self.sources.neighbours
        mine = known.row(who.person)
        own, liked = known.product[mine], known.liked[mine]
        bought = np.isin(products, own[known.count[mine] > 0])
        seeds = top(liked, _SEEDS)
        session = near.links(who.products, who.weights, products)
        similar = near.links(own[seeds], liked[seeds], products)
        reasons: list[tuple[str, int | None]] = []
        for i, product in enumerate(products):
            if bought[i]:
                reasons.append(("buy_again", int(product)))
            elif session[i] >= 0:
                reasons.append(("session", int(session[i])))
            else:
                tied = int(similar[i])
                reasons.append(("similar", tied) if tied >= 0 else ("popular", None))
        return reasons

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Ranked products of each customer; see the class."""
        parts = [listing("", [], np.empty(0), [])]
        for customer, limit in asked(frame):
            who = self.who(customer)
            ranked = self.rank(who, limit=limit)
            reasons = [code for code, _ in self.reasons(who, ranked.product)]
            ids = self.sources.products.text(ranked.product)
            parts.append(listing(customer, ids, ranked.score, reasons))
        return pd.concat(parts, ignore_index=True)

    def save(self, folder: Path) -> None:
        """Arrays as .npz without pickle, parameters as JSON."""
        storage.save(self, self.sources, self.blend, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        model = cls(**storage.parameters(folder))
        model.sources, model.blend = storage.load(folder)
        return model
