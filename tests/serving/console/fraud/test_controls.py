"""Lists and rules: an entry comes and goes; a rule is saved only after it was tried."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_an_entry_is_put_on_a_list_and_taken_off(enter, server):
    person = enter("carl")
    person.open("/fraud/lists")
    person.page.get_by_label("Value", exact=True).fill("card-on-the-list")
    person.page.get_by_label("Reason", exact=True).fill("seen in a ring")
    person.click("Add")
    person.told("On the list: card-on-the-list")
    kept = server.ask("carl", "GET", "/v1/fraud/lists")["data"]
    assert ("card-on-the-list", "carl") in [(each["value"], each["author"]) for each in kept]
    person.click("Remove card-on-the-list")
    person.told("Off the list: card-on-the-list")


def test_a_rule_is_tried_before_it_is_saved(enter, server):
    person = enter("carl")
    person.open("/fraud/rules")
    save = person.page.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    person.page.get_by_label("Name", exact=True).fill("large_abroad")
    person.page.get_by_role("textbox", name="What it means").fill("large, and sent abroad")
    person.page.wait_for_timeout(500)
    person.click("Try on 90 days")
    expect(person.page.get_by_text("Frauds caught")).to_be_visible()
    expect(save).to_be_enabled()
    save.click()
    person.told("The rule large_abroad is in use")
    rules = server.ask("carl", "GET", "/v1/fraud/rules")["data"]
    assert "large_abroad" in [rule["name"] for rule in rules]


def test_a_rule_is_snoozed_for_one_customer_and_woken(enter, server):
    person = enter("carl")
    person.open("/fraud/rules")
    person.page.get_by_label("Customer", exact=True).fill("c-known")
    person.page.get_by_label("Why", exact=True).fill("travels for work")
    person.click("Snooze the rule")
    person.told("Snoozed:")
    (kept,) = server.ask("carl", "GET", "/v1/fraud/rules/snoozes")["data"]
    assert (kept["customer_id"], kept["author"]) == ("c-known", "carl")
    person.click(f"Wake {kept['rule']} for c-known")
    person.told("It holds again:")
    assert server.ask("carl", "GET", "/v1/fraud/rules/snoozes")["data"] == []
