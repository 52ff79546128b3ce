"""The recommender: several sources of candidates, one learned ranking, any visitor."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import TooLittleDataError
from models.recommendation import storage
from models.recommendation.candidates import NOBODY, Who, gather, speakers
from models.recommendation.content import Attributes, find_twins, twin_scores
from models.recommendation.examples import examples
from models.recommendation.listing import asked, listing
from models.recommendation.ranking import Ranking, learn_ranking
from models.recommendation.selection import best, top
from models.recommendation.signals import signals
from models.recommendation.sources import Sources, learn_sources

Ints = NDArray[np.integer]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Ranked:
    """Products by score, best first."""

    product: Ints
    score: NDArray[np.float64]


class Recommender:
    """Taste, item-item, a person's own rhythm and what sells, one learned ranking.

    fit: interactions, columns as features.recommendation.INTERACTIONS. The ranking is learned on
    the last windows of `window_days` of the frame, each from sources that know only what was before
    it; then the sources are learned again from all of it.
    predict: customer_id and, if wanted, limit -> customer_id, product_id, rank, score, reason;
    somebody unknown gets what sells.
    factors, ties: of the taste; neighbours, damping: of item-item. tuning_people: at
    most so many people teach the ranking, of at most `windows` windows. session_weight: what the
    strongest tie to a session adds to a score.
    """

    def __init__(
        self,
        *,
        factors: int = 1024,
        ties: int = 600,
        neighbours: int = 50,
        damping: float = 0.5,
        window_days: int = 28,
        windows: int = 6,
        tuning_people: int = 2500,
        session_weight: float = 2.0,
        seed: int = 7,
    ) -> None:
        self.factors = factors
        self.ties = ties
        self.neighbours = neighbours
        self.damping = damping
        self.window_days = window_days
        self.windows = windows
        self.tuning_people = tuning_people
        self.session_weight = session_weight
        self.seed = seed

    sources: Sources
    ranking: Ranking

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the ranking on inner time splits, then the sources on everything."""
        if not (frame["weight"] > 0).any():
            raise TooLittleDataError("There is no purchase, cart or view to learn from.")
        taught = examples(
            frame,
            self._learn_sources,
            window_days=self.window_days,
            windows=self.windows,
            people=self.tuning_people,
            seed=self.seed,
        )
        self.ranking = learn_ranking(taught, seed=self.seed)
        self.sources = self._learn_sources(frame)
        return self

    def _learn_sources(self, frame: pd.DataFrame) -> Sources:
        return learn_sources(
            frame,
            factors=self.factors,
            ties=self.ties,
            neighbours=self.neighbours,
            damping=self.damping,
            seed=self.seed,
        )

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

    def rank(self, who: Who, *, limit: int, eligible: Mask | None = None) -> Ranked:
        """The best eligible products; all of them, each once, when there are fewer than `limit`.

        For somebody of whom nothing is known it is what sells.
        """
        row = self.sources.habits.row(who.person)
        if row.start == row.stop and not len(who.products):
            return self.trending(who.market, limit=limit, eligible=eligible)
        pool = self.candidates(who, eligible=eligible)
        ranked = Ranked(pool.product[:limit], pool.score[:limit])
        return (
            ranked if len(pool.product) >= limit else self._refilled(ranked, who, limit, eligible)
        )

    def candidates(self, who: Who, *, eligible: Mask | None = None) -> Ranked:
        """Every eligible product that any source proposes, best first; nothing is filled up."""
        pool = gather(self.sources, who, eligible)
        score = self.ranking.score(signals(pool, self.sources, who))
        score = score + self._session_score(who, pool.product)
        order = np.lexsort((pool.product, -score))
        return Ranked(pool.product[order], score[order])

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

    def twins(self, new: Attributes) -> Ints:
        """The known products most like each new one; for `fresh`."""
        return find_twins(self.sources.catalogue, new)

    def fresh(self, twins: Ints, ranked: Ranked) -> Ranked:
        """Products the model never saw, best first, on the scale of one person's candidates.

        twins: of `twins`; product: the position of a new product there.
        """
        size = len(self.sources.products)
        score = twin_scores(twins, ranked.product, ranked.score, size=size)
        order = top(score, len(score))
        return Ranked(order, score[order])

    def _session_score(self, who: Who, found: Ints) -> NDArray[np.float64]:
        """Ties to the session's products, and what it touched itself; at most session_weight."""
        if not len(who.products):
            return np.zeros(len(found))
        near = self.sources.neighbours.spread(who.products, who.weights, len(self.sources.products))
        near /= max(float(near.max()), 1e-12)
        near[who.products] = np.maximum(near[who.products], who.weights / who.weights.max())
        return self.session_weight * near[found]

    def similar(self, product: int, *, limit: int, eligible: Mask | None = None) -> Ranked:
        """Products liked by the same people: neighbours first, then by taste."""
        near, strength = self.sources.neighbours.of(product)
        keep = slice(None) if eligible is None else eligible[near]
        near, strength = near[keep][:limit], 1.0 + strength[keep][:limit]
        if len(near) < limit:
            more, ties = self.sources.taste.of(product)
            fresh = ~np.isin(more, near) & (True if eligible is None else eligible[more])
            more, ties = more[fresh], ties[fresh] / max(float(ties.max(initial=0.0)), 1e-12)
            near, strength = np.r_[near, more][:limit], np.r_[strength, ties][:limit]
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
        bought = np.isin(products, known.product[mine][known.count[mine] > 0])
        session = near.links(who.products, who.weights, products)
        similar = near.links(*speakers(self.sources, Who(who.person)), products)
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
        storage.save(self, self.sources, self.ranking, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        model = cls(**storage.parameters(folder))
        model.sources, model.ranking = storage.load(folder)
        return model
