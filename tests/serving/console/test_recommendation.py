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


def test_an_experiment_is_read_and_rolled_out(enter, server):
    arms = [{"name": "plain", "personal": False}, {"name": "mixed", "diversity": 0.4}]
    asked = {"experiment_id": "journey-arms", "placement": "journey-arms", "arms": arms}
    server.ask("root", "POST", "/v1/experiments", asked)
    for number in range(20):
        question = {"visitor_id": f"journey-{number}", "placement": "journey-arms"}
        server.ask("root", "POST", "/v1/recommendations", question)
    person = enter("root")
    person.open("/storefront/experiments")
    expect(person.page.get_by_text("People are divided as planned")).to_be_visible()
    expect(person.page.get_by_role("columnheader", name="Revenue a person")).to_be_visible()
    expect(person.page.get_by_role("columnheader", name="At any look")).to_be_visible()
    expect(person.page.get_by_text("Not told apart yet").first).to_be_visible()
    person.click("Roll out mixed…")
    person.page.get_by_role("button", name="Roll out", exact=True).click()
    person.told("Rolled out: mixed")
    kept = server.ask("root", "GET", "/v1/placements")["data"]
    assert [e["arm"]["name"] for e in kept if e["placement"] == "journey-arms"] == ["mixed"]
