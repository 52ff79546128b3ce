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
