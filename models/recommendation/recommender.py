"""The recommender: several sources of candidates, one learned ranking, any visitor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import TooLittleDataError
from models.recommendation import storage
from models.recommendation.blends import CELLS, PARTS, Cell
from models.recommendation.candidate_features import candidate_features
from models.recommendation.candidates import (
    NOBODY,
    Shopper,
    gather_candidates,
    strongest_interests,
)
from models.recommendation.listing import ProductListing, frame_of_listings, questions
from models.recommendation.look_alikes import (
    NewProducts,
    find_look_alikes,
    look_alike_scores,
    similar_by_content,
)
from models.recommendation.purchase_history import RecentAction, with_recent_actions
from models.recommendation.ranking import (
    DURABLE_BELOW,
    CandidateRanking,
    learn_ranking,
    settled_ranking,
)
from models.recommendation.selection import select_best, top_positions
from models.recommendation.sources import Sources, learn_sources
from models.recommendation.targets import target_kinds, with_targets_as_purchases
from models.recommendation.teaching import examples_of, teaching_examples

Ints = NDArray[np.integer]
Mask = NDArray[np.bool_]

# What is bought as seldom again is not shown to who has it, for so many days.
HELD_BACK_DAYS = 730.0
# Before a purchase is this old it is not said to be regular.
_REGULAR = 2.0


@dataclass(frozen=True)
class RankedProducts:
    """Products by score, best first."""

    product: Ints
    score: NDArray[np.float64]


class Recommender:
    """Every source of candidates, a person's own rhythm and what sells, one learned ranking.

    fit: interactions, columns as features.recommendation.INTERACTIONS. The ranking is learned on
    the last windows of `window_days` of the frame, each from sources that know only what was before
    it; then the sources are learned again from all of it. What is foretold are purchases; where
    there are too few, carts and views (`foretells`).
    predict: customer_id and, if wanted, limit -> customer_id, product_id, rank, score, reason;
    somebody unknown gets what sells. What is hardly ever bought again is left out for who has it.
    factors, ties: of the graph filter; neighbours, damping: of the random walk. tuning_people: at
    most so many people teach the ranking, of at most `windows` windows. session_weight: what the
    strongest tie to a session adds to a score. alone: the part (models.recommendation.blends.PARTS)
    that ranks alone; "" lets the windows decide.
    """

    def __init__(
        self,
        *,
        factors: int = 1024,
        ties: int = 600,
        neighbours: int = 50,
        damping: float = 0.5,
        window_days: int = 28,
        windows: int = 3,
        tuning_people: int = 2500,
        session_weight: float = 2.0,
        alone: str = "",
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
        self.alone = alone
        self.seed = seed

    sources: Sources
    ranking: CandidateRanking
    foretells: tuple[str, ...]

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the ranking on inner time splits, then the sources on everything.

        Raises TooLittleDataError without any purchase, cart or view.
        """
        if not (frame["weight"] > 0).any():
            raise TooLittleDataError("There is no purchase, cart or view to learn from.")
        self.foretells = target_kinds(frame["kind"])
        targets = with_targets_as_purchases(frame)
        taught = teaching_examples(
            targets,
            self._learn_sources,
            window_days=self.window_days,
            windows=self.windows,
            people=self.tuning_people,
            seed=self.seed,
        )
        # To look at a product is not to have it.
        durable_below = DURABLE_BELOW if self.foretells == ("purchase",) else 0.0
        self.ranking = learn_ranking(taught, seed=self.seed, durable_below=durable_below)
        if self.alone:
            self.ranking = ranked_alone(self.ranking, self.alone)
        self.sources = self._learn_sources(targets)
        return self

    def refit(self, frame: pd.DataFrame) -> Self:
        """A recommender with this ranking and sources learned from a longer frame."""
        given: dict[str, Any] = storage.parameters_of(self)
        longer = type(self)(**given)
        longer.ranking, longer.foretells = self.ranking, self.foretells
        longer.sources = longer._learn_sources(with_targets_as_purchases(frame))
        return longer

    def settled(self, test: pd.DataFrame, *, people: int) -> Self:
        """The recommender ranked by one of its sources, where that ranks a later window better.

        test: interactions after all that was learned from; people: at most so many judge. Lists
        of everything and lists of new products are judged apart.
        """
        bought = with_targets_as_purchases(test)
        judges = list(
            examples_of(
                self.sources, bought[bought["kind"] == "purchase"], people=people, seed=self.seed
            )
        )
        return self._with_ranking(settled_ranking(self.ranking, judges))

    def _with_ranking(self, ranking: CandidateRanking) -> Self:
        """The recommender with the same sources and another ranking."""
        given: dict[str, Any] = storage.parameters_of(self)
        other = type(self)(**given)
        other.sources, other.foretells, other.ranking = self.sources, self.foretells, ranking
        return other

    def ranked_by(self, part: str) -> Self:
        """The recommender with the same sources, ranked by one part alone (a name of PARTS)."""
        return self._with_ranking(ranked_alone(self.ranking, part))

    def _learn_sources(self, frame: pd.DataFrame) -> Sources:
        return learn_sources(
            frame,
            factors=self.factors,
            ties=self.ties,
            neighbours=self.neighbours,
            damping=self.damping,
            seed=self.seed,
        )

    def find_shopper(
        self,
        customer_id: str | None,
        *,
        market: str | None = None,
        session: Sequence[tuple[str, float]] = (),
        recent: Sequence[RecentAction] = (),
        days: float = 0.0,
    ) -> Shopper:
        """The person, the market and the session's products; what is unknown is left out.

        customer_id: who it is, None: not named. market: a country; without one it is that the
        person buys in. session: (product_id, weight). recent: what the person did since the model
        was made, oldest first; days: since then.
        """
        person = int(self.sources.people.find([customer_id])[0]) if customer_id else NOBODY
        product = self.sources.products.find([name for name, _ in session])
        weight = np.array([weight for _, weight in session], dtype=float)
        found = (product >= 0) & (weight > 0)
        place = int(self.sources.markets.find([market])[0]) if market else NOBODY
        history = self.sources.history.of_person(person)
        if place == NOBODY:
            place = history.home
        history = with_recent_actions(history, list(recent), days=days)
        return Shopper(person, place, history, product[found], weight[found])

    def rank(
        self,
        shopper: Shopper,
        *,
        limit: int,
        eligible: Mask | None = None,
        new_only: bool = False,
    ) -> RankedProducts:
        """The best eligible products; all of them, each once, when there are fewer than `limit`.

        shopper: for whom; limit: how many products; eligible: by product, whether it may be shown,
        None: all may. new_only: ranked as a list of what the person does not have. For somebody of
        whom nothing is known it is what sells.
        """
        if not len(shopper.history) and not len(shopper.products):
            return self.trending(shopper.market, limit=limit, eligible=eligible)
        pool = self.candidates(shopper, eligible=eligible, new_only=new_only)
        ranked = RankedProducts(pool.product[:limit], pool.score[:limit])
        if len(pool.product) >= limit:
            return ranked
        return self._refilled(ranked, shopper, limit, eligible)

    def candidates(
        self, shopper: Shopper, *, eligible: Mask | None = None, new_only: bool = False
    ) -> RankedProducts:
        """Every eligible product that any source proposes, best first; nothing is filled up.

        shopper: for whom; eligible: by product, whether it may be shown, None: all may; new_only:
        ranked as a list of what the person does not have.
        """
        pool = gather_candidates(self.sources, shopper, eligible)
        rows = candidate_features(pool, self.sources, shopper)
        cell = Cell(bool((shopper.history.count > 1).any()), new_only)
        score = self.ranking.score(rows, pool.scores, cell)
        score = score + self._session_score(shopper, pool.product)
        order = np.lexsort((pool.product, -score))
        return RankedProducts(pool.product[order], score[order])

    def held_back(self, shopper: Shopper) -> Ints:
        """What the person has and hardly anybody buys again; not to be shown to them."""
        history = shopper.history
        bought = (history.count > 0) & (history.last <= HELD_BACK_DAYS)
        products = history.product[bought]
        return products[self.is_durable(products)]

    def is_durable(self, products: Ints) -> Mask:
        """Whether so few buyers of each product buy it again that nobody needs it twice."""
        share = self.sources.returning.again[products]
        return np.asarray(share < self.ranking.durable_below)

    def _refilled(
        self, ranked: RankedProducts, shopper: Shopper, limit: int, eligible: Mask | None
    ) -> RankedProducts:
        """A ranking with what sells best behind it, scored below everything ranked."""
        free = (
            np.ones(len(self.sources.products), dtype=bool) if eligible is None else eligible.copy()
        )
        free[ranked.product] = False
        rest = self.trending(shopper.market, limit=limit - len(ranked.product), eligible=free)
        floor = ranked.score[-1] if len(ranked.score) else 0.0
        below = floor - np.arange(1, len(rest.product) + 1) * 1e-3
        return RankedProducts(
            np.r_[ranked.product, rest.product].astype(np.int64), np.r_[ranked.score, below]
        )

    def look_alikes(self, new: NewProducts) -> Ints:
        """The known products most like each new one; for `rank_new_products`."""
        return find_look_alikes(self.sources.catalogue, new)

    def rank_new_products(self, look_alikes: Ints, ranked: RankedProducts) -> RankedProducts:
        """Products the model never saw, best first, on the scale of one person's candidates.

        look_alikes: of `look_alikes`; ranked: that person's candidates. product: the position of a
        new product in look_alikes.
        """
        size = len(self.sources.products)
        score = look_alike_scores(look_alikes, ranked.product, ranked.score, size=size)
        order = top_positions(score, len(score))
        return RankedProducts(order, score[order])

    def _session_score(self, shopper: Shopper, found: Ints) -> NDArray[np.float64]:
        """Ties to the session's products, and what it touched itself; at most session_weight.

        Where nothing ties to the session, products of its categories and brands.
        """
        if not len(shopper.products):
            return np.zeros(len(found))
        near = self.sources.random_walk.spread(
            shopper.products, shopper.weights, len(self.sources.products)
        )
        near /= max(float(near.max()), 1e-12)
        near[shopper.products] = np.maximum(
            near[shopper.products], shopper.weights / shopper.weights.max()
        )
        alike = session_affinity(self.sources, shopper, found)
        return self.session_weight * np.maximum(near[found], alike)

    def similar(self, product: int, *, limit: int, eligible: Mask | None = None) -> RankedProducts:
        """Products like one: by category, brand and price, and liked by the same people.

        product: its position; limit: at most so many products; eligible: by product, whether it may
        be shown, None: all may.
        """
        score = similar_by_content(self.sources, product)
        found = select_best(score, limit, eligible, above=0.0)
        return RankedProducts(found, score[found])

    def bought_together(
        self, product: int, *, limit: int, eligible: Mask | None = None
    ) -> RankedProducts:
        """Products in the same baskets, by how often and how much more than chance would have it.

        product: its position; limit: at most so many products; eligible: by product, whether it may
        be shown, None: all may.
        """
        near, strength = self.sources.co_purchase.of(product)
        keep = slice(None) if eligible is None else eligible[near]
        return RankedProducts(near[keep][:limit], strength[keep][:limit].astype(float))

    def trending(self, market: int, *, limit: int, eligible: Mask | None = None) -> RankedProducts:
        """What sells now in a market (everywhere for NOBODY); then, unsold, by product.

        market: its position; limit: at most so many products; eligible: by product, whether it may
        be shown, None: all may.
        """
        row = market if market >= 0 else -1
        score = self.sources.popularity.trend[row].astype(float)
        found = select_best(score, limit, eligible)
        return RankedProducts(found, score[found])

    def reasons(self, shopper: Shopper, products: Ints) -> list[tuple[str, int | None]]:
        """Why each product is shown: a code, and the product it rests on.

        shopper: for whom; products: positions. The codes are buy_again (bought at least twice),
        bought_before, session (ties to what was just looked at), similar (ties to what was bought)
        and popular.
        """
        history, near = shopper.history, self.sources.random_walk
        often = history.product[history.count >= _REGULAR]
        session = near.links(shopper.products, shopper.weights, products)
        person = replace(shopper, products=np.empty(0, dtype=np.int64), weights=np.empty(0))
        similar = near.links(*strongest_interests(person), products)
        reasons: list[tuple[str, int | None]] = []
        regular, bought = np.isin(products, often), np.isin(products, history.bought)
        for i, product in enumerate(products):
            if bought[i]:
                reasons.append(("buy_again" if regular[i] else "bought_before", int(product)))
            elif session[i] >= 0:
                reasons.append(("session", int(session[i])))
            else:
                tied = int(similar[i])
                reasons.append(("similar", tied) if tied >= 0 else ("popular", None))
        return reasons

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Ranked products of each customer; see the class. `new_only` may be a column, too."""
        listings = []
        for customer, limit, new_only in questions(frame):
            shopper = self.find_shopper(customer)
            eligible = self._may_be_shown(shopper, new_only=new_only)
            ranked = self.rank(shopper, limit=limit, eligible=eligible, new_only=new_only)
            reasons = [code for code, _ in self.reasons(shopper, ranked.product)]
            ids = self.sources.products.text(ranked.product)
            listings.append(ProductListing(customer, ids, ranked.score, reasons))
        return frame_of_listings(listings)

    def _may_be_shown(self, shopper: Shopper, *, new_only: bool) -> Mask | None:
        barred = shopper.history.bought if new_only else self.held_back(shopper)
        if not len(barred):
            return None
        eligible = np.ones(len(self.sources.products), dtype=bool)
        eligible[barred] = False
        return eligible

    def save(self, folder: Path) -> None:
        """Arrays as .npz without pickle, parameters as JSON."""
        storage.save(self, self.sources, self.ranking, folder, foretells=self.foretells)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        model = cls(**storage.parameters(folder))
        model.sources, model.ranking, model.foretells = storage.load(folder)
        return model


def session_affinity(sources: Sources, shopper: Shopper, found: Ints) -> NDArray[np.float64]:
    """How much each candidate is of the categories and brands the session looks at, from 0 to 1.

    A session that looks at one category only is worth 0.6 to everything of it, and 0.2 more to its
    brands; one that looks at many things says little.

    sources: the products' categories and brands; shopper: whose session it is; found: positions of
    the candidates.
    """
    affinity = np.zeros(len(found))
    catalogue = sources.catalogue
    for codes, worth in ((catalogue.category, 0.6), (catalogue.brand, 0.2)):
        touched = codes[shopper.products]
        weight = np.bincount(touched + 1, shopper.weights, minlength=int(codes.max(initial=-1)) + 2)
        weight[0] = 0.0  # what has no category is like nothing
        affinity += worth * weight[codes[found] + 1] / max(float(shopper.weights.sum()), 1e-12)
    return affinity


def ranked_alone(ranking: CandidateRanking, part: str) -> CandidateRanking:
    """The ranking in which one part (a name of PARTS) says everything.

    Raises ValueError for another name.
    """
    blends = np.zeros((len(CELLS), len(PARTS)))
    blends[:, PARTS.index(part)] = 1.0
    trees = ranking.trees if part == "trees" else None
    return replace(ranking, blends=blends, trees=trees)
