"""The planner's list: find, change, approve, dismiss, take back; alone and with a colleague."""

import re
import time

import pytest
from playwright.sync_api import expect

from serving.console.replenishment.worklist import cost_at

LINES = "/v1/replenishment/lines"


def drafts(server, **query):
    found = server.ask("root", "GET", LINES, ordered=True, state="draft", limit=200, **query)
    return found["data"]


def state_of(server, line_id):
    found = server.ask("root", "GET", f"/v1/replenishment/suggestions/{line_id}")
    return found["data"]["state"]


def cell(person, line_id, column):
    return person.page.locator(f'.ag-row[row-id="{line_id}"] [col-id="{column}"]').first


def find(person, line):
    """Search for a line's product, until the list holds what was found."""
    query = {"ordered": True, "text": line["product_id"]}
    total = person.server.ask("root", "GET", LINES, **query)["total"]
    person.page.get_by_label("Search product").fill(line["product_id"])
    status = person.page.get_by_role("status").filter(has_text=re.compile(rf"^{total} lines"))
    expect(status).to_be_visible()


def select(person, line):
    """Find a line by its product and select it with the keyboard."""
    find(person, line)
    cell(person, line["id"], "title").click()
    person.press("Space")


def test_cost_at_lies_between_the_points():
    curve = [{"quantity": 0, "total": 10.0}, {"quantity": 10, "total": 20.0}]
    assert cost_at(curve, 5) == 15.0
    assert cost_at(curve, 11) is None
    assert cost_at([{"quantity": 0, "total": None}, {"quantity": 2, "total": 3.0}], 1) is None


