"""What to order, over HTTP."""

from serving.http.replenishment.routes import router

__all__ = ["router"]
