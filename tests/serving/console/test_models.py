"""Models: the figure that decided comes first; nobody but an admin promotes."""

import pytest
from playwright.sync_api import expect

from serving.console.models import gate_metric

VERSION = {"metrics": {"bias": 0.1, "wape": 0.5}, "note": "promoted: beats naive on wape"}


def test_the_figure_that_decided_is_read_from_the_note():
    assert gate_metric(VERSION) == "wape"
    assert gate_metric({**VERSION, "note": "a person said so"}) == "bias"
    assert gate_metric({"metrics": {}, "note": ""}) == ""


@pytest.mark.slow
def test_the_version_in_use_is_told_with_its_figures(enter, server):
    used = server.ask("root", "GET", "/v1/models")["data"]
    forecasting = next(each for each in used if each["use_case"] == "forecasting")
    person = enter("root")
    person.open("/models?use_case=forecasting")
    expect(person.page.get_by_text(forecasting["model"], exact=True).first).to_be_visible()
    expect(person.page.get_by_text("series pinball").first).to_be_visible()
    expect(person.page.get_by_role("img", name="Figures by version")).to_be_visible()


@pytest.mark.slow
def test_who_is_no_admin_promotes_nothing(enter):
    person = enter("anna")
    person.open("/models?use_case=fraud")
    expect(person.page.get_by_role("button", name="Roll back…")).to_be_disabled()


@pytest.mark.slow
def test_rolling_back_to_nothing_is_refused_in_a_sentence(enter, server):
    person = enter("root")
    person.open("/models?use_case=fraud")
    person.click("Roll back…")
    person.page.get_by_label("Reason", exact=True).fill("to see what happens")
    person.page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(person.page.locator(".q-notification").first).to_be_visible()
    used = server.ask("root", "GET", "/v1/models")["data"]
    assert next(each for each in used if each["use_case"] == "fraud")["version"] == "1"
