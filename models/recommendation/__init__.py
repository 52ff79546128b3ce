"""What is computed for a recommendation: the blend, and the baselines it has to beat."""

from models.base import Model
from models.recommendation.baselines import (
    ItemItem,
    PersonalFrequency,
    PersonalThenPopular,
    Popular,
)
from models.recommendation.candidates import Who
from models.recommendation.content import Attributes
from models.recommendation.recommender import Ranked, Recommender

MODELS: dict[str, type[Model]] = {
    "recommender": Recommender,
    "popular": Popular,
    "personal_frequency": PersonalFrequency,
    "personal_then_popular": PersonalThenPopular,
    "item_item": ItemItem,
}

__all__ = ["MODELS", "Attributes", "Ranked", "Recommender", "Who"]
