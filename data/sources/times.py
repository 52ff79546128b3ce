"""Dates and times as shop systems write them, in the order and language of their locale."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import pandas as pd

DateOrder = Literal["dmy", "mdy", "ymd"]

_CLOCK = (
    r"(?:[,T ]*\s*(?:um|at|à|alle|a las|às|kl\.?)?\s*"
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[aApP]\.?\s?[mM]\.?|午前|午後|上午|下午)?)?"
)
_ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|(?:UTC|GMT)[+-]\d{1,2}(?::?\d{2})?|[A-Z]{3,5})?"
_NUMERIC = re.compile(
    r"(?P<first>\d{1,4})\s*[./\-年]\s*(?P<second_part>\d{1,2})\s*[./\-月]\s*(?P<third>\d{1,4})日?\.?"
    + _CLOCK
    + _ZONE
    + "$"
)
_NAMED = re.compile(
    r"(?:[^\W\d]+\.?,\s*)?"
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th|er|º)?\.?[ \-](?:de )?(?P<month>[^\W\d]+)\.?,?[ \-](?:de )?"
    r"|(?P<month_first>[^\W\d]+)\.?[ ](?P<day_second>\d{1,2})(?:st|nd|rd|th)?,?[ ])"
    r"(?P<year>\d{4})" + _CLOCK + _ZONE + "$"
)
# Of the years 2001 to 2099.
_DAY_NUMBER = re.compile(r"(?:3[7-9]|[4-6]\d|7[0-2])\d{3}(?:[.,]\d+)?$")
# Zones that exports name by letters, in hours east of Greenwich.
_LETTERS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2,
    "MESZ": 2, "EET": 2, "EEST": 3, "JST": 9, "PST": -8, "PDT": -7, "MST": -7, "MDT": -6,
    "CST": -6, "CDT": -5, "EST": -5, "EDT": -4, "AEST": 10, "AEDT": 11,
}  # fmt: skip
_MONTHS = (
    (
        "january januar janvier enero gennaio januari janeiro stycznia styczeń leden ledna "
        "ocak январь января tammikuu január"
    ),
    (
        "february februar février febrero febbraio februari fevereiro lutego luty únor února "
        "şubat февраль февраля helmikuu február"
    ),
    ("march märz mars marzo maart março marca marzec březen března mart март марта maaliskuu"),
    "april avril abril aprile kwietnia kwiecień duben dubna nisan апрель апреля huhtikuu",
    "may mai mayo maggio mei maj maio maja květen května mayıs май мая toukokuu",
    ("june juni juin junio giugno junho czerwca czerwiec červen června haziran июнь июня kesäkuu"),
    (
        "july juli juillet julio luglio julho lipca lipiec červenec července temmuz июль июля "
        "heinäkuu"
    ),
    (
        "august août agosto augustus augusti sierpnia sierpień srpen srpna ağustos август "
        "августа elokuu"
    ),
    (
        "september septembre septiembre settembre setembro września wrzesień září eylül "
        "сентябрь сентября syyskuu"
    ),
    (
        "october oktober octobre octubre ottobre outubro października październik říjen října "
        "ekim октябрь октября lokakuu"
    ),
    ("november novembre noviembre novembro listopada listopad kasım ноябрь ноября marraskuu"),
    (
        "december dezember décembre diciembre dicembre dezembro grudnia grudzień prosinec "
        "prosince aralık декабрь декабря joulukuu"
    ),
)


def date_order(texts: Iterable[str]) -> DateOrder | None:
    """The order of day, month and year that the dates of one column prove; None when none does.

    A year in front is proof in itself. `25/12/2024` proves the day in front, `12/25/2024` the
    month; points between the parts too (`01.02.2024` is written with the day in front everywhere).
    """
    shown: set[DateOrder] = set()
    for text in texts:
        found = _NUMERIC.match(text.strip())
        if found is None:
            continue
        first, second = found["first"], int(found["second_part"])
        if len(first) == 4:
            continue
        if int(first) > 12 or text.strip()[len(first)] == ".":
            shown.add("dmy")
        elif second > 12:
            shown.add("mdy")
    return shown.pop() if len(shown) == 1 else None


def canonical_time(text: str, order: DateOrder | None, zone: str) -> str | None:
    """The time as `2024-01-31T18:00:00Z`; None when it cannot be read without guessing.

    text: a date or a time as written. order: the column's order of day, month and year.
    zone: IANA name of the zone of a time that names none.
    """
    plain = " ".join(text.replace("\u202f", " ").replace("\u00a0", " ").split())
    moment = _moment_of(plain, order)
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def canonical_date(text: str, order: DateOrder | None) -> str | None:
    """The day as `2024-01-31`, as the text says it; None when it cannot be read without guessing.

    text: a date or a time as written. order: the column's order of day, month and year.
    """
    plain = " ".join(text.replace("\u202f", " ").replace("\u00a0", " ").split())
    moment = _moment_of(plain, order)
    return None if moment is None else moment.date().isoformat()


def _moment_of(text: str, order: DateOrder | None) -> datetime | None:
    return _iso(text) or _numeric(text, order) or _named(text) or _day_number(text)


def _day_number(text: str) -> datetime | None:
    """A spreadsheet's days since 1899-12-30, as they stand where a cell is not shown as a date."""
    if not _DAY_NUMBER.match(text):
        return None
    since = pd.Timedelta(days=float(text.replace(",", "."))).round("s")
    return (pd.Timestamp("1899-12-30") + since).to_pydatetime()


