"""A recommender as files: arrays as .npy (no pickle), trees as text, parameters as JSON.

Arrays are mapped, not read: what a worker does not touch takes no memory, and workers share the
rest.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.base import Model
from models.base import parameters as constructor
from models.recommendation.catalogue import Catalogue
from models.recommendation.history import Habits
from models.recommendation.ids import Ids
from models.recommendation.neighbours import Neighbours
from models.recommendation.popularity import Popularity
from models.recommendation.ranking import Linear, Ranking
from models.recommendation.returning import Returning
from models.recommendation.sources import Sources

_ARRAYS, _TREES, _PARAMETERS = "arrays", "trees_{}.txt", "parameters.json"
Arrays = Mapping[str, NDArray[Any]]


def save(model: Model, sources: Sources, ranking: Ranking, folder: Path) -> None:
    """Write to an existing folder."""
    arrays = {
        "end": np.array(sources.end),
        "shares": ranking.shares,
        "spreads": ranking.spreads,
        "bias": np.array(ranking.linear.bias),
        **{name: getattr(ranking.linear, name) for name in ("mean", "scale", "weight")},
        **_named("catalogue", sources.catalogue),
        **{name: getattr(sources, name).names for name in ("people", "products", "markets")},
    }
    for part in ("habits", "sells", "returning", "taste", "neighbours", "together"):
        arrays |= _named(part, getattr(sources, part))
    (folder / _ARRAYS).mkdir()
    for name, values in arrays.items():
        np.save(folder / _ARRAYS / f"{name}.npy", values, allow_pickle=False)
    for number, trees in enumerate(ranking.trees):
        trees.save_model(folder / _TREES.format(number))
    (folder / _PARAMETERS).write_text(json.dumps(constructor(model), indent=1))


def parameters(folder: Path) -> dict[str, Any]:
    """The constructor's arguments."""
    given: dict[str, Any] = json.loads((folder / _PARAMETERS).read_text())
    return given


def load(folder: Path) -> tuple[Sources, Ranking]:
    """Map what `save` wrote."""
    arrays: Arrays = {
        # As a plain array: every slice of a memmap costs a Python call.
        file.stem: np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
        for file in (folder / _ARRAYS).glob("*.npy")
    }
    listed: dict[str, Any] = {
        name: Ids(values) if name in {"categories", "aisles", "brands"} else values
        for name, values in _part(arrays, "catalogue").items()
    }
    sources = Sources(
        people=Ids(arrays["people"]),
        products=Ids(arrays["products"]),
        markets=Ids(arrays["markets"]),
        catalogue=Catalogue(**listed),
        habits=Habits(**_part(arrays, "habits")),
        taste=Neighbours(**_part(arrays, "taste")),
        neighbours=Neighbours(**_part(arrays, "neighbours")),
        together=Neighbours(**_part(arrays, "together")),
        sells=Popularity(**_part(arrays, "sells")),
        returning=Returning(**_part(arrays, "returning")),
        end=float(arrays["end"]),
    )
    grown = sorted(folder.glob(_TREES.format("*")))
    ranking = Ranking(
        linear=Linear(
            mean=np.array(arrays["mean"]),
            scale=np.array(arrays["scale"]),
            weight=np.array(arrays["weight"]),
            bias=float(arrays["bias"]),
        ),
        trees=tuple(lgb.Booster(model_file=file) for file in grown),
        shares=np.array(arrays["shares"]),
        spreads=np.array(arrays["spreads"]),
    )
    return sources, ranking


def _named(part: str, whole: object) -> dict[str, NDArray[Any]]:
    """The arrays of a frozen value, as `part.name`."""
    return {
        f"{part}.{name}": value.names if isinstance(value, Ids) else value
        for name, value in vars(whole).items()
    }


def _part(arrays: Arrays, part: str) -> dict[str, Any]:
    return {
        name.removeprefix(f"{part}."): values
        for name, values in arrays.items()
        if name.startswith(f"{part}.")
    }
