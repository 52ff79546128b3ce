"""A recommender as files: arrays as .npz (no pickle), trees as text, parameters as JSON."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.base import Model
from models.base import parameters as constructor
from models.recommendation.als import with_gram
from models.recommendation.history import Habits, Ids
from models.recommendation.neighbours import Neighbours
from models.recommendation.popularity import Popularity
from models.recommendation.ranking import Blend
from models.recommendation.sources import Sources

_ARRAYS, _TREES, _PARAMETERS = "arrays.npz", "trees.txt", "parameters.json"
Arrays = Mapping[str, NDArray[Any]]


def save(model: Model, sources: Sources, blend: Blend, folder: Path) -> None:
    """Write to an existing folder."""
    arrays: dict[str, NDArray[Any]] = {
        "people": sources.people.names,
        "products": sources.products.names,
        "markets": sources.markets.names,
        "factors": sources.factors.product,
        "alpha": np.array(sources.factors.alpha),
        "regularization": np.array(sources.factors.regularization),
        "end": np.array(sources.end),
        "mean": blend.mean,
        "scale": blend.scale,
        "weight": blend.weight,
        "bias": np.array(blend.bias),
    }
    parts: Mapping[str, Arrays] = {
        "habits": vars(sources.habits),
        "sells": vars(sources.sells),
        "neighbours": vars(sources.neighbours),
        "together": vars(sources.together),
    }
    for part, values in parts.items():
        arrays |= {f"{part}.{name}": value for name, value in values.items()}
    np.savez(folder / _ARRAYS, allow_pickle=False, **arrays)
    if blend.trees is not None:
        blend.trees.save_model(folder / _TREES)
    (folder / _PARAMETERS).write_text(json.dumps(constructor(model), indent=1))


def parameters(folder: Path) -> dict[str, Any]:
    """The constructor's arguments."""
    given: dict[str, Any] = json.loads((folder / _PARAMETERS).read_text())
    return given


def load(folder: Path) -> tuple[Sources, Blend]:
    """Read what `save` wrote."""
    with np.load(folder / _ARRAYS, allow_pickle=False) as file:
        arrays: Arrays = {name: file[name] for name in file.files}
    sources = Sources(
        people=Ids(arrays["people"]),
        products=Ids(arrays["products"]),
        markets=Ids(arrays["markets"]),
        habits=Habits(**_part(arrays, "habits")),
        factors=with_gram(
            arrays["factors"],
            alpha=float(arrays["alpha"]),
            regularization=float(arrays["regularization"]),
        ),
        neighbours=Neighbours(**_part(arrays, "neighbours")),
        together=Neighbours(**_part(arrays, "together")),
        sells=Popularity(**_part(arrays, "sells")),
        end=float(arrays["end"]),
    )
    blend = Blend(
        mean=arrays["mean"],
        scale=arrays["scale"],
        weight=arrays["weight"],
        bias=float(arrays["bias"]),
        trees=lgb.Booster(model_file=folder / _TREES) if (folder / _TREES).exists() else None,
    )
    return sources, blend


def _part(arrays: Arrays, part: str) -> dict[str, NDArray[Any]]:
    return {
        name.removeprefix(f"{part}."): values
        for name, values in arrays.items()
        if name.startswith(f"{part}.")
    }
