"""What a long fit has done so far, kept in a folder: one that was killed goes on from there."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from models.forecasting.panel import DemandPanel

T = TypeVar("T")

_MATRICES = (
    "demand",
    "known",
    "price",
    "list_price",
    "promotion",
    "promotion_discount",
    "offered",
    "default",
)


def silent(text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Checkpoints:
    """folder: where parts of a fit are kept, None for nowhere. progress: hears what is done next.

    The folder stays until `let_go`; parts of other data, settings or code are never taken up.
    """

    folder: Path | None = None
    progress: Callable[[str], None] = silent

    def of(self, panel: DemandPanel, settings: Mapping[str, object]) -> "Checkpoints":
        """The checkpoints of one fit: in a folder of their own, named by a hash of all the fit
        depends on.

        panel: all that the fit learns from; settings: parameter -> value.
        """
        if self.folder is None:
            return self
        digest = hashlib.blake2b(_code(), digest_size=16)
        digest.update(json.dumps([settings, panel.frequency, panel.now], default=str).encode())
        for part in (panel.series, panel.dates.to_frame()):
            digest.update(pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes())
        for name in _MATRICES:
            digest.update(np.ascontiguousarray(getattr(panel, name)).data)
        digest.update(repr(panel.conditions.kinds).encode())
        digest.update(np.ascontiguousarray(panel.conditions.phase).data)
        digest.update(np.ascontiguousarray(panel.conditions.pattern).data)
        return replace(self, folder=self.folder / digest.hexdigest())

    def keep(
        self,
        name: str,
        make: Callable[[], T],
        *,
        save: Callable[[T, Path], None],
        load: Callable[[Path], T],
    ) -> T:
        """Get a part of a fit: read where it is kept, else made and kept, whole on the disk or not
        at all.

        name: names the part, and its folder; make: computes it; save: writes it into an empty
        folder; load: reads it from that folder.
        """
        if self.folder is None:
            self.progress(name)
            return make()
        place = self.folder / name.replace(" ", "_")
        if place.exists():
            self.progress(f"{name}: done before")
            return load(place)
        self.progress(name)
        made = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.folder))
        save(made, draft)
        for file in draft.iterdir():
            _flush(file)
        _flush(draft)
        draft.rename(place)
        _flush(self.folder)
        return made


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _code() -> bytes:
    """The forecaster's own source: after a change of it nothing half-done is taken up."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.blake2b(b"".join(file.read_bytes() for file in files)).digest()
