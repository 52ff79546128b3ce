"""One question over HTTP from end to end: the index, the visit, the placement, the experiment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from data.records import DatabaseError
from data.storefront import Exposure
from decisions.recommendation.answer_body import body, name
from decisions.recommendation.current_index import USE_CASE, CurrentIndex
from decisions.recommendation.experiments import Assignment, assigned, at_placement, in_arm
from decisions.recommendation.placements import Placements
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery, RecommendationAnswer, Visit
from decisions.recommendation.recommend import recommend, similar
from decisions.recommendation.visits import hides_before, read_visit
from decisions.runtime import Runtime

_NO_EVENTS, _NO_TIME = "events_unreachable", "time_budget"


@dataclass
class Draft:
    """What is ready of an answer, for the simpler one when its time is up."""

    visit: Visit | None = None


@dataclass(frozen=True)
class PageSlot:
    """One list of a page: the question, and where it stands.

    beside: a product that the list is about, None: about the person; together: products bought with
    it, else products like it.
    """

    query: ProductQuery
    placement: str | None = None
    beside: str | None = None
    together: bool = False


@dataclass(frozen=True)
class Storefront:
    """What a server answers the storefront from."""

    runtime: Runtime
    indexes: CurrentIndex
    placements: Placements

    @classmethod
    def of(cls, runtime: Runtime) -> "Storefront":
        """The parts, from the stores and releases of a server."""
        seconds = runtime.settings.reload_seconds
        return cls(
            runtime, CurrentIndex(runtime), Placements(runtime.records.storefront, seconds=seconds)
        )

    def visit(self, index: ProductIndex, query: ProductQuery) -> tuple[Visit, str]:
        """What this person did, up to now; and why that is not known, if it is not.

        index: what the lake knows of people; query: who asks, by customer_id and visitor_id, which
        are linked where both are given.
        """
        try:
            with self.runtime.telemetry.step(USE_CASE, "visit"):
                records = self.runtime.records.storefront
                if query.visitor_id and query.customer_id:
                    records.link(query.visitor_id, query.customer_id)
                return read_visit(index, query, records), ""
        except DatabaseError:
            return Visit(hidden=frozenset(hides_before(index, query))), _NO_EVENTS

    def recommend(
        self, query: ProductQuery, placement: str | None, draft: Draft | None = None
    ) -> dict[str, Any]:
        """The answer, its exposure on disk when it takes part in an experiment.

        query: as asked; placement: where in the shop, None: nowhere in particular, without pins,
        boosts or an experiment; draft: takes up the visit as soon as it is read, None: nobody waits
        for it.
        """
        index = self.indexes.current()
        seen, problem = self.visit(index, query)
        if draft is not None:
            draft.visit = seen
        return self._answered(index, PageSlot(query, placement), seen, problem)

    def page(self, slots: Sequence[PageSlot]) -> list[dict[str, Any]]:
        """The answers of the lists of one page, in their order; no article is in two of them.

        slots: the lists, all asked by the same person, who is looked up once.
        """
        index = self.indexes.current()
        if not slots:
            return []
        seen, problem = self.visit(index, slots[0].query)
        answers: list[dict[str, Any]] = []
        shown: tuple[str, ...] = ()
        for slot in slots:
            query = replace(slot.query, exclude=(*slot.query.exclude, *shown))
            answer = self._answered(index, replace(slot, query=query), seen, problem)
            answers.append(answer)
            products = [item["product_id"] for item in answer["items"]]
            shown = (*shown, *index.whole_articles(products))
        return answers

    def _answered(
        self, index: ProductIndex, slot: PageSlot, seen: Visit, problem: str
    ) -> dict[str, Any]:
        """The answer of one list, its exposure on disk when it takes part in an experiment."""
        placement = slot.placement
        query, arm = self.planned(slot.query, placement, seen)
        with self.runtime.telemetry.step(USE_CASE, "rank"):
            if slot.beside is not None:
                answer = similar(index, slot.beside, query, seen, together=slot.together)
            else:
                answer = recommend(index, query, seen)
        recommendation_id = name()
        taken = arm is not None and self._exposed(answer, arm, recommendation_id, placement or "")
        return self.told(index, answer, recommendation_id, problem) | {
            "experiment": {"experiment_id": arm.experiment_id, "arm": arm.arm.name}
            if arm is not None and taken
            else None
        }

    def hurried(self, query: ProductQuery, placement: str | None, draft: Draft) -> dict[str, Any]:
        """What sells, by the rules, without another look at a database: there is no time left.

        query: as asked; placement: where in the shop, None: nowhere in particular; draft: the
        visit, if it was read in time.
        """
        index = self.indexes.current()
        wishes = self.placements.held().lists.get(placement or "")
        seen = draft.visit or Visit(hidden=frozenset(hides_before(index, query)))
        answer = recommend(index, at_placement(query, wishes), seen, hurry=True)
        return self.told(index, answer, name(), _NO_TIME) | {"experiment": None}

    def planned(
        self, query: ProductQuery, placement: str | None, seen: Visit
    ) -> tuple[ProductQuery, Assignment | None]:
        """The question as the merchant and the person's arm have it at this placement.

        query: as asked; placement: where in the shop, None: nowhere in particular; seen: what is
        known of who asks.
        """
        if placement is None:
            return at_placement(query, None), None
        plans = self.placements.current()
        query = at_placement(query, plans.lists.get(placement))
        experiment = plans.running.get(placement)
        arm = assigned(experiment, query, seen.unit) if experiment is not None else None
        return (in_arm(query, arm.arm), arm) if arm is not None else (query, None)

    def told(
        self,
        index: ProductIndex,
        answer: RecommendationAnswer,
        recommendation_id: str,
        problem: str = "",
    ) -> dict[str, Any]:
        """The answer as it goes out over HTTP, counted by the telemetry.

        index: what the answer was made from; answer: the products, best first; recommendation_id:
        the answer's id; problem: what else degrades it, empty: nothing.
        """
        answer = replace(answer, degraded=answer.degraded or problem)
        self.runtime.telemetry.counted(USE_CASE, answer.served_by, degraded=answer.degraded)
        return body(index, answer, recommendation_id)

    def _exposed(
        self, answer: RecommendationAnswer, arm: Assignment, recommendation_id: str, placement: str
    ) -> bool:
        """Whether the exposure is on disk; what is not takes no part in the experiment."""
        exposure = Exposure(
            recommendation_id=recommendation_id,
            exposed_at=datetime.now(UTC),
            experiment_id=arm.experiment_id,
            arm=arm.arm.name,
            propensity=arm.propensity,
            placement=placement,
            unit=arm.unit,
            served_by=answer.served_by,
            products=tuple(item.product_id for item in answer.items),
        )
        try:
            with self.runtime.telemetry.step(USE_CASE, "exposure"):
                self.runtime.records.storefront.add_exposure(exposure)
        except DatabaseError:
            return False
        return True
