"""Whether to trust a payment: rules, lists, model and policy joined into one decision."""

from decisions.fraud.batch import score

__all__ = ["score"]
