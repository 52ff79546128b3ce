"""Reports on past forecasts: computed once for each state of what they are made of, and kept.

They read every forecast and all demand there is, for seconds on a large shop. So of all workers one
computes, in a process of its own where there is much, and the rest read the file: decisions beside
them are not held up, and no worker's memory grows.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from data.history_corrections import HistoryCorrection
from data.records import DatabaseError
from data.settings import Settings
from decisions.forecasting.known_corrections import with_corrections
from decisions.logs import log_defect
from decisions.runtime import Runtime
from features.forecasting import exceptions, outcomes, outcomes_by_lag, value_added
from features.store import StoreError

ReportName = Literal["exceptions", "value_added", "by_lag"]
# Order lines in the lake from which on a process of its own computes.
APART = 20_000
_FURTHEST_BACK = timedelta(days=400)  # forecasts that `by_lag` looks back to
_READ_SECONDS = 600.0  # after which nobody reads a former report any more
ALL = ""  # stands for every warehouse together


def report(runtime: Runtime, name: ReportName, warehouse_id: str | None = None) -> pd.DataFrame:
    """A report as of now, of one warehouse or of all.

    runtime: whose store and lake it is made of; name: exceptions (a row a pair, see
    `features.forecasting.exceptions`), value_added (a row a way) or by_lag (a row a closed period
    and lag, see `features.forecasting.outcomes_by_lag`); warehouse_id: of this one; None: of all.
    Raises StoreError where it cannot be computed.
    """
    place = _place(runtime)
    if not place.is_dir():
        _compute_once(runtime, place)
    table = pd.read_parquet(place / f"{name}.parquet")
    if name != "value_added":
        chosen = table if warehouse_id is None else table[table["warehouse_id"] == warehouse_id]
        return chosen.reset_index(drop=True)
    asked = ALL if warehouse_id is None else warehouse_id
    own = table[table["of"] == asked]
    if own.empty:  # a warehouse without a closed period
        forecasts, model_forecasts, demand = _histories(runtime, asked)
        wanted = with_corrections(runtime, demand, runtime.now())
        own = value_added(outcomes(forecasts, model_forecasts, wanted)).assign(of=asked)
    return own.drop(columns="of").reset_index(drop=True)


class ReadyReports:
    """Makes the reports of a large shop before anybody asks: longer than a request may take.

    runtime: whose store and lake they are made of.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._seen: Path | None = None
        self._began = float("-inf")
        self._maker: threading.Thread | None = None

    def look(self) -> None:
        """Begin where the state is a new one, has come to rest, and the last ones are a while ago.

        What cannot be made is told to who asks for it.
        """
        busy = self._maker is not None and self._maker.is_alive()
        if busy or self._runtime.lake.tables()["orders"].rows < APART:
            return
        place = _place(self._runtime)
        former, self._seen = self._seen, place
        rests = former in {None, place}
        if place.is_dir() or not rests or time.monotonic() - self._began < _READ_SECONDS:
            return
        self._began = time.monotonic()
        self._maker = threading.Thread(
            target=self._make, args=(place,), name="reports", daemon=True
        )
        self._maker.start()

    def _make(self, place: Path) -> None:
        try:
            _compute_once(self._runtime, place)
        except Exception as error:  # nobody waits for it: whoever asks is told
            log_defect(error, "reports")


def compute(runtime: Runtime) -> Mapping[ReportName, pd.DataFrame]:
    """All reports, value added for each warehouse and for all.

    Exceptions and value added compare with the history as planners corrected it; accuracy by lag
    with what was really sold.

    runtime: whose store and lake they are made of.
    """
    forecasts, model_forecasts, demand = _histories(runtime, ALL)
    wanted = with_corrections(runtime, demand, runtime.now())
    beside = outcomes(forecasts, model_forecasts, wanted)
    since = pd.Timestamp(runtime.now() - _FURTHEST_BACK)
    lately = (each[each["event_timestamp"] >= since] for each in (forecasts, demand))
    rates = runtime.lake.read("fx_rates", as_of=runtime.now())
    parts = {ALL: beside} | {str(each): rows for each, rows in beside.groupby("warehouse_id")}
    added = [value_added(rows).assign(of=each) for each, rows in parts.items()]
    return {
        "exceptions": exceptions(beside, rates, runtime.settings.base_currency),
        "value_added": pd.concat(added, ignore_index=True),
        "by_lag": outcomes_by_lag(*lately),
    }


def write(runtime: Runtime, place: Path) -> None:
    """Compute all and put them in place, whole; former ones go.

    runtime: whose store and lake they are made of; place: the folder of this state's reports.
    """
    draft = place.with_suffix(".part")
    draft.mkdir(parents=True, exist_ok=True)
    for name, table in compute(runtime).items():
        table.to_parquet(draft / f"{name}.parquet")
    draft.rename(place)


def _histories(runtime: Runtime, warehouse_id: str) -> tuple[pd.DataFrame, ...]:
    now = runtime.now()
    only = {"warehouse_id": warehouse_id} if warehouse_id else None
    views = ("forecast", "model_forecast", "demand")
    return tuple(runtime.store.history(view, now, only=only) for view in views)


def _corrections(runtime: Runtime) -> list[HistoryCorrection]:
    try:
        return runtime.records.history_corrections.known_at(runtime.now())
    except DatabaseError:
        return []


def _place(runtime: Runtime) -> Path:
    """The folder of the reports of what the store and the lake hold now."""
    state = (
        runtime.store.version(),
        runtime.lake.version(),
        runtime.now().isoformat(),
        runtime.settings.base_currency,
        *sorted(each.correction_id for each in _corrections(runtime)),
        *get_args(ReportName),  # a folder of an older program may lack one
    )
    name = hashlib.sha256("\n".join(state).encode()).hexdigest()[:16]
    return runtime.settings.home / "cache" / "forecast-reports" / name


def _compute_once(runtime: Runtime, place: Path) -> None:
    """Compute, unless another thread or process has or does: then wait for it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.is_dir():
            return
        for former in place.parent.iterdir():
            if former.is_dir() and time.time() - former.stat().st_mtime > _READ_SECONDS:
                shutil.rmtree(former)
        if runtime.lake.tables()["orders"].rows >= APART:
            _compute_apart(runtime.settings, place)
        else:
            write(runtime, place)


def _compute_apart(settings: Settings, place: Path) -> None:
    command = [sys.executable, "-P", "-m", "decisions.forecasting.report_process", str(place)]
    given = settings.model_dump_json().encode()
    ended = subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603  # our own module
    if ended.returncode:
        words = ended.stderr.decode(errors="replace").strip().splitlines()
        raise StoreError(f"the forecast reports were not computed: {words[-1] if words else ''}")
