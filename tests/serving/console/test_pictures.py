"""Every page opens, in light, dark, Chinese and a narrow window, and a picture of it is kept.

The pictures go to the folder ARGOSY_TEST_PICTURES, else to the test's own.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

PAGES = {
    "today": "Today",
    "orders": "Orders",
    "orders/what-if?budget=500": "What if",
    "orders/purchases": "Purchase orders",
    "forecasts": "Forecasts",
    "forecasts/exceptions": "Exceptions",
    "forecasts/overrides": "Overrides",
    "forecasts/value": "Value added",
    "fraud": "Payments",
    "fraud/lists": "Lists",
    "fraud/rules": "Rules",
    "fraud/performance": "Performance",
    "storefront": "Storefront",
    "storefront/placements": "Placements",
    "storefront/experiments": "Experiments",
    "customers": "Customers",
    "models": "Models",
    "data": "Data",
    "data/quarantine": "Quarantine",
    "data/checks": "Checks",
    "data/settings": "Settings",
}
NARROW = {"viewport": {"width": 420, "height": 860}}
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "chinese": {"locale": "zh-CN"},
    "narrow": NARROW,
}


def folder(tmp_path: Path) -> Path:
    made = Path(os.environ.get("ARGOSY_TEST_PICTURES", tmp_path))
    made.mkdir(parents=True, exist_ok=True)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_without_a_fault(enter, tmp_path, page):
    person = enter("root", color_scheme="light")
    person.open(f"/{page}")
    expect(person.page.get_by_role("heading", level=1)).to_have_text(PAGES[page])
    expect(person.page.locator(".failure")).to_have_count(0)
    person.page.wait_for_timeout(800)
    name = page.split("?")[0].replace("/", "-")
    person.page.screenshot(path=folder(tmp_path) / f"{name}-light.png")


@pytest.mark.slow
def test_the_picture_of_the_readme(enter, tmp_path):
    """The planner's list, as `docs/console.png` shows it."""
    person = enter("anna", color_scheme="light", viewport={"width": 1280, "height": 800})
    person.open("/orders")
    assert person.rows() > 10
    person.page.wait_for_timeout(800)
    picture = folder(tmp_path) / "console.png"
    person.page.screenshot(path=picture)
    assert picture.stat().st_size < 250_000


@pytest.mark.slow
@pytest.mark.parametrize("look", ["dark", "chinese", "narrow"])
@pytest.mark.parametrize("page", ["today", "orders", "forecasts", "fraud"])
def test_every_look(enter, tmp_path, look, page):
    person = enter("root", signed_in=False, **LOOKS[look])
    label = "您的密钥" if look == "chinese" else "Your key"
    person.page.goto(f"{person.server.url}/console/sign-in")
    person.page.get_by_label(label).fill(person.server.keys["root"])
    person.page.keyboard.press("Enter")
    person.page.wait_for_url("**/console/today")
    person.open(f"/{page}")
    expect(person.page.get_by_role("heading", level=1)).to_be_visible()
    expect(person.page.locator(".failure")).to_have_count(0)
    person.page.wait_for_timeout(800)
    person.page.screenshot(path=folder(tmp_path) / f"{page}-{look}.png")
    wide = person.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 1, "the page scrolls sideways"
