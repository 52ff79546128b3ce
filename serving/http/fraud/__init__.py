"""Whom to trust with a payment, over HTTP."""

from serving.http.fraud.routes import router

__all__ = ["router"]
