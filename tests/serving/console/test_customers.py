"""Customers: found by a part of the id, one page of all that is known, segments."""

import json

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_a_customer_is_found_and_exported(enter):
    person = enter("root")
    person.open("/customers")
    person.page.get_by_label("Search customer").fill("c00217")
    person.page.get_by_role("link", name="c00217").click()
    expect(person.page.get_by_role("heading", name="What c00217 is worth")).to_be_visible()
    expect(person.page.get_by_role("heading", name="What the shop shows")).to_be_visible()
    with person.page.expect_download() as download:
        person.click("Export")
    assert "c00217" in json.dumps(json.loads(download.value.path().read_text()))


def test_a_customer_who_is_not_known_is_told(enter):
    person = enter("root")
    person.open("/customers/one?id=nobody-of-this-name")
    expect(person.page.get_by_text("Not known here.")).to_be_visible()


def test_segments_are_counted(enter):
    person = enter("root")
    person.open("/customers/segments")
    expect(person.page.locator("table.plain tbody tr").first).to_be_visible()
