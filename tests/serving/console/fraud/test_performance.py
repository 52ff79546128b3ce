"""How the decisions do: the limits of the card networks, and what a new policy would change."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_limits_are_shown_and_a_policy_of_few_outcomes_is_refused_in_a_sentence(enter):
    person = enter("carl")
    person.open("/fraud/performance")
    expect(person.page.get_by_text("Visa VAMP").first).to_be_visible()
    person.click("Solve the policy anew…")
    person.told("at least 200 needed")
    expect(person.page.get_by_role("button", name="Use the new one…")).to_have_count(0)
