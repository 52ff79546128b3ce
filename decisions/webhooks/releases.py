"""Messages that another release serves, whoever promoted it, on whatever machine."""

from data.messages import OutgoingMessage
from data.records import DatabaseError
from decisions.runtime import Runtime


class ReleaseTeller:
    """Compares what serves with what was told last. runtime: whose releases are looked at."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._told: dict[str, str] = {}

    def look(self) -> None:
        """Tell of every use case whose release is another than the one told of last.

        Several workers that look at the same time write one message: its identity is made from
        the message before it.
        """
        for use_case in self._runtime.settings.use_cases:
            release = self._runtime.release(use_case)
            if release is None or self._told.get(use_case) == release.version:
                continue
            try:
                self._tell(use_case, release.version)
            except DatabaseError:  # at the next look
                return
            self._told[use_case] = release.version

    def _tell(self, use_case: str, version: str) -> None:
        outbox = self._runtime.records.outbox
        last_id, last = outbox.newest("release.promoted", use_case) or ("", {})
        if last.get("after") == version:
            return
        told = {"use_case": use_case, "before": last.get("after"), "after": version}
        outbox.send([OutgoingMessage("release.promoted", use_case, told, (last_id, version))])
