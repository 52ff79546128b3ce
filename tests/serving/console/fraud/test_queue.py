"""The review queue, worked by keys, by one analyst and by two at once."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from serving.console.fraud.queue import hours_left

REVIEWS = "/v1/fraud/reviews"


def reviews(server, status="open"):
    found = server.ask("root", "GET", REVIEWS, status=status, limit=200)["data"]
    return [each["payment_id"] for each in found]


def audit(server, payment):
    return server.ask("root", "GET", f"{REVIEWS}/{payment}")["audit"]


def opened(person):
    """The payment whose case is open."""
    return person.page.locator(".queue-item.here .who").first.text_content()


def test_hours_left():
    ship_by = datetime.now(UTC) + timedelta(hours=5)
    assert hours_left(ship_by.isoformat()) == pytest.approx(5, abs=0.01)


@pytest.mark.slow
class TestQueue:
    def test_the_case_stands_beside_the_queue(self, enter):
        person = enter("carl")
        person.open("/fraud")
        expect(person.page.locator(".queue-item").first).to_be_visible()
        expect(person.page.get_by_role("heading", name="Why")).to_be_visible()
        expect(person.page.get_by_role("heading", name="What was sent")).to_be_visible()

    def test_one_key_moves_and_one_key_decides(self, enter, server):
        person = enter("carl")
        person.open("/fraud")
        expect(person.page.get_by_role("heading", name="Why")).to_be_visible()
        first = opened(person)
        person.press("j")
        expect(person.page.locator(".queue-item.here .who")).not_to_have_text(first)
        second = opened(person)
        person.press("a")
        person.told(f"Approved: {second}")
        assert [step["step"] for step in audit(server, second)] == ["approve"]
        assert second not in reviews(server)

    def test_the_last_step_is_taken_back(self, enter, server):
        person = enter("dora")
        person.open("/fraud")
        expect(person.page.get_by_role("heading", name="Why")).to_be_visible()
        payment = opened(person)
        person.press("a")
        person.told(f"Approved: {payment}")
        person.press("u")
        person.told(f"Taken back: {payment}")
        assert payment in reviews(server)

    def test_a_case_left_at_once_breaks_nothing(self, enter):
        """`enter` looks for errors in the browser: its graph was drawn in a box of no size."""
        person = enter("dora")
        person.open("/fraud")
        expect(person.page.get_by_role("heading", name="Why")).to_be_visible()
        for key in "jjjkjkkjjjkjkk" * 3:
            person.press(key)
            person.page.wait_for_timeout(120)

    def test_a_payment_in_the_link_is_opened(self, enter, server):
        payment = reviews(server)[-1]
        person = enter("carl")
        person.open(f"/fraud?payment={payment}")
        expect(person.page.locator(".queue-item.here .who")).to_have_text(payment)

    def test_snooze_and_assign(self, enter, server):
        person = enter("carl")
        person.open("/fraud")
        expect(person.page.get_by_role("heading", name="Why")).to_be_visible()
        payment = opened(person)
        person.press("i")
        person.told(f"Assigned to carl: {payment}")
        person.press("s")
        person.told(f"Snoozed for an hour: {payment}")
        assert payment in reviews(server, "snoozed")
        assert [step["step"] for step in audit(server, payment)][-2:] == ["assign", "snooze"]

    def test_two_analysts_decide_one_payment_once(self, enter, server):
        first, second = enter("carl"), enter("dora")
        payment = reviews(server)[0]
        for person in (first, second):
            person.open(f"/fraud?payment={payment}")
            expect(person.page.locator(".queue-item.here .who")).to_have_text(payment)
        first.press("a")
        first.told(f"Approved: {payment}")
        second.press("r")
        second.told("was decided by carl")
        steps = audit(server, payment)
        assert [(step["author"], step["step"]) for step in steps] == [("carl", "approve")]

    def test_twenty_reviews_take_60_keys_at_most(self, enter, server):
        person = enter("carl")
        person.open("/fraud")
        expect(person.page.get_by_role("heading", name="Why")).to_be_visible()
        before = len(reviews(server))
        person.actions = 0
        for number in range(20):
            payment = opened(person)
            person.press("r" if number % 5 == 4 else "a")
            expect(person.page.locator(".queue-item.here .who")).not_to_have_text(payment)
        assert person.actions <= 60
        assert len(reviews(server)) == before - 20
