"""From figures to alerts: what is wrong on a day, where, and whether it is known already."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from data.alerts import Alert, AlertError, Contribution, KpiFinding, Severity
from data.decisions import Note
from data.records import Records
from decisions.kpis.catalogue import KPIS, Kpi
from decisions.kpis.compute import ShopFacts, whole_day
from decisions.kpis.detect import HISTORY_DAYS, SuddenChange, sudden_change
from decisions.kpis.report import daily_sums, status_of
from decisions.runtime import Runtime

MUTE, CHECKED = "alert_mute", "alerts_checked"
_CATCH_UP_DAYS = 7
_HABIT_DAYS, _FEWEST_TOLD = 28, 26  # a source that told of nearly every day is missed on one
_LEADING_SHARE, _CLEARLY = 0.6, 0.05
_MOST_PLACES = 2.5  # more of them at once are the whole shop
# The first KPI of each source whose silence is worth an alert.
_FEEDS: Mapping[str, str] = {
    "orders": "orders",
    "visits": "visits",
    "stock": "stock_value",
    "payments": "declined_rate",
}
# In which parts a change of a topic is looked for; the first explains it where two do alike.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "demand": ("warehouse_id", "market"),
    "price": ("market", "warehouse_id"),
    "traffic": ("market",),
    "stock": ("warehouse_id",),
    "fraud": ("market", "channel"),
}


def check_alerts(
    runtime: Runtime, *, day: date | None = None, now: datetime | None = None
) -> list[Alert]:
    """Look for what is wrong on the days not looked at yet; raise, go on with, resolve alerts.

    runtime: the stores in use, the KPIs computed; day: the last one to look at; None: the newest
    that is over; now: the wall clock. Returns the open alerts.
    """
    records, at = runtime.records, now or datetime.now(UTC)
    last = day or whole_day(runtime)
    checked = records.journal.of(CHECKED, "day", limit=1)
    first = last - timedelta(days=_CATCH_UP_DAYS - 1)
    if checked:
        first = max(first, date.fromisoformat(checked[-1].body["day"]) + timedelta(days=1))
    facts = ShopFacts(runtime, now)
    for each in pd.date_range(first, last, freq="D"):
        _settle(records, find_findings(records, facts, each.date()), at)
    if first <= last:
        body = {"day": last.isoformat()}
        records.journal.add(CHECKED, "day", author="argosy", body=body)
    return records.alerts.open()


def find_findings(records: Records, facts: ShopFacts, day: date) -> list[KpiFinding]:
    """All that is wrong on a day, the findings of one cause and place as one.

    records: the database of the service; facts: for where a change comes from; day: which one.
    """
    looked = [_missing(records, feed, kpi, day) for feed, kpi in _FEEDS.items()]
    missing = [one for one in looked if one is not None]
    silent = {KPIS[one.kpi].source for one in missing}
    by_topic: dict[str, list[Kpi]] = defaultdict(list)
    for kpi in KPIS.values():
        if kpi.source not in silent:
            by_topic[kpi.topic or kpi.name].append(kpi)
    found = list(missing)
    for topic, kpis in by_topic.items():
        past = [one for kpi in kpis if (one := _past_bound(records, kpi, topic, day))]
        changed = _changed(records, facts, topic, kpis, day) if kpis[0].topic else []
        # A bound that is passed by a sudden change is told with the change.
        found += changed or past
    return found


def _missing(records: Records, feed: str, name: str, day: date) -> KpiFinding | None:
    since = day - timedelta(days=_HABIT_DAYS)
    frame = daily_sums(records, KPIS[name], since=since, until=day)
    # Days without a row that are usual in the shop stand in the frame too: they told nothing.
    told = (frame["day"] < pd.Timestamp(day)) & (frame["rows"] > 0)
    if (frame["day"] == pd.Timestamp(day)).any() or told.sum() < _FEWEST_TOLD:
        return None
    text = f"no {feed} on {day}: it had some on {told.sum()} of the {_HABIT_DAYS} days before"
    return KpiFinding(feed, name, "missing", "critical", {}, day, None, None, text)


def _past_bound(records: Records, kpi: Kpi, cause: str, day: date) -> KpiFinding | None:
    if kpi.warn is None:
        return None
    since = day - timedelta(days=kpi.window_days - 1)
    frame = daily_sums(records, kpi, since=since, until=day)
    status = status_of(kpi, frame)
    if status not in {"warn", "critical"}:
        return None
    severity: Severity = "critical" if status == "critical" else "warn"
    bound = kpi.critical if severity == "critical" else kpi.warn
    sums = frame[["numerator", "denominator"]].sum()
    if kpi.denominator is None:
        value = float(frame["numerator"].iloc[-1]) * kpi.scale
    else:
        value = float(sums["numerator"] / sums["denominator"]) * kpi.scale
    text = f"{kpi.name} is {value:.4g} over {kpi.window_days} days; its bound is {bound:g}"
    return KpiFinding(cause, kpi.name, "threshold", severity, {}, day, value, bound, text)


def _changed(
    records: Records, facts: ShopFacts, topic: str, kpis: Sequence[Kpi], day: date
) -> list[KpiFinding]:
    """Sudden changes of a topic: of the first of its KPIs that shows any, by place."""
    for kpi in kpis:
        whole, parts = _changes(records, kpi, topic, day)
        if whole is None and not parts:
            continue
        shares = contributions(facts, kpi, day, (*_PARTS[topic], "category"))
        places = _places(topic, whole, parts, shares)
        return [
            _finding(topic, kpi, day, dict(place), change, shares)
            for place, change in places.items()
        ]
    return []


_Place = tuple[tuple[str, str], ...]


def _changes(
    records: Records, kpi: Kpi, topic: str, day: date
) -> tuple[SuddenChange | None, dict[_Place, SuddenChange]]:
    """The change of the whole shop, and those of its parts."""
    since, moment = day - timedelta(days=HISTORY_DAYS), pd.Timestamp(day)
    frame = daily_sums(records, kpi, since=since, until=day)
    whole = sudden_change(kpi, frame, moment)
    parts: dict[_Place, SuddenChange] = {}
    for dimension in _PARTS[topic]:
        split = daily_sums(records, kpi, since=since, until=day, by=(dimension,))
        for value, mine in split.groupby(dimension):
            change = sudden_change(kpi, mine, moment)
            if change is not None and value:
                parts[((dimension, str(value)),)] = change
    return whole, parts


def _places(
    topic: str,
    whole: SuddenChange | None,
    parts: Mapping[_Place, SuddenChange],
    shares: Sequence[Contribution],
) -> dict[_Place, SuddenChange]:
    """Where it is: the dimension in which a place explains the most, a category where one explains
    more than any place, else the whole shop."""
    share_of = {(one.dimension, one.value): one.share for one in shares}
    best: dict[_Place, SuddenChange] = {}
    explained = 0.0
    for dimension in _PARTS[topic]:
        mine = {place: change for place, change in parts.items() if place[0][0] == dimension}
        each = sum(share_of.get(place[0], 0.0) for place in mine) / max(len(mine), 1)
        if mine and each > explained + _CLEARLY:
            best, explained = mine, each
    leading = max(
        (one for one in shares if one.dimension == "category"),
        key=lambda one: one.share,
        default=None,
    )
    change = whole or max(best.values(), key=lambda one: abs(one.z), default=None)
    if change is None:
        return dict(list(parts.items())[:1])
    if leading is not None and leading.share >= max(_LEADING_SHARE, explained + _CLEARLY):
        return {(("category", leading.value),): change}
    if not best or (whole is not None and explained < 1 / _MOST_PLACES):
        return {(): change}
    return best


def _finding(
    topic: str,
    kpi: Kpi,
    day: date,
    place: Mapping[str, str],
    change: SuddenChange,
    shares: tuple[Contribution, ...],
) -> KpiFinding:
    where = ", ".join(f"{name} {value}" for name, value in place.items()) or "the whole shop"
    way = "up" if change.change > 0 else "down"
    text = (
        f"{kpi.name} went {way} by {abs(change.change):.0%} in {where}: {change.value:.4g}, "
        f"usually {change.expected:.4g}"
    )
    severity: Severity = "critical" if change.is_critical else "warn"
    given = (topic, kpi.name, "change", severity, place, day)
    return KpiFinding(*given, change.value, change.expected, text, shares)  # type: ignore[arg-type]  # in the order of its fields


def contributions(
    facts: ShopFacts, kpi: Kpi, day: date, dimensions: Sequence[str]
) -> tuple[Contribution, ...]:
    """The parts with the largest shares of a change against the four like weekdays before it.

    facts: what the sums are made from; kpi: of the catalogue; day: of the change; dimensions: of
    PARTS. Up to three of each dimension, the largest first. Of a quotient, what is shared out is
    numerator − usual quotient × denominator.
    """
    moment = pd.Timestamp(day)
    before = [moment - pd.Timedelta(weeks=weeks) for weeks in range(1, 5)]
    answer: list[Contribution] = []
    for dimension in dimensions:
        sums = {
            source: facts.sums(source, before[-1], (dimension,))
            for source in dict.fromkeys(name.split(".")[0] for name in kpi.measures)
        }
        tables = [_by_part(sums[name.split(".")[0]], name, dimension) for name in kpi.measures]
        excess = tables[0]
        if kpi.denominator is not None:
            other = tables[1].reindex(excess.index, fill_value=0.0)
            usual = [each for each in before if each in excess and each in other]
            ratio = excess[usual].sum().sum() / max(other[usual].sum().sum(), 1e-12)
            excess = excess - ratio * other.reindex(columns=excess.columns, fill_value=0.0)
        usual = [each for each in before if each in excess]
        if moment not in excess or not usual:
            continue
        moved = excess[moment] - excess[usual].mean(axis=1)
        total = moved.sum()
        if total == 0 or not any(excess.index):
            continue
        largest = (moved / total).sort_values(ascending=False)[:3]
        answer += [
            Contribution(dimension, str(value), float(share))
            for value, share in largest.items()
            if share > 0 and value
        ]
    return tuple(answer)


def _by_part(sums: pd.DataFrame, measure: str, dimension: str) -> pd.DataFrame:
    """A measure as parts × days, 0 where there is nothing."""
    mine = sums[sums["measure"] == measure]
    table: pd.DataFrame = mine.pivot_table(
        index=dimension, columns="day", values="value", aggfunc="sum", fill_value=0.0
    )
    return table


def _settle(records: Records, findings: Sequence[KpiFinding], at: datetime) -> None:
    """Go on with open alerts whose cause goes on, raise new ones, resolve the others."""
    muted = mutes(records, at)
    going_on: set[str] = set()
    for finding in findings:
        known = _known(records.alerts.open(), finding)
        if known is not None:
            records.alerts.refresh(known, finding)
            going_on.add(known.alert_id)
        elif not any(_is_muted(mute, finding) for mute in muted):
            records.alerts.raise_alert(finding, at)
    day = max((one.day for one in findings), default=None)
    over = [
        one.alert_id
        for one in records.alerts.open()
        if one.alert_id not in going_on and (day is None or one.first_day < day)
    ]
    records.alerts.resolve(over, at)


def _known(alerts: Sequence[Alert], finding: KpiFinding) -> Alert | None:
    """The open alert that a finding goes on with: of its cause, and of its place or of another
    way to name the place (a change of another warehouse is another alert)."""
    for alert in alerts:
        if alert.cause != finding.cause:
            continue
        apart = [
            name
            for name in set(alert.place) & set(finding.place)
            if alert.place[name] != finding.place[name]
        ]
        if not apart:
            return alert
    return None


# Mutes --------------------------------------------------------------------------------------


def mute_alerts(
    records: Records,
    kpi: str,
    *,
    place: Mapping[str, str],
    until: datetime,
    author: str,
    reason: str,
) -> Note:
    """Raise no alerts of a KPI until a moment. Raises AlertError for a moment that is past.

    records: the database of the service; kpi: its name, or a topic; place: dimension -> value,
    empty: anywhere; until: the moment; author: who; reason: why.
    """
    if until <= datetime.now(UTC):
        raise AlertError(f"until: {until.isoformat()} is past; say a moment to come")
    body = {"place": dict(place), "until": until.isoformat(), "reason": reason}
    return records.journal.add(MUTE, kpi, author=author, body=body)


def mutes(records: Records, at: datetime) -> list[Note]:
    """The mutes that hold at a moment.

    records: the database of the service; at: the moment.
    """
    newest = records.journal.newest(MUTE)
    return [note for note in newest if datetime.fromisoformat(note.body["until"]) > at]


def _is_muted(mute: Note, finding: KpiFinding) -> bool:
    place: Mapping[str, str] = mute.body["place"]
    return mute.key in {finding.kpi, finding.cause} and all(
        finding.place.get(name) == value for name, value in place.items()
    )
