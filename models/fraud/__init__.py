"""Whom to trust with a payment: a calibrated probability of fraud, with reasons."""

from models.base import Model
from models.fraud.baselines import Rules
from models.fraud.boosting import BoostedTrees
from models.fraud.day_one import PaymentScorecard
from models.fraud.encoding import Matrix
from models.fraud.informed import InformedLogistic
from models.fraud.payment_model import PaymentModel
from models.fraud.policy import (
    ACTIONS,
    Action,
    Costs,
    FraudPolicy,
    PolicyLimits,
    best_policy,
    observed_shift,
)
from models.fraud.staged import StagedFraudModel

MODELS: dict[str, type[Model]] = {
    "BoostedTrees": BoostedTrees,
    "InformedLogistic": InformedLogistic,
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
    "FraudPolicy",
    "InformedLogistic",
    "Matrix",
    "PaymentModel",
    "PaymentScorecard",
    "PolicyLimits",
    "Rules",
    "StagedFraudModel",
    "best_policy",
    "observed_shift",
]
