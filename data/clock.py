"""Which moments a fact may have: not ahead of the wall clock, not before anybody kept books."""

from datetime import UTC, datetime, timedelta

# Two clocks differ by so much at most; what lies further ahead is a wrong clock or a wrong zone.
CLOCK_TOLERANCE = timedelta(minutes=10)
EARLIEST_FACT = datetime(1900, 1, 1, tzinfo=UTC)


def latest_fact(now: datetime) -> datetime:
    """The latest moment that a fact may have when the wall clock says `now` (with a zone)."""
    return now + CLOCK_TOLERANCE


def time_fault(moment: datetime, now: datetime) -> str | None:
    """What is wrong with the moment of a fact, in words with a remedy; None when nothing is.

    moment: with or without a zone. now: the wall clock, with a zone.

    >>> time_fault(datetime(2099, 1, 1, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC))
    'lies in the future; correct it, is it really UTC?'
    """
    if moment.tzinfo is None:
        return "has no time zone; append Z for UTC"
    if moment > latest_fact(now):
        return "lies in the future; correct it, is it really UTC?"
    if moment < EARLIEST_FACT:
        return "lies before 1900; correct it"
    return None
