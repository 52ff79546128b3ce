"""Which products a person is shown, and why: from candidates through rules to an answer."""

from decisions.recommendation.batch import score

__all__ = ["score"]
