"""What customers are worth, over HTTP."""

from serving.http.customers.routes import router

__all__ = ["router"]
