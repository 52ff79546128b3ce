"""Whom to trust with a payment: a calibrated probability of fraud, with reasons."""

from models.base import Model
from models.fraud.baselines import Logistic, Rules
from models.fraud.boosting import BoostedTrees
from models.fraud.encoding import Matrix
from models.fraud.policy import ACTIONS, Action, Costs, Policy, best_policy, observed_shift
from models.fraud.reasons import Reason

MODELS: dict[str, type[Model]] = {
    "BoostedTrees": BoostedTrees,
    "Logistic": Logistic,
    "Rules": Rules,
}

__all__ = [
    "ACTIONS",
    "MODELS",
    "Action",
    "BoostedTrees",
    "Costs",
    "Logistic",
    "Matrix",
    "Policy",
    "Reason",
    "Rules",
    "best_policy",
    "observed_shift",
]
