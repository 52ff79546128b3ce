"""Approve, dismiss and take back what is selected in a grid of lines or transfers."""

from collections.abc import Callable
from typing import Any

from serving.console.api import Answer
from serving.console.grid import ListGrid
from serving.console.parts import ask_reason
from serving.console.replenishment.approvals import second_person_text
from serving.console.view import ConsoleView


class LineDecisions:
    """The steps on a grid's selected lines.

    view: the page; address: of the API's list, before `:approve` and the like; grid: gives it.
    """

    def __init__(self, view: ConsoleView, address: str, grid: Callable[[], ListGrid]) -> None:
        self.view = view
        self.address = address
        self.grid = grid
        self.last: list[str] = []

    async def selected(self) -> list[dict[str, Any]]:
        """The selected lines; where there are none the person is told how to select."""
        lines = await self.grid().selected()
        if not lines:
            self.view.say(self.view.t("Select lines first: space, or the boxes."))
        return lines

    async def approve(self) -> None:
        """Approve what is selected, as suggested or as changed."""
        if lines := await self.selected():
            await self.send("approve", [_as_it_stands(line) for line in lines])

    async def dismiss(self, **given: Any) -> None:
        """Dismiss what is selected, with one reason for all. given: more for the API."""
        if not (lines := await self.selected()):
            return
        t = self.view.t
        title = t("Why dismiss {count} lines?", count=len(lines))
        reason = await ask_reason(self.view, title, [t("Enough stock"), t("Product ends")])
        if reason:
            items = [{"id": line["id"], "reason": reason} for line in lines]
            await self.send("dismiss", items, **given)

    async def undo(self) -> None:
        """Take the last step back: its lines are open again."""
        if not self.last:
            self.view.say(self.view.t("There is nothing to undo on this page."))
            return
        items, self.last = [{"id": line} for line in self.last], []
        await self.send("reopen", items, undoable=False)

    async def send(
        self, step: str, items: list[dict[str, Any]], *, undoable: bool = True, **given: Any
    ) -> None:
        """Take a step and tell what came of it.

        step: approve, dismiss or reopen; items: the lines; undoable: whether `undo` takes it back;
        given: more for the API.
        """
        call = self.view.api.post(f"{self.address}:{step}", {"items": items, **given})
        answer = await self.view.try_call(call)
        if answer is None:
            self.grid().refresh()
            return
        if undoable:
            self.last = [each["id"] for each in answer["data"] if each["problem"] is None]
        self._tell(step, answer)
        self.grid().clear_selection()
        self.grid().refresh()

    def _tell(self, step: str, answer: Answer) -> None:
        t = self.view.t
        done = {
            "approve": t("{count} approved. u takes it back.", count=answer["changed"]),
            "dismiss": t("{count} dismissed. u takes it back.", count=answer["changed"]),
            "reopen": t("{count} open again.", count=answer["changed"]),
        }[step]
        waiting = sum(each["state"] == "awaiting_second" for each in answer["data"])
        if step == "approve" and waiting:
            self.view.say(second_person_text(self.view, waiting), kind="warning")
        elif answer["changed"]:
            self.view.say(done, kind="positive")
        problems = [each for each in answer["data"] if each["problem"]]
        for each in problems[:3]:
            self.view.say(f"{each['id']}: {each['problem']}.", kind="warning")
        if len(problems) > 3:
            self.view.say(t("{count} more were refused.", count=len(problems) - 3), kind="warning")


def _as_it_stands(line: dict[str, Any]) -> dict[str, Any]:
    if line["state"] in {"awaiting_second", "changed"}:
        return {"id": line["id"], "quantity": line["approved_quantity"]}
    return {"id": line["id"]}
