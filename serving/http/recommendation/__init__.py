"""What to show, over HTTP."""

from serving.http.recommendation.routes import router

__all__ = ["router"]
