"""What will sell, over HTTP."""

from serving.http.forecasting.routes import router

__all__ = ["router"]
