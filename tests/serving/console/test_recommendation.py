"""The storefront: what somebody would see and why; pins of a placement come and go."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_a_preview_tells_why_and_why_not(enter):
    person = enter("root")
    person.open("/storefront?customer_id=c00217&market=GB&why=no-such-product")
    expect(person.page.get_by_role("heading", name="What is shown")).to_be_visible()
    expect(person.page.get_by_role("heading", name="Why, or why not")).to_be_visible()
    expect(person.page.locator("table.plain").first.locator("tbody tr")).to_have_count(12)


def test_pins_are_saved_and_forgotten(enter, server):
    product = server.ask("root", "GET", "/v1/data/products", limit=1)["data"][0]["product_id"]
    person = enter("root")
    person.open("/storefront/placements")
    person.page.get_by_label("Placement", exact=True).fill("journey")
    person.page.get_by_label("Pins: product ids").fill(product)
    person.click("Save")
    person.told("Saved: journey")
    kept = server.ask("root", "GET", "/v1/placements")["data"]
    assert [product] in [each["pins"] for each in kept if each["placement"] == "journey"]
    person.click("Forget journey")
    person.told("Forgotten: journey")


def test_who_only_recommends_sees_the_preview_alone(enter):
    person = enter("eve")
    person.open("/storefront")
    expect(person.page.get_by_role("link", name="Preview")).to_be_visible()
    expect(person.page.get_by_role("link", name="Placements")).to_have_count(0)
