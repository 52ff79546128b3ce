"""What is computed for a recommendation: the blend, and the baselines it has to beat."""

from models.base import Model
from models.recommendation.baselines import (
    DecayedFrequency,
    ItemItem,
    PersonalFrequency,
    PersonalThenPopular,
    Popular,
    RecentlyPopular,
    UserUser,
)
from models.recommendation.candidates import Shopper
from models.recommendation.look_alikes import NewProducts
from models.recommendation.purchase_history import RecentAction
from models.recommendation.recommender import HELD_BACK_DAYS, RankedProducts, Recommender

MODELS: dict[str, type[Model]] = {
    "recommender": Recommender,
    "popular": Popular,
    "recently_popular": RecentlyPopular,
    "personal_frequency": PersonalFrequency,
    "personal_then_popular": PersonalThenPopular,
    "decayed_frequency": DecayedFrequency,
    "item_item": ItemItem,
    "user_user": UserUser,
}

__all__ = [
    "HELD_BACK_DAYS",
    "MODELS",
    "NewProducts",
    "RankedProducts",
    "RecentAction",
    "Recommender",
    "Shopper",
]
