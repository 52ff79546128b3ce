"""How recommendations are asked for: by HTTP one visitor, by batch all customers."""

from serving.recommendation.batch import score
from serving.recommendation.routes import router

__all__ = ["router", "score"]
