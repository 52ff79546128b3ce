"""Velocity, defined once: which key, which aggregate, which window; a batch and an online driver.

The meaning, the same for `velocity` here and for `features.counters` online:

* A stream is a sequence of events in order of arrival. A payment is an event; so is a fraud report
  and a decline that became known later. A value of a payment is an aggregate over the events that
  arrived before it and share its key. The payment itself is never in it. Ties in time are in the
  order of arrival.
* A key's clock never goes back: an event older than the key's newest counts at the newest's time.
* A window is a number of whole buckets of a fixed length, the current one included: "1h" is twelve
  buckets of five minutes, so between 55 and 60 minutes. This bounds what a hot key can cost, and
  both drivers count the same buckets, so their answers are equal to the last digit.
* "ever" is since the key was first seen. A key without an event for IDLE_DAYS is forgotten.
* Distinct partners are counted up to the key's `most` (PARTNER_CAP), the most recently seen ones.
* A streak counts the payments and the money of a value since the last event that ended it; that
  event itself is the last of the streak before.
* Money is counted in whole hundredths of the base currency, times in whole milliseconds.
* A payment that lacks a key column has no values for that key; never-seen times are missing.
"""

from features.windows.batch import velocity
from features.windows.plan import (
    IDLE_DAYS,
    IDLE_MS,
    MEASURES,
    MISSING,
    PARTNER_CAP,
    WINDOWS,
    Aggregate,
    Key,
    Streak,
    TimeWindow,
    Velocity,
    VelocityPlan,
)
from features.windows.state import (
    State,
    VelocityEvent,
    advance,
    after_streak,
    digest,
    fresh,
    states,
)

__all__ = [
    "IDLE_DAYS",
    "IDLE_MS",
    "MEASURES",
    "MISSING",
    "PARTNER_CAP",
    "WINDOWS",
    "Aggregate",
    "Key",
    "State",
    "Streak",
    "TimeWindow",
    "Velocity",
    "VelocityEvent",
    "VelocityPlan",
    "advance",
    "after_streak",
    "digest",
    "fresh",
    "states",
    "velocity",
]
