"""Small data for the tests beside."""

from datetime import timedelta

from data.storefront import Event, Trail
from tests.decisions.recommendation.small_index import NOW


def bought(product: str, days_ago: float) -> Trail:
    return Trail(touches=(Event(product, "purchase", NOW - timedelta(days=days_ago)),))
