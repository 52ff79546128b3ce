"""Data: tables with their freshness, the doctor's checks, the settings in use."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_tables_are_told_with_their_rows(enter, server):
    known = server.ask("root", "GET", "/v1/data/tables")["data"]
    orders = next(each for each in known if each["table"] == "orders")
    person = enter("root")
    person.open("/data")
    row = person.page.get_by_role("row").filter(has=person.page.get_by_role("cell", name="orders"))
    expect(row.first).to_contain_text(f"{orders['rows']:,}")


def test_settings_tell_no_password(enter):
    person = enter("root")
    person.open("/data/settings")
    expect(person.page.get_by_text("ARGOSY_HOME", exact=True)).to_be_visible()


def test_who_is_no_admin_sees_tables_alone(enter):
    person = enter("anna")
    person.open("/data")
    expect(person.page.get_by_role("link", name="Tables", exact=True)).to_be_visible()
    expect(person.page.get_by_role("link", name="Quarantine")).to_have_count(0)
    person.open("/data/settings")
    expect(person.page.get_by_role("alert")).to_contain_text("It needs the scope admin; anna has")


def test_files_are_tried_and_then_taken_in(enter, tmp_path):
    links = tmp_path / "identities.csv"
    links.write_text("visitor_id,customer_id,linked_at\nv-new,c00208,2017-12-30T10:00:00Z\n")
    person = enter("root")
    person.open("/data/files")
    take = person.page.get_by_role("button", name="Take in")
    expect(take).to_be_disabled()
    person.page.locator("input[type=file]").set_input_files(str(links))
    expect(person.page.get_by_role("status").filter(has_text="identities.csv")).to_be_visible()
    person.page.get_by_role("button", name="Try").click()
    expect(person.page.get_by_text("What would go in")).to_be_visible()
    expect(person.page.get_by_role("cell", name="identities")).to_be_visible()
    take.click()
    expect(person.page.get_by_text("What went in")).to_be_visible()
    expect(person.page.get_by_text("Taken in.")).to_be_visible()


def test_a_file_that_cannot_be_read_is_told_with_the_remedy(enter, tmp_path):
    odd = tmp_path / "orders.csv"
    odd.write_text("order_id,line_no\no1,1\n")
    person = enter("root")
    person.open("/data/files")
    person.page.locator("input[type=file]").set_input_files(str(odd))
    expect(person.page.get_by_role("status").filter(has_text="orders.csv")).to_be_visible()
    person.page.get_by_role("button", name="Try").click()
    expect(person.page.get_by_role("alert")).to_contain_text("ordered_at")
    expect(person.page.get_by_role("button", name="Take in")).to_be_disabled()
