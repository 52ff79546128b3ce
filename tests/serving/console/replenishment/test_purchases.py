"""Purchase orders on screen: what has not come of one is cancelled, with a reason."""

import pytest
from playwright.sync_api import expect

ROOT = "/v1/replenishment"


@pytest.mark.slow
def test_an_order_is_cancelled_with_a_reason(enter, server):
    query = {"ordered": True, "state": "draft", "limit": 200}
    line = server.ask("anna", "GET", f"{ROOT}/lines", **query)["data"][-1]
    server.ask("anna", "POST", f"{ROOT}/suggestions:approve", {"items": [{"id": line["id"]}]})
    made = {"warehouse_id": line["warehouse_id"], "supplier_id": line["supplier_id"]}
    order = server.ask("anna", "POST", f"{ROOT}/orders:export", made)["data"][0]
    person = enter("anna")
    person.open(f"/orders/purchases?po={order['po_id']}")
    person.click("Cancel what has not come")
    person.click("A mistake")
    person.told("Cancelled: it is on order no more.")
    expect(person.page.get_by_role("button", name="Cancel what has not come")).to_have_count(0)
    (found,) = server.ask("anna", "GET", f"{ROOT}/orders/{order['po_id']}")["data"]
    assert {each["state"] for each in found["lines"]} == {"cancelled"}


@pytest.mark.slow
def test_orders_are_chosen_by_their_state(enter, server):
    query = {"ordered": True, "state": "draft", "limit": 200}
    line = server.ask("anna", "GET", f"{ROOT}/lines", **query)["data"][0]
    server.ask("anna", "POST", f"{ROOT}/suggestions:approve", {"items": [{"id": line["id"]}]})
    made = {"warehouse_id": line["warehouse_id"], "supplier_id": line["supplier_id"]}
    po_id = server.ask("anna", "POST", f"{ROOT}/orders:export", made)["data"][0]["po_id"]
    page = enter("anna").open("/orders/purchases?state=none-such")
    link = page.get_by_role("link", name=po_id)
    expect(link).to_be_visible()
    for state, count in (("Received", 0), ("Ordered", 1)):
        page.get_by_role("combobox", name="State").click()
        page.get_by_role("option", name=state, exact=True).click()
        page.wait_for_url(f"**state={'received' if state == 'Received' else 'exported'}")
        expect(link).to_have_count(count)
