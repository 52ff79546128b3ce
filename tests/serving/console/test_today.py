"""Today: what waits is told with the way to it; an API error is a sentence with a way to try again.

Reads the sample merchant (merchant: Settings), so it runs beside the other files that do.
"""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_what_waits_leads_to_where_it_is_decided(enter, server):
    person = enter("root")
    person.open("/today")
    for title in ("Orders to decide", "Payments to review", "Models in use", "Data"):
        expect(person.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    person.page.get_by_role("link", name="Queue").click()
    expect(person.page).to_have_url(re.compile("/console/fraud"))


def test_an_api_error_is_a_sentence(enter):
    person = enter("anna")
    person.open("/forecasts?warehouse_id=DE1&product_id=no-such-product")
    alert = person.page.get_by_role("alert")
    expect(alert).to_contain_text("no-such-product")
    expect(alert).not_to_contain_text("Traceback")
    expect(person.page.get_by_role("button", name="Try again")).to_be_visible()
