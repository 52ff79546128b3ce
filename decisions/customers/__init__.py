"""What is decided about customers: value, segments, credit rating, cohorts, uplift."""

from decisions.customers.batch import score

__all__ = ["score"]
