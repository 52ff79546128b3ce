"""The feature store: views in, training frames and online values out; rows in = rows out.

Offline rows are Parquet files (`archive`), joined to entities through Feast (`offline`, over the
joins of `asof`); newest values are in SQLite or Redis (`online`), in Feast's own layout. Feast is
imported on first need of it: that takes seconds, and reading online never does.
"""

from features.store.columns import StoreError, ViewError
from features.store.store import (
    MaterializeReport,
    OnlineStoreError,
    Store,
    ViewReport,
    declared_views,
)

__all__ = [
    "MaterializeReport",
    "OnlineStoreError",
    "Store",
    "StoreError",
    "ViewError",
    "ViewReport",
    "declared_views",
]
