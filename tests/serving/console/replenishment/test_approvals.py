"""Two people before a screen: one approves, only the other one is offered to approve it, too."""

from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from serving.console.formats import Formats, locale_of
from serving.console.replenishment.approvals import may_second, waits_text
from serving.console.session import Person
from serving.console.texts import translate
from tests.serving.console.conftest import Server, free_port, warm

ROOT = "/v1/replenishment"


def view_of(owner):
    person = Person("key", frozenset({"approve"}), "k", "EUR", (), owner)
    formats = Formats(locale_of("en-GB", "en"), "EUR")
    return SimpleNamespace(
        person=person, formats=formats, t=lambda text, **v: translate(text, "en", **v)
    )


@pytest.mark.parametrize(("owner", "may"), [("Anna ", False), ("bela", True)])
def test_only_somebody_else_is_offered_the_button(owner, may):
    line = {"asked_by": "anna", "asked_at": "2024-05-01T12:00:00Z"}
    view = view_of(owner)
    assert may_second(view, line) is may
    assert waits_text(view, line).startswith("anna approved it on" if may else "You approved it")
    assert may_second(view, {**line, "asked_by": None}), "nobody is told: anybody may"


@pytest.fixture(scope="module")
def careful(console_home, keys):
    """A server beside the other one, where every order takes two people."""
    made = Server(console_home, free_port(), keys, ["serve"], {"ARGOSY_SECOND_APPROVAL_ABOVE": "0"})
    made.start()
    warm(made)
    yield made
    made.stop()


@pytest.mark.slow
def test_what_one_person_approved_another_one_approves_on_screen(enter, careful):
    query = {"ordered": True, "state": "draft", "limit": 200}
    line = careful.ask("anna", "GET", f"{ROOT}/lines", **query)["data"][0]
    body = {"items": [{"id": line["id"]}]}
    asked = careful.ask("anna", "POST", f"{ROOT}/suggestions:approve", body)
    assert asked["data"][0]["state"] == "awaiting_second"
    anna = enter("anna", at=careful)
    anna.open("/orders/purchases")
    expect(anna.page.get_by_text("somebody else must, too")).to_be_visible()
    expect(anna.page.get_by_role("button", name="Approve, too")).to_have_count(0)
    bela = enter("bela", at=careful)
    bela.open("/today")
    expect(bela.page.get_by_role("link", name="1 lines wait for your approval")).to_be_visible()
    bela.open(f"/orders/line?id={line['id']}")
    expect(bela.page.get_by_text("a second person must, too")).to_be_visible()
    bela.open("/orders/purchases")
    expect(bela.page.get_by_text("anna approved it on")).to_be_visible()
    bela.click("Approve, too")
    bela.told("Approved by two people: it can be ordered.")
    trail = careful.ask("bela", "GET", f"{ROOT}/suggestions/{line['id']}")["trail"]
    assert [(each["owner"], each["after"]) for each in trail[:2]] == [
        ("bela", "approved"),
        ("anna", "awaiting_second"),
    ]
    careful.ask("bela", "POST", f"{ROOT}/suggestions:reopen", body)
