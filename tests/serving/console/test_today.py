"""Today: what waits is told with the way to it; an API error is a sentence to try again from."""

import re

import pytest
from playwright.sync_api import expect

from decisions.kpis.catalogue import KPIS
from serving.console.today import kpi_name, kpi_state
from tests.serving.console.nobodys_page import view


@pytest.mark.parametrize(
    ("direction", "value", "state"),
    [
        ("lower is better", 0.5, ""),
        ("lower is better", 1.5, "warning"),
        ("lower is better", 2.5, "critical"),
        ("neither", None, ""),
    ],
)
def test_a_figure_beyond_its_bound_is_marked(direction, value, state):
    assert kpi_state({"direction": direction, "warn": 1.0, "critical": 2.0}, value) == state


def test_a_figure_that_should_be_high_is_marked_below_its_bound():
    kpi = {"direction": "higher is better", "warn": 0.1, "critical": 0.0}
    assert kpi_state(kpi, 0.05) == "warning"
    assert kpi_state({**kpi, "warn": None}, 0.05) == ""


def test_every_figure_has_a_name_in_both_languages():
    for language in ("en", "zh-CN"):
        names = [kpi_name(view(language), kpi) for kpi in KPIS]
        assert len(set(names)) == len(names)
        assert not [name for name in names if "_" in name]
        assert language == "en" or not [name for name in names if name.isascii()]


@pytest.mark.slow
def test_what_waits_leads_to_where_it_is_decided(enter, server):
    person = enter("root")
    person.open("/today")
    for title in ("Orders to decide", "Payments to review", "Models in use", "Data"):
        expect(person.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    person.page.get_by_role("link", name="Queue").click()
    expect(person.page).to_have_url(re.compile("/console/fraud"))


@pytest.mark.slow
def test_an_api_error_is_a_sentence(enter):
    person = enter("anna")
    person.open("/forecasts?level=product&key=no-such-product")
    alert = person.page.get_by_role("alert")
    expect(alert).to_contain_text("no-such-product")
    expect(alert).not_to_contain_text("Traceback")
    expect(person.page.get_by_role("button", name="Try again")).to_be_visible()
