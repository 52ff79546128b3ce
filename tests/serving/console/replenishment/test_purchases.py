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
