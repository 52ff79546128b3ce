"""Cursors: where a page of a plan ended; a new plan makes them worthless."""

import base64
import binascii

from decisions.replenishment.plan import Plan
from serving.http.errors import Fault, Problem


def cursor_at(start: int, plan: Plan) -> str:
    """Where the next page of this plan starts."""
    return base64.urlsafe_b64encode(f"{start} {plan.stamp}".encode()).decode()


def position(cursor: str, plan: Plan) -> int:
    """Where the page starts; Problem when the cursor is not ours or its plan is gone."""
    try:
        number, _, stamp = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        start = int(number)
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor("It is none of ours") from error
    if stamp != plan.stamp or start < 0:
        raise _bad_cursor("The plan has been made anew since")
    return start


def _bad_cursor(why: str) -> Problem:
    fault = Fault("/cursor", f"{why}; start again without it", place="query")
    return Problem(422, "invalid_cursor", f"cursor: {fault.message}.", fields=[fault])
