"""What a version must keep up before it may take the champion's place."""

import time
from collections.abc import Callable, Sequence

from data.errors import ArgosyError
from models.base import Release, ReleaseError
from models.registry import Registry, RegistryError

_CALIBRATION = "calibration_error"

# Two versions were tested on two stretches of time: a small difference is no sign.
_WORSE, _WORSE_SLICE = 0.05, 0.15  # shares of the champion's figure
_MORE_CALIBRATION_ERROR = 0.02
_SLOWER, _QUICK_SECONDS = 2.0, 0.005  # times the champion's; below this, any time is good


class PromotionRefusedError(ArgosyError):
    """A version does not pass the checks against the champion; `failed` has a sentence each."""

    def __init__(self, use_case: str, version: str, failed: Sequence[str]) -> None:
        self.failed = tuple(failed)
        super().__init__(
            f"{use_case} version {version} does not pass: {'; '.join(failed)}. The champion stays; "
            f"to promote it all the same: argosy promote {use_case} {version} --force WHY"
        )


def promote_release(
    registry: Registry, use_case: str, version: str, *, reason: str, force: bool = False
) -> list[str]:
    """Make a registered version the champion, if it passes the checks: the one way to promote.

    use_case, version: of a registered release. reason: kept with the version. force: promote it
    although checks fail. Returns the checks that failed (empty without `force`). Raises
    PromotionRefusedError, and RegistryError where there is no such version.

    registry: where releases are kept.
    """
    failed = failed_checks(registry.load(use_case, version), _champion(registry, use_case))
    if failed and not force:
        raise PromotionRefusedError(use_case, version, failed)
    registry.promote(use_case, version, reason)
    return failed


def _champion(registry: Registry, use_case: str) -> Release | None:
    """The champion; None where there is none, or where it cannot be read any more."""
    if registry.champion_version(use_case) is None:
        return None
    try:
        return registry.load(use_case)
    except RegistryError:
        return None


def failed_checks(candidate: Release, champion: Release | None) -> list[str]:
    """Why the candidate should not take the champion's place, a sentence each; none: it may.

    Its sample must come out as when it was made, and its policy may not stop too many honest
    payments; without a champion that is all.
    """
    found = [*_sample(candidate), *_friction(candidate)]
    if champion is None or found:
        return found
    return [
        *_contract(candidate, champion),
        *_metrics(candidate, champion),
        *_latency(candidate, champion),
    ]


def _sample(candidate: Release) -> list[str]:
    try:
        candidate.trial()
    except ReleaseError as error:
        return [f"sample: {str(error).splitlines()[0]}"]
    return []


def _friction(candidate: Release) -> list[str]:
    """A policy may not stop more honest customers than its own limit says."""
    stopped, most = (
        candidate.policy.get(name) for name in ("honest_stopped_share", "most_stopped")
    )
    if stopped is None or most is None or stopped <= most:
        return []
    return [
        f"friction: {stopped:.1%} of recent honest payments would be stopped, at most {most:.1%}"
    ]


def _contract(candidate: Release, champion: Release) -> list[str]:
    """A feature that both read must be of one type: else one of them is served something else."""
    both = candidate.features.keys() & champion.features.keys()
    changed = sorted(n for n in both if candidate.features[n] != champion.features[n])
    return [
        f"skew: {name} was {champion.features[name]}, is {candidate.features[name]}"
        for name in changed
    ]


def _metrics(candidate: Release, champion: Release) -> list[str]:
    headline, better = candidate.headline, candidate.better
    ours, theirs = candidate.metrics, champion.metrics
    found = []
    for name in sorted(ours.keys() & theirs.keys()):
        if name == headline or (headline and name.startswith(f"{headline}_")):
            allowed = _WORSE if name == headline else _WORSE_SLICE
            kind = "metric" if name == headline else "slice"
            loss = theirs[name] - ours[name] if better == "higher" else ours[name] - theirs[name]
            if loss > allowed * abs(theirs[name]):
                found.append(f"{kind}: {name} {ours[name]:.4g}, the champion's {theirs[name]:.4g}")
        elif name == _CALIBRATION and ours[name] > theirs[name] + _MORE_CALIBRATION_ERROR:
            found.append(f"calibration: {name} {ours[name]:.4g}, the champion's {theirs[name]:.4g}")
    return found


def _latency(candidate: Release, champion: Release) -> list[str]:
    ours, theirs = _seconds(candidate), _seconds(champion)
    if ours <= max(_QUICK_SECONDS, _SLOWER * theirs):
        return []
    return [f"latency: {ours * 1e3:.1f} ms for its sample, the champion {theirs * 1e3:.1f} ms"]


def _seconds(
    release: Release, clock: Callable[[], float] = time.perf_counter, times: int = 5
) -> float:
    """The least time that predicting the sample took, in seconds."""
    taken = []
    for _ in range(times):
        started = clock()
        release.model.predict(release.sample)
        taken.append(clock() - started)
    return min(taken)
