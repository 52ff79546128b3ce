"""Whom to trust with a payment: a calibrated probability of fraud, with reasons."""

from models.base import Model
from models.fraud.baselines import Logistic, Rules
from models.fraud.boosting import BoostedTrees
from models.fraud.day_one import PaymentScorecard
from models.fraud.encoding import Matrix
from models.fraud.informed import InformedLogistic
from models.fraud.policy import ACTIONS, Action, Costs, Policy, best_policy, observed_shift
from models.fraud.reasons import Reason
from models.fraud.staged import StagedFraudModel

MODELS: dict[str, type[Model]] = {
    "BoostedTrees": BoostedTrees,
    "InformedLogistic": InformedLogistic,
    "Logistic": Logistic,
    "PaymentScorecard": PaymentScorecard,
    "Rules": Rules,
    "StagedFraudModel": StagedFraudModel,
}

__all__ = [
    "ACTIONS",
    "MODELS",
    "Action",
    "BoostedTrees",
    "Costs",
    "InformedLogistic",
    "Logistic",
    "Matrix",
    "PaymentScorecard",
    "Policy",
    "Reason",
    "Rules",
    "StagedFraudModel",
    "best_policy",
    "observed_shift",
]
