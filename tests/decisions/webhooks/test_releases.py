"""One message for each release that serves, however many workers look."""

from types import SimpleNamespace

from data.settings import Settings
from decisions.runtime import Runtime
from decisions.webhooks.releases import ReleaseTeller


def worker(settings: Settings, version: str | None) -> Runtime:
    """A worker that serves one version, or none."""
    runtime = Runtime(settings)
    runtime.records.migrate()
    served = SimpleNamespace(version=version) if version else None
    runtime.release = lambda use_case: served  # type: ignore[method-assign,return-value,assignment]
    return runtime


def test_another_release_is_told_once_with_the_one_before(settings: Settings) -> None:
    settings = settings.model_copy(update={"use_cases": ("fraud",)})
    settings.home.mkdir(parents=True, exist_ok=True)
    first, second = worker(settings, "1"), worker(settings, "2")
    outbox = first.records.outbox
    ReleaseTeller(worker(settings, None)).look()
    assert outbox.newest("release.promoted", "fraud") is None
    ids = set()
    for runtime in (first, first, second, worker(settings, "2")):
        ReleaseTeller(runtime).look()
        told = outbox.newest("release.promoted", "fraud")
        assert told is not None
        ids.add(told[0])
    assert told[1] == {"use_case": "fraud", "before": "1", "after": "2"}
    assert len(ids) == 2
