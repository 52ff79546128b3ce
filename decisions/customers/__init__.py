"""What is decided about customers: value, segments, credit rating, cohorts, uplift."""

from decisions.customers.batch import keep_answers, score

__all__ = ["keep_answers", "score"]
