"""A recommender as files: arrays as .npy (no pickle), trees as text, parameters as JSON.

Arrays are mapped, not read: what a worker does not touch takes no memory, and workers share the
rest.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.base import Model
from models.base import parameters as parameters_of
from models.recommendation.catalogue import Catalogue
from models.recommendation.id_index import IdIndex
from models.recommendation.neighbours import Neighbours
from models.recommendation.popularity import Popularity
from models.recommendation.purchase_history import PurchaseHistory
from models.recommendation.ranking import CandidateRanking, LinearScore
from models.recommendation.returning import Returning
from models.recommendation.sources import Sources

__all__ = ["load", "parameters", "parameters_of", "save"]

_ARRAYS, _TREES, _PARAMETERS, _TARGETS = "arrays", "trees.txt", "parameters.json", "targets.json"
Arrays = Mapping[str, NDArray[Any]]
_ID_INDEXES = ("people", "products", "markets")
_PARTS: Mapping[str, type] = {
    "catalogue": Catalogue,
    "history": PurchaseHistory,
    "popularity": Popularity,
    "returning": Returning,
    "graph_filter": Neighbours,
    "random_walk": Neighbours,
    "item_knn": Neighbours,
    "user_knn": Neighbours,
    "co_purchase": Neighbours,
}


def save(
    model: Model,
    sources: Sources,
    ranking: CandidateRanking,
    folder: Path,
    *,
    foretells: tuple[str, ...],
) -> None:
    """Write a model's parameters, sources, ranking and the kinds it foretells to a folder."""
    arrays = {
        "end": np.array(sources.end),
        "durable_below": np.array(ranking.durable_below),
        "blends": ranking.blends,
        "spreads": ranking.spreads,
        "bias": np.array(ranking.linear.bias),
        **{name: getattr(ranking.linear, name) for name in ("mean", "scale", "weight")},
        **{name: getattr(sources, name).names for name in _ID_INDEXES},
    }
    for part in _PARTS:
        arrays |= _named(part, getattr(sources, part))
    (folder / _ARRAYS).mkdir()
    for name, values in arrays.items():
        np.save(folder / _ARRAYS / f"{name}.npy", values, allow_pickle=False)
    if ranking.trees is not None:
        ranking.trees.save_model(folder / _TREES)
    (folder / _PARAMETERS).write_text(json.dumps(parameters_of(model), indent=1))
    (folder / _TARGETS).write_text(json.dumps(foretells))


def parameters(folder: Path) -> dict[str, Any]:
    """The arguments of the recommender's constructor, as a folder keeps them."""
    given: dict[str, Any] = json.loads((folder / _PARAMETERS).read_text())
    return given


def load(folder: Path) -> tuple[Sources, CandidateRanking, tuple[str, ...]]:
    """Map what `save` wrote: the sources, the ranking, the kinds it foretells."""
    arrays: Arrays = {
        # As a plain array: every slice of a memmap costs a Python call.
        file.stem: np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
        for file in (folder / _ARRAYS).glob("*.npy")
    }
    parts: dict[str, Any] = {part: _part(arrays, part, kind) for part, kind in _PARTS.items()}
    parts |= {name: IdIndex(arrays[name]) for name in _ID_INDEXES}
    sources = Sources(**parts, end=float(arrays["end"]))
    trees = folder / _TREES
    ranking = CandidateRanking(
        linear=LinearScore(
            mean=np.array(arrays["mean"]),
            scale=np.array(arrays["scale"]),
            weight=np.array(arrays["weight"]),
            bias=float(arrays["bias"]),
        ),
        trees=lgb.Booster(model_file=trees) if trees.exists() else None,
        blends=np.array(arrays["blends"]),
        spreads=np.array(arrays["spreads"]),
        durable_below=float(arrays["durable_below"]),
    )
    return sources, ranking, tuple(json.loads((folder / _TARGETS).read_text()))


def _named(part: str, whole: object) -> dict[str, NDArray[Any]]:
    """The arrays of a frozen value, as `part.name`."""
    return {
        f"{part}.{name}": value.names if isinstance(value, IdIndex) else value
        for name, value in vars(whole).items()
    }


def _part(arrays: Arrays, part: str, kind: type) -> Any:
    """A frozen value from its arrays; ids are found by the type of their field."""
    values = {
        name.removeprefix(f"{part}."): array
        for name, array in arrays.items()
        if name.startswith(f"{part}.")
    }
    ids = {field.name for field in fields(kind) if field.type in (IdIndex, "IdIndex")}
    return kind(**{n: IdIndex(value) if n in ids else value for n, value in values.items()})
