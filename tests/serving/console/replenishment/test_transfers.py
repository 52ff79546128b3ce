"""Transfers on screen: approved, ordered, cancelled; others put off and opened again."""

import pytest
from playwright.sync_api import expect

from tests.serving.console.conftest import Server, free_port, warm

ROOT = "/v1/replenishment"
# On the small sample nothing is worth moving at the usual cost.
CHEAP = {"ARGOSY_TRANSFER_COST": "0", "ARGOSY_TRANSFER_LEAST_GAIN": "0.01"}


@pytest.fixture(scope="module")
def cheap(console_home, keys):
    """A server beside the other one, where moving costs next to nothing."""
    made = Server(console_home, free_port(), keys, ["serve"], CHEAP)
    made.start()
    warm(made)
    yield made
    made.stop()


@pytest.mark.slow
def test_a_transfer_is_approved_ordered_and_cancelled_on_screen(enter, cheap):
    moves = cheap.ask("anna", "GET", f"{ROOT}/transfers")["data"]
    cheap.ask("anna", "POST", f"{ROOT}/transfers:approve", {"items": [{"id": moves[0]["id"]}]})
    person = enter("anna", at=cheap)
    person.open("/orders/transfers")
    expect(person.page.get_by_text("Approved", exact=True).first).to_be_visible()
    person.click("Order the approved transfers")
    person.told("Transfer orders made: 1.")
    (order,) = cheap.ask("anna", "GET", f"{ROOT}/transfer-orders")["data"]
    person.open(f"/orders/transfers?order={order['transfer_id']}")
    person.click("Cancel what has not come")
    person.click("A mistake")
    person.told("Cancelled: it is on order no more.")


@pytest.mark.slow
def test_what_is_put_off_is_opened_again_on_screen(enter, cheap):
    move = cheap.ask("anna", "GET", f"{ROOT}/transfers")["data"][-1]
    body = {"items": [{"id": move["id"], "reason": "no truck"}], "until": "2099-01-01"}
    assert cheap.ask("anna", "POST", f"{ROOT}/transfers:dismiss", body)["changed"] == 1
    person = enter("anna", at=cheap)
    person.open("/orders/transfers")
    expect(person.page.get_by_text("no truck")).to_be_visible()
    person.click("Open again")
    person.told("The next plan may suggest it again.")
    assert cheap.ask("anna", "GET", f"{ROOT}/transfers/put-off")["data"] == []