def _iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-?\d\d", text):
        return None
    # "2024-05-01 10:22:33 +0200" and "... UTC", as Ruby and Python print them
    joined = re.sub(r"\s+(UTC|GMT)$", "Z", text)
    joined = re.sub(r"\s+([+-]\d{2}:?\d{2})$", r"\1", joined)
    try:
        return datetime.fromisoformat(joined)
    except ValueError:
        return None


def _numeric(text: str, order: DateOrder | None) -> datetime | None:
    found = _NUMERIC.match(text)
    if found is None:
        return None
    parts = [found["first"], found["second_part"], found["third"]]
    if len(parts[0]) == 4 or order == "ymd":
        year, month, day = parts
    else:
        if order is None:
            order = date_order([text])
        if order is None and parts[0] == parts[1]:
            order = "dmy"  # 05/05/2024 reads the same both ways
        if order is None:
            return None
        day, month = parts[:2] if order == "dmy" else (parts[1], parts[0])
        year = parts[2]
    if len(year) == 2:
        year = f"20{year}"
    return _moment(int(year), int(month), int(day), found)


def _named(text: str) -> datetime | None:
    found = _NAMED.match(text)
    if found is None:
        return None
    month = _month(found["month"] or found["month_first"])
    if month is None:
        return None
    return _moment(int(found["year"]), month, int(found["day"] or found["day_second"]), found)


def _moment(year: int, month: int, day: int, found: "re.Match[str]") -> datetime | None:
    hour, half = int(found["hour"] or 0), (found["half"] or "").lower().replace(".", "")
    if half:
        late = half.startswith("p") or half in {"午後", "下午"}
        hour = hour % 12 + (12 if late else 0)
    try:
        moment = pd.Timestamp(
            year=year,
            month=month,
            day=day,
            hour=hour,
            minute=int(found["minute"] or 0),
            second=int(found["second"] or 0),
        ).to_pydatetime()
    except ValueError:
        return None
    name = found["zone"]
    if not name or found["hour"] is None:
        return moment
    zone = _zone(name)
    return None if zone is None else moment.replace(tzinfo=zone)


def _zone(name: str) -> timezone | None:
    digits = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", name)
    if digits:
        span = timedelta(hours=int(digits[2]), minutes=int(digits[3] or 0))
        return timezone(span if digits[1] == "+" else -span)
    return timezone(timedelta(hours=_LETTERS[name])) if name in _LETTERS else None


def _month(name: str) -> int | None:
    known = _month_names()
    lower = name.lower()
    if lower in known:
        return known[lower]
    starts = {
        number for full, number in known.items() if len(lower) >= 3 and full.startswith(lower)
    }
    return starts.pop() if len(starts) == 1 else None


@cache
def _month_names() -> dict[str, int]:
    return {name: place for place, names in enumerate(_MONTHS, 1) for name in names.split()}
