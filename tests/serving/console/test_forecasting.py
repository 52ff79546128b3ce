"""Forecast pages: down to a product, and a view of one's own above the model's."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def best_seller(server):
    lines = server.ask("root", "GET", "/v1/replenishment/lines", abc="A", limit=1)
    return lines["data"][0]


def test_an_override_is_saved_and_dropped(enter, server):
    line = best_seller(server)
    pair = f"warehouse_id={line['warehouse_id']}&product_id={line['product_id']}"
    person = enter("anna")
    person.open(f"/forecasts?{pair}")
    expect(person.page.get_by_role("img", name="Demand, what was corrected")).to_be_visible()
    person.page.get_by_label("Value", exact=True).fill("50")
    person.page.get_by_label("Reason", exact=True).fill("television spot")
    person.click("Save")
    person.told("Your view holds until")
    query = {"warehouse_id": line["warehouse_id"], "product_id": line["product_id"]}
    kept = server.ask("anna", "GET", "/v1/forecasts/overrides", **query)["data"]
    assert [(each["author"], each["quantity"]) for each in kept] == [("anna", 50.0)]
    person.page.get_by_role("button", name="Drop anna's").click()
    person.told("The model's forecast is back")


def test_an_override_without_a_reason_is_not_sent(enter, server):
    line = best_seller(server)
    pair = f"warehouse_id={line['warehouse_id']}&product_id={line['product_id']}"
    person = enter("anna")
    person.open(f"/forecasts?{pair}")
    person.page.get_by_label("Value", exact=True).fill("50")
    person.click("Save")
    person.told("Give a value and a reason")


def test_a_past_period_is_excluded_with_a_reason_and_the_correction_undone(enter, server):
    line = best_seller(server)
    pair = {"warehouse_id": line["warehouse_id"], "product_id": line["product_id"]}
    person = enter("anna")
    person.open(f"/forecasts?warehouse_id={pair['warehouse_id']}&product_id={pair['product_id']}")
    person.click("Correct a past period")
    dialog = person.page.get_by_role("dialog", name="Correct a past period")
    dialog.get_by_role("button", name="Save").click()
    person.told("Give a reason")
    expect(dialog).to_be_hidden()
    person.click("Correct a past period")
    dialog.get_by_label("Reason", exact=True).fill("a report on television")
    dialog.get_by_role("button", name="Save").click()
    person.told("The forecast reads the corrected history")
    kept = server.ask("anna", "GET", "/v1/forecasts/history-corrections", **pair)["data"]
    assert [(each["author"], each["action"]) for each in kept] == [("anna", "exclude")]
    person.page.get_by_role("button", name="Undo anna's of").click()
    person.told("The history is what it was")
    assert not server.ask("anna", "GET", "/v1/forecasts/history-corrections", **pair)["data"]


def test_a_predecessor_is_named_and_the_succession_undone(enter, server):
    line = best_seller(server)
    former, place = line["product_id"], line["warehouse_id"]
    others = server.ask("root", "GET", "/v1/replenishment/lines", warehouse_id=place, limit=50)
    product = next(each["product_id"] for each in others["data"] if each["product_id"] != former)
    person = enter("anna")
    person.open(f"/forecasts?warehouse_id={place}&product_id={product}")
    person.click("Name a predecessor")
    dialog = person.page.get_by_role("dialog", name="Name a predecessor")
    dialog.get_by_label("Product that it continues", exact=True).fill(former)
    dialog.get_by_label("Units for one of it", exact=True).fill("0.5")
    dialog.get_by_label("Reason", exact=True).fill("the new pack")
    dialog.get_by_role("button", name="Save").click()
    person.told("The forecast continues that product")
    expect(person.page.get_by_text(f"Continues {former} (× 0.5)")).to_be_visible()
    expect(person.page.get_by_text(f"Continues {former} since")).to_be_visible()
    person.open(f"/forecasts?warehouse_id={place}&product_id={former}")
    expect(person.page.get_by_text(f"Succeeded by {product} since")).to_be_visible()
    person.page.get_by_role("button", name="Undo anna's of").click()
    person.told("The history is what it was")
    assert not server.ask("anna", "GET", "/v1/forecasts/history-corrections")["data"]


def test_the_tree_leads_from_the_total_to_a_category(enter):
    person = enter("anna")
    person.open("/forecasts")
    person.page.get_by_role("combobox", name="Level", exact=True).click()
    person.page.get_by_role("option", name="Category").click()
    person.settled()
    expect(person.page).to_have_url(person.server.url + "/console/forecasts?level=category")
    expect(person.page.locator("table.plain tbody tr").nth(2)).to_be_visible()


def test_exceptions_name_their_products(enter, server):
    first = server.ask("root", "GET", "/v1/forecasts/exceptions", limit=1)["data"][0]
    products = server.ask("root", "GET", "/v1/data/products", ids=[first["product_id"]])["data"]
    person = enter("anna")
    person.open("/forecasts/exceptions")
    shown = person.page.locator('.ag-row[row-index="0"] [col-id="title"]')
    expect(shown).to_have_text(products[0]["title"])
