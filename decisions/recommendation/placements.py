"""The merchant's lists and the running experiments, in memory, read again every few seconds."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from data.records import DatabaseError
from data.records.storefront import StorefrontRecords
from data.storefront import Experiment, Placement


@dataclass(frozen=True)
class PlacementPlans:
    """By placement: what the merchant wants there, and what is tried there."""

    lists: Mapping[str, Placement] = field(default_factory=dict)
    running: Mapping[str, Experiment] = field(default_factory=dict)


class Placements:
    """Gives the plans in use; while the database does not answer, the ones it gave last."""

    def __init__(self, storefront: StorefrontRecords, *, seconds: float) -> None:
        self._storefront = storefront
        self._seconds = seconds
        self._plans = PlacementPlans()
        self._read_at = float("-inf")
        self._lock = threading.Lock()

    def current(self) -> PlacementPlans:
        """The plans; one caller at a time reads them again when they are old."""
        overdue = time.monotonic() - self._read_at > self._seconds
        never = self._read_at == float("-inf")
        if overdue and self._lock.acquire(blocking=never):
            try:
                self._plans = _read(self._storefront)
            except DatabaseError:
                pass  # what was read before stays good until the database is back
            finally:
                self._read_at = time.monotonic()
                self._lock.release()
        return self._plans

    def held(self) -> PlacementPlans:
        """The plans as read last, without a look at the database."""
        return self._plans

    def changed(self, change: Callable[[], object]) -> None:
        """Make a change, then read: it holds for the next question this worker answers."""
        change()
        with self._lock:
            self._plans, self._read_at = _read(self._storefront), time.monotonic()


def roll_out(storefront: StorefrontRecords, experiment: Experiment, arm: str) -> Placement | None:
    """End an experiment and keep one of its arms for everybody; None where it has no such arm.

    storefront: where both are kept; experiment: running or stopped; arm: the arm's name.
    """
    chosen = [each for each in experiment.arms if each.name == arm]
    if not chosen:
        return None
    lists = {each.placement: each for each in storefront.placements()}
    before = lists.get(experiment.placement, Placement(experiment.placement))
    storefront.put_placement(replace(before, arm=chosen[0], updated_at=None))
    storefront.stop_experiment(experiment.experiment_id)
    found = {each.placement: each for each in storefront.placements()}
    return found[experiment.placement]


def _read(storefront: StorefrontRecords) -> PlacementPlans:
    running = [each for each in storefront.experiments() if each.stopped_at is None]
    return PlacementPlans(
        {each.placement: each for each in storefront.placements()},
        {each.placement: each for each in running},
    )
