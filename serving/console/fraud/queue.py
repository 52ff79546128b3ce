"""The review queue: the most money an hour first, worked by keys; the case stands beside it."""

from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from nicegui import ui

from serving.console.api import Answer
from serving.console.fraud import words
from serving.console.fraud.case import show_case
from serving.console.parts import ask_text, button, choice, on_key, tabs
from serving.console.shell import empty
from serving.console.view import ConsoleView, load

_PATH = "/v1/fraud/reviews"
_REFRESH_SECONDS = 15.0


async def show_queue(view: ConsoleView) -> None:
    """The page. view: who looks; status, assignee and payment stand in the address."""
    tabs(words.sections(view), "/fraud")

    async def fill() -> None:
        await ReviewQueue(view).build()

    load(view, fill)


class ReviewQueue:
    """The list of reviews and the case that is open. view: the page."""

    def __init__(self, view: ConsoleView) -> None:
        self.view = view
        self.status = view.query.get("status", "open")
        self.assignee = view.query.get("assignee")
        self.here = view.query.get("payment", "")
        self.reviews: list[dict[str, Any]] = []
        self.done = 0
        self.shown = ""  # the status of the open case, as it is shown
        self.last = ""  # the payment of the last step, for undo
        self.busy = False

    async def build(self) -> None:
        """Fill the page and keep it up to date."""
        with ui.element("div").classes("actions filters"):
            self._bar()
        with ui.element("div").classes("queue"):
            self.list = ui.element("div").classes("queue-list")
            self.list.props(f'role=listbox tabindex=0 aria-label="{self.view.t("Reviews")}"')
            self.case = ui.element("div").classes("case")
        await self.refresh(first=True)
        ui.timer(_REFRESH_SECONDS, self.refresh)
        t = self.view.t
        on_key(
            self.view,
            {
                "j": (t("Next review"), lambda: self._step_by(1)),
                "k": (t("Review before"), lambda: self._step_by(-1)),
                "a": (t("Approve: an honest payment"), lambda: self.decide("approve")),
                "r": (t("Reject: a fraud"), lambda: self.decide("reject")),
                "s": (t("Snooze for an hour"), self.snooze),
                "i": (t("Assign to me"), lambda: self.assign(self.view.person.name)),
                "n": (t("Assign with a note"), self.note),
                "u": (t("Undo the last step"), self.undo),
            },
        )

    def _bar(self) -> None:
        t = self.view.t
        statuses = {**words.statuses(self.view), "all": t("All")}
        choice(t("Status"), statuses, self.status, self._show_status, required=True)
        mine = self.view.person.name
        choice(t("Assigned to"), {mine: t("Me")}, self.assignee, self._show_assignee)
        self.counter = ui.label("").classes("count").props("role=status")
        ui.element("div").classes("grow")
        for text, key, action, main in (
            (t("Undo"), "u", self.undo, False),
            (t("Snooze"), "s", self.snooze, False),
            (t("Assign to me"), "i", lambda: self.assign(mine), False),
            (t("Note"), "n", self.note, False),
            (t("Reject"), "r", lambda: self.decide("reject"), False),
            (t("Approve"), "a", lambda: self.decide("approve"), True),
        ):
            with button(text, action, main=main) as made:
                ui.html(f'<span class="key" aria-hidden="true">{key}</span>', sanitize=False)
            if key == "r":
                made.classes(remove="button-plain", add="button-danger")

    async def _show_status(self, value: str | None) -> None:
        self.status = value or "open"
        await self.refresh(first=True)

    async def _show_assignee(self, value: str | None) -> None:
        self.assignee = value
        await self.refresh(first=True)

    async def refresh(self, *, first: bool = False) -> None:
        """Ask for the queue again. The open case stays, also when a colleague has decided it: what
        a key does must not change under the finger. first: open the case in the address, else the
        first one."""
        if self.busy:
            return
        answer = await self.view.try_call(
            self.view.api.get(_PATH, status=self.status, assignee=self.assignee, limit=100)
        )
        if answer is None:
            return
        self.reviews = answer["data"]
        known = [review["payment_id"] for review in self.reviews]
        if (first or not self.here) and self.here not in known:
            self.here, first = next(iter(known), ""), True
        self._draw(more=answer["has_more"])
        if first:
            await self._open(self.here)

    def _draw(self, *, more: bool) -> None:
        t = self.view.t
        count = self.view.formats.number(len(self.reviews), 0) + ("+" if more else "")
        text = t("{count} to review", count=count)
        if self.done:
            text += " · " + t("{count} done", count=self.done)
        self.counter.set_text(text)
        self.list.clear()
        with self.list:
            for review in self.reviews:
                self._item(review)

    def _item(self, review: dict[str, Any]) -> None:
        f = self.view.formats
        here = review["payment_id"] == self.here
        item = ui.element("div").classes("queue-item" + (" here" if here else ""))
        item.props(f"role=option aria-selected={'true' if here else 'false'}")
        item.on("click", lambda: self._open(review["payment_id"]))
        left = hours_left(review["ship_by"])
        ships = self.view.t("{hours} h to ship", hours=f.number(left, 0))
        if left < 0:
            ships = self.view.t("late by {hours} h", hours=f.number(-left, 0))
        name = words.statuses(self.view)[review["status"]]
        who = review["assignee"] or ("" if review["status"] == "open" else name)
        with item:
            ui.html(f'<span class="who">{escape(review["payment_id"])}</span>', sanitize=False)
            ui.html(
                f'<span class="figure">{escape(f.money(review["expected_loss"]))}</span>',
                sanitize=False,
            )
            ui.html(f'<span class="quiet">{escape(ships)}</span>', sanitize=False)
            ui.html(f'<span class="quiet">{escape(who)}</span>', sanitize=False)

    async def _open(self, payment_id: str) -> None:
        self.here = payment_id
        self.view.remember(status=self.status, assignee=self.assignee, payment=payment_id)
        for item, review in zip(self.list.default_slot.children, self.reviews, strict=False):
            here = review["payment_id"] == payment_id
            item.classes(add="here" if here else "", remove="" if here else "here")
            item.props(f"aria-selected={'true' if here else 'false'}")
        self.case.clear()
        with self.case:
            if not payment_id:
                hint = self.view.t("New ones appear here by themselves.")
                empty(self.view, self.view.t("Nothing to review."), hint, "task_alt")
                return
        answer = await self.view.try_call(self.view.api.get(f"{_PATH}/{payment_id}"))
        if answer is not None and self.here == payment_id:
            self.shown = answer["review"]["status"]
            self.case.clear()
            with self.case:
                show_case(self.view, answer)

    async def _step_by(self, step: int) -> None:
        places = [review["payment_id"] for review in self.reviews]
        if self.here in places:
            place = min(max(places.index(self.here) + step, 0), len(places) - 1)
            await self._open(places[place])
        elif places:
            await self._open(places[0])

    async def decide(self, step: str) -> None:
        """End the open review and go to the next one. step: approve or reject."""
        told = {
            "approve": self.view.t("Approved: {payment}", payment=self.here),
            "reject": self.view.t("Rejected: {payment}", payment=self.here),
        }
        if self.busy or not self.here or await self._is_decided_elsewhere():
            return
        if await self._send({"step": step}, told[step]) is not None:
            self.done += 1

    async def _is_decided_elsewhere(self) -> bool:
        """True if a colleague ended the open review meanwhile; that is told, and the next opened.

        The API takes a second verdict as a change of mind: it must not happen unseen.
        """
        payment = self.here
        answer = await self.view.try_call(self.view.api.get(f"{_PATH}/{payment}"))
        if answer is None:
            return True
        status = answer["review"]["status"]
        if status not in {"approved", "rejected"} or status == self.shown:
            return False
        author = answer["audit"][-1]["author"] if answer["audit"] else ""
        text = "{payment} was decided by {author}: {status}"
        names = words.statuses(self.view)
        said = self.view.t(text, payment=payment, author=author, status=names[status])
        self.view.say(said, kind="warning")
        await self.refresh()
        await self._open(self.reviews[0]["payment_id"] if self.reviews else "")
        return True

    async def snooze(self) -> None:
        """Put the open review off for an hour."""
        until = datetime.now(UTC) + timedelta(hours=1)
        text = self.view.t("Snoozed for an hour: {payment}", payment=self.here)
        await self._send({"step": "snooze", "until": until.isoformat()}, text)

    async def assign(self, name: str, note: str | None = None) -> None:
        """Give the open review to somebody. name: of the key; note: a remark to keep."""
        text = self.view.t("Assigned to {name}: {payment}", name=name, payment=self.here)
        body = {"step": "assign", "assignee": name} | ({"note": note} if note else {})
        await self._send(body, text)

    async def note(self) -> None:
        """Keep a remark: the review is assigned to its author with it."""
        text = await ask_text(
            self.view, self.view.t("Note on {payment}", payment=self.here), self.view.t("Note")
        )
        if text:
            await self.assign(self.view.person.name, text)

    async def undo(self) -> None:
        """Take the last step on this page back, and open its case."""
        if not self.last:
            self.view.say(self.view.t("There is nothing to undo on this page."))
            return
        self.here, self.last = self.last, ""
        text = self.view.t("Taken back: {payment}", payment=self.here)
        await self._send({"step": "undo"}, text)
        self.last = ""

    async def _send(self, body: dict[str, Any], done: str) -> Answer | None:
        """Take a step on the open review once; the next key waits for it."""
        if self.busy or not self.here:
            return None
        self.busy = True
        payment, places = self.here, [review["payment_id"] for review in self.reviews]
        try:
            answer: Answer | None = await self.view.try_call(
                self.view.api.post(_PATH, {"payment_id": payment, **body}), done
            )
        finally:
            self.busy = False
        if answer is not None:
            self.last = payment
        following = places[places.index(payment) + 1 :] if payment in places else []
        await self.refresh()
        left = [review["payment_id"] for review in self.reviews]
        if payment not in left:
            after = (each for each in following if each in left)
            self.here = next(after, next(iter(left), ""))
        await self._open(self.here)
        return answer


def hours_left(ship_by: str) -> float:
    """Hours until a payment's goods ship, negative when it is past. ship_by: RFC 3339."""
    return (datetime.fromisoformat(ship_by) - datetime.now(UTC)) / timedelta(hours=1)
