"""One line in depth: its charts, its decision, its trail."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_a_line_tells_why_and_is_decided_there(enter, server):
    query = {"ordered": True, "state": "draft", "limit": 40}
    line = server.ask("root", "GET", "/v1/replenishment/lines", **query)["data"][-1]
    person = enter("anna")
    person.open(f"/orders/line?id={quote(line['id'], safe='')}")
    for chart in ("Stock ahead", "What other quantities cost", "How the units add up"):
        expect(person.page.get_by_role("img", name=chart)).to_be_visible()
    person.click("Approve")
    person.told("The line is now: Approved")
    expect(person.page.get_by_role("cell", name="anna")).to_be_visible()
    person.click("Open again")
    person.told("The line is now: Open")


def test_a_line_that_is_gone_is_told(enter):
    person = enter("anna")
    person.open("/orders/line?id=XX~nothing~S00")
    expect(person.page.get_by_text("This line is not in the plan.")).to_be_visible()
