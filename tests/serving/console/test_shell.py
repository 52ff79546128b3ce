"""Signing in and out, scopes, languages, themes, keys; sessions that end, servers that restart."""

import re
import time

import httpx
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_slash_leads_to_the_console_and_the_console_to_the_sign_in(enter, server):
    person = enter("anna", signed_in=False)
    person.page.goto(f"{server.url}/")
    expect(person.page).to_have_url(re.compile(r"/console/sign-in\?next=%2Ftoday$"))
    expect(person.page.get_by_label("Your key")).to_be_focused()


def test_a_wrong_key_is_told_and_the_right_one_leads_back_to_the_link(enter, server):
    person = enter("anna", signed_in=False)
    person.page.goto(f"{server.url}/console/orders?urgency=week&ordered=true")
    person.page.get_by_label("Your key").fill("argosy_wrong")
    person.page.get_by_role("button", name="Sign in").click()
    expect(person.page.get_by_role("alert")).to_have_text("This key is not known here.")
    person.page.get_by_label("Your key").fill(server.keys["anna"])
    person.page.get_by_role("button", name="Sign in").click()
    expect(person.page).to_have_url(re.compile(r"/console/orders\?urgency=week&ordered=true$"))


def test_the_key_never_reaches_the_browser(enter, server):
    person = enter("anna")
    person.open("/today")
    cookie = next(c for c in person.context.cookies() if c["name"] == "argosy_session")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert server.keys["anna"] not in cookie["value"]
    assert server.keys["anna"] not in person.page.content()
    assert "argosy_session" not in person.page.evaluate("document.cookie")


def test_another_site_must_not_ask(server):
    headers = {"Origin": "https://evil.example"}
    for path in ("/console/sign-in", "/console/sign-out", "/console/rows/lines"):
        assert httpx.post(f"{server.url}{path}", headers=headers).status_code == 403
    assert httpx.get(f"{server.url}/console/rows/lines").status_code == 401


def test_the_menu_shows_what_the_key_may_do(enter):
    person = enter("carl")
    person.open("/today")
    menu = person.page.get_by_role("navigation", name="Pages")
    expect(menu.get_by_role("link", name="Payments")).to_be_visible()
    expect(menu.get_by_role("link", name="Orders")).to_have_count(0)
    person.open("/orders")
    expect(person.page.get_by_role("alert")).to_contain_text("It needs the scope plan; carl has")


def test_signing_out_ends_the_session_on_the_server(enter, server):
    person = enter("anna")
    person.open("/today")
    cookies = {c["name"]: c["value"] for c in person.context.cookies()}
    person.click("Sign out")
    expect(person.page.get_by_label("Your key")).to_be_visible()
    answer = httpx.get(f"{server.url}/console/rows/lines", cookies=cookies)
    assert answer.status_code == 401


def test_chinese_is_remembered(enter):
    person = enter("anna")
    person.open("/today")
    person.click("Language")
    person.page.get_by_text("简体中文").click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("今天")
    person.open("/orders")
    expect(person.page.get_by_role("heading", level=1)).to_have_text("订货")
    assert person.page.evaluate("document.documentElement.lang") == "zh-CN"


def test_the_browser_chooses_language_and_numbers(enter):
    person = enter("anna", locale="de-DE")
    person.open("/orders")
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Orders")
    person.rows()
    expect(person.page.locator('.ag-cell[col-id="order_value"]').first).to_contain_text(",")


def test_light_and_dark(enter):
    person = enter("anna", color_scheme="light")
    body = person.page.locator("body")
    person.open("/data")
    person.click("Theme: automatic")
    person.click("Theme: light")
    person.page.get_by_role("button", name="Theme: dark").wait_for()
    expect(body).to_have_class(re.compile("body--dark"))
    person.open("/orders")
    expect(body).to_have_class(re.compile("body--dark"))


def test_the_keys_are_told(enter):
    person = enter("anna")
    person.open("/orders")
    person.press("?")
    dialog = person.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Approve the selected lines")
    person.page.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    person.press("/")
    expect(person.page.locator("input:focus")).to_have_attribute("aria-label", "Search product")


def test_a_session_that_ended_asks_to_sign_in_and_comes_back(enter, server):
    person = enter("anna")
    person.open("/orders?ordered=true")
    person.rows()
    person.context.clear_cookies(name="argosy_session")
    person.open("/orders?state=draft")
    expect(person.page.get_by_label("Your key")).to_be_visible()
    person.page.get_by_label("Your key").fill(server.keys["anna"])
    person.page.get_by_role("button", name="Sign in").click()
    expect(person.page).to_have_url(re.compile(r"/console/orders\?state=draft$"))


def test_a_key_that_is_dropped_signs_out_in_the_middle(enter, server, console_home):
    from data.records import open_records
    from data.settings import Settings
    from serving.http.auth import create_key

    records = open_records(Settings(home=console_home))
    server.keys["short"] = create_key(records, "short", ("plan", "approve"))
    time.sleep(1.1)  # keys are read once a second at most
    person = enter("short")
    person.open("/orders")
    person.rows()
    records.drop_key("short")
    records.close()
    person.page.wait_for_timeout(7000)  # other workers follow within reload_seconds
    person.page.get_by_label("Search product").fill("milk")
    expect(person.page.get_by_label("Your key")).to_be_visible()