@pytest.mark.slow
class TestWorklist:
    def test_the_list_shows_titles_and_money(self, enter):
        person = enter("anna")
        person.open("/orders")
        assert person.rows() > 5
        expect(person.page.get_by_role("status").filter(has_text="lines")).to_be_visible()
        expect(person.page.locator('.ag-cell[col-id="order_value"]').first).to_contain_text("€")

    def test_filters_stand_in_the_address_and_a_link_opens_them(self, enter, server):
        person = enter("anna")
        person.open("/orders")
        person.rows()
        person.page.get_by_role("combobox", name="Warehouse", exact=True).click()
        person.page.get_by_role("option", name=re.compile("^GB1")).click()
        expect(person.page).to_have_url(re.compile("warehouse_id=GB1"))
        count = server.ask("anna", "GET", LINES, ordered=True, warehouse_id="GB1")["total"]
        text = f"{count:,} lines"
        expect(person.page.get_by_role("status").filter(has_text=text)).to_be_visible()
        colleague = enter("bela")
        colleague.page.goto(person.page.url)
        expect(colleague.page.get_by_role("status").filter(has_text=text)).to_be_visible()

    def test_search_finds_a_product_by_its_title(self, enter, server):
        line = drafts(server)[0]
        person = enter("anna")
        person.open("/orders")
        person.rows()
        person.press("/")
        person.page.keyboard.type(line["title"][:12])
        expect(cell(person, line["id"], "title")).to_be_visible()

    def test_sorting_by_value(self, enter, server):
        person = enter("anna")
        person.open("/orders")
        person.rows()
        header = person.page.locator('.ag-header-cell[col-id="order_value"]')
        header.click()
        header.click()
        found = server.ask("anna", "GET", LINES, ordered=True, sort="-order_value", limit=1)
        top = found["data"][0]
        first = person.page.locator('.ag-row[row-index="0"]').first
        expect(first).to_have_attribute("row-id", top["id"])

    def test_approve_by_keys_and_undo(self, enter, server):
        line = drafts(server)[1]
        person = enter("anna")
        person.open("/orders")
        person.rows()
        select(person, line)
        person.press("a")
        person.told("1 approved")
        assert state_of(server, line["id"]) == "approved"
        expect(cell(person, line["id"], "state")).to_have_text("Approved")
        person.press("u")
        person.told("1 open again")
        assert state_of(server, line["id"]) == "draft"

    def test_dismiss_needs_a_reason(self, enter, server):
        line = drafts(server)[2]
        person = enter("anna")
        person.open("/orders")
        person.rows()
        select(person, line)
        person.press("d")
        person.page.get_by_role("dialog").get_by_role("button", name="Enough stock").click()
        person.told("1 dismissed")
        trail = server.ask("anna", "GET", f"/v1/replenishment/suggestions/{line['id']}")["trail"]
        assert (trail[0]["actor"], trail[0]["reason"]) == ("anna", "Enough stock")

    def test_a_quantity_is_changed_in_place_and_its_cost_told(self, enter, server):
        line = drafts(server)[3]
        person = enter("anna")
        person.open("/orders")
        person.rows()
        find(person, line)
        cell(person, line["id"], "order_quantity").click()
        person.page.keyboard.type(f"{line['order_quantity'] * 2:g}")
        person.press("Enter")
        person.told("expected cost")
        found = server.ask("anna", "GET", f"/v1/replenishment/suggestions/{line['id']}")["data"]
        assert found["state"] == "changed"
        assert found["approved_quantity"] == line["order_quantity"] * 2

    def test_an_impossible_quantity_is_refused_in_a_sentence(self, enter, server):
        line = drafts(server)[4]
        person = enter("anna")
        person.open("/orders")
        person.rows()
        find(person, line)
        cell(person, line["id"], "order_quantity").click()
        person.page.keyboard.type("many")
        person.press("Enter")
        person.told("A quantity is a number above 0")
        assert state_of(server, line["id"]) == "draft"

    def test_nothing_fits(self, enter):
        person = enter("anna")
        person.open("/orders?text=no+such+product")
        expect(person.page.get_by_text("Nothing fits these filters.")).to_be_visible()
        expect(person.page.get_by_role("status").filter(has_text="0 lines")).to_be_visible()

    def test_a_view_is_saved_and_opened(self, enter):
        person = enter("anna")
        person.open("/orders?ordered=true&abc=A")
        person.rows()
        person.click("Saved views")
        person.page.get_by_text("Save this view…").click()
        person.page.get_by_label("Name", exact=True).fill("Big sellers")
        person.page.get_by_role("button", name="Save", exact=True).click()
        person.told("Saved: Big sellers")
        person.open("/orders")
        person.rows()
        person.click("Saved views")
        person.page.get_by_text("Big sellers", exact=True).last.click()
        expect(person.page).to_have_url(re.compile("abc=A"))

    def test_the_list_is_downloaded_as_it_is_filtered(self, enter):
        person = enter("anna")
        person.open("/orders?ordered=true&abc=A")
        person.rows()
        with person.page.expect_download() as download:
            person.click("CSV")
        text = download.value.path().read_text()
        assert text.splitlines()[0].startswith("warehouse_id") or "order_quantity" in text
        assert download.value.suggested_filename == "argosy-lines.csv"

    def test_two_planners_never_lose_or_double_a_decision(self, enter, server):
        line, other = drafts(server)[5:7]
        first, second = enter("anna"), enter("bela")
        for person in (first, second):
            person.open("/orders")
            person.rows()
            select(person, line)
        first.press("a")
        first.told("1 approved")
        second.press("a")
        second.told("1 approved")
        select(second, other)
        second.press("a")
        second.told("1 approved")
        found = server.ask("anna", "GET", f"/v1/replenishment/suggestions/{line['id']}")
        assert found["data"]["state"] == "approved"
        steps = [step["actor"] for step in found["trail"] if step["after"] == "approved"]
        assert steps == ["anna"]
        assert state_of(server, other["id"]) == "approved"

    def test_without_the_scope_nothing_can_be_approved(self, enter, server, console_home):
        from data.records import open_records
        from data.settings import Settings
        from serving.http.auth import create_key

        records = open_records(Settings(home=console_home))
        server.keys["reader"] = create_key(records, "reader", ("plan",))
        time.sleep(1.1)  # keys are read once a second at most
        records.close()
        person = enter("reader")
        person.open("/orders")
        person.rows()
        expect(person.page.get_by_role("button", name="Approve")).to_be_disabled()

    def test_a_planners_morning_takes_25_actions_at_most(self, enter, server):
        """Open, filter, change five, approve forty, order from three suppliers."""
        person = enter("anna")
        person.open("/orders?ordered=true&state=draft")
        person.actions = 1
        person.rows()
        person.page.get_by_role("combobox", name="Decide", exact=True).click()
        soon = re.compile("^(This week|Later|Today|Overdue)")
        person.page.get_by_role("option", name=soon).first.click()
        person.actions += 2
        person.page.wait_for_timeout(800)
        person.rows()
        lines = drafts(server)
        changed = 0
        for row in range(5):
            found = person.page.locator(f'.ag-row[row-index="{row}"]').first
            line_id = found.get_attribute("row-id")
            line = next(each for each in lines if each["id"] == line_id)
            cell(person, line_id, "order_quantity").click()
            person.page.keyboard.type(f"{line['order_quantity'] * 2:g}")
            person.page.keyboard.press("Enter")
            person.actions += 2  # choose the cell, type the number with its Enter
            gone = person.page.locator(f'.ag-row[row-id="{line_id}"]')
            expect(gone).to_have_count(0)  # it is no draft any more
            changed += 1
        person.click("Select first 40")
        person.press("a")
        person.told("approved")
        person.page.get_by_role("link", name="Purchase orders").click()
        person.actions += 1
        person.settled()
        panel = person.page.locator("section.panel")
        made = panel.filter(has_text="Orders made here").locator("tbody tr")
        before = made.count()
        for number in range(1, 4):
            person.page.get_by_role("button", name=re.compile("^Order S|^Order .* →")).first.click()
            person.actions += 1
            expect(made).to_have_count(before + number)
        assert changed == 5
        assert person.actions <= 25, person.actions
        assert len(server.ask("anna", "GET", "/v1/replenishment/orders")["data"]) >= 3
