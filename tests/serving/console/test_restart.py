"""The server goes away in the middle and comes back: told in a sentence, and nothing is lost."""

import re

import pytest
from playwright.sync_api import expect

from tests.serving.console.conftest import Server, free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def console(console_home, keys, server):
    """`argosy console` on its own, before the API."""
    made = Server(console_home, free_port(), keys, ["console", "--api", server.url])
    made.start()
    yield made
    made.stop()


def test_an_api_that_goes_away_is_told_and_used_again_when_it_is_back(enter, server, console):
    beside = enter("bela")
    beside.open("/orders?ordered=true&abc=A")
    beside.rows()
    person = enter("anna", at=console)
    person.open("/orders?ordered=true&abc=A")
    person.rows()
    server.stop()
    try:
        person.page.goto(f"{console.url}/console/orders?ordered=true&abc=A")
        expect(person.page.get_by_role("alert")).to_contain_text("Argosy does not answer at")
    finally:
        server.start()
    person.page.get_by_role("button", name="Try again").click()
    person.settled()
    assert person.rows() > 0  # the session stands in the console, not in the API
    # The sessions of the console inside the API ended with it; the link leads back.
    beside.open("/orders?ordered=true&abc=A")
    beside.page.get_by_label("Your key").fill(server.keys["bela"])
    beside.page.get_by_role("button", name="Sign in").click()
    expect(beside.page).to_have_url(re.compile(r"/console/orders\?ordered=true&abc=A$"))
