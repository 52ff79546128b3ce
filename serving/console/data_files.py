"""Bring in: files of tables or exports of another system, tried before they are taken in."""

from base64 import b64encode
from typing import Any

from nicegui import events, ui

from serving.console.api import Answer
from serving.console.parts import button, choice, panel, table
from serving.console.shell import empty
from serving.console.view import ConsoleView

_ADDRESS = "/v1/data/files"
_MOST_BYTES = 30_000_000
# The exports that the API can read, by the name of their mapping.
_SYSTEMS = {
    "shopify": "Shopify",
    "woocommerce": "WooCommerce",
    "amazon": "Amazon Seller Central",
    "magento": "Magento",
    "odoo": "Odoo",
    "erpnext": "ERPNext",
}


class FileIntake:
    """The page: files, how they are read, what would go in, and then taking them in.

    view: who looks.
    """

    def __init__(self, view: ConsoleView) -> None:
        self.view = view
        self.files: dict[str, str] = {}
        self.mapping: str | None = None
        self.values: dict[str, str] = {}
        self._build()

    def _build(self) -> None:
        t = self.view.t
        with panel(t("Files")):
            ui.label(
                t(
                    "CSV, Excel or Parquet: files named for Argosy's tables, such as orders.csv, "
                    "or exports of another shop system."
                )
            ).classes("quiet")
            # Quasar's own list of files has buttons without a name: ours chooses, it only sends.
            chooser = ui.upload(
                multiple=True,
                auto_upload=True,
                max_total_size=_MOST_BYTES,
                on_multi_upload=self._given,
                on_rejected=lambda: self.view.say(
                    t("A file is too large: use argosy ingest on the server."), kind="warning"
                ),
            ).classes("hidden")
            with ui.element("div").classes("actions"):
                button(
                    t("Choose files"), lambda: chooser.run_method("pickFiles"), icon="upload_file"
                )
            self.names = ui.label("").classes("quiet").props("role=status")
        with panel(t("How they are read")), ui.element("div").classes("filters"):
            choice(t("Exports of"), _SYSTEMS, None, self._read_as)
            for name, label in (
                ("currency", t("Currency")),
                ("country", t("Country")),
                ("time_zone", t("Time zone")),
                ("warehouse", t("Warehouse")),
            ):
                self._value(name, label)
        with ui.element("div").classes("actions"):
            button(t("Try"), lambda: self._send(dry_run=True), icon="search")
            self.take = button(
                t("Take in"), lambda: self._send(dry_run=False), main=True, enabled=False
            )
        self.report = ui.element("div").classes("part")

    def _value(self, name: str, label: str) -> None:
        def change(event: Any) -> None:
            self.values = {k: v for k, v in {**self.values, name: event.value}.items() if v}
            self._changed()

        box = ui.input(label=label, on_change=change)
        box.props(f'dense outlined debounce=200 aria-label="{label}"')

    def _read_as(self, mapping: str | None) -> None:
        self.mapping = mapping
        self._changed()

    def _changed(self) -> None:
        """What was tried is no longer what would be taken in."""
        self.take.set_enabled(False)

    async def _given(self, given: events.MultiUploadEventArguments) -> None:
        for file in given.files:
            self.files[file.name] = b64encode(await file.read()).decode()
        self.names.set_text(", ".join(sorted(self.files)))
        self._changed()

    async def _send(self, *, dry_run: bool) -> None:
        t = self.view.t
        if not self.files:
            self.view.say(t("Choose files first."))
            return
        body = {
            "files": [{"name": name, "content": each} for name, each in self.files.items()],
            "mapping": self.mapping,
            "values": self.values,
            "dry_run": dry_run,
        }
        done = "" if dry_run else t("Taken in. Make the features and the models anew to use it.")
        answer = await self.view.try_call(self.view.api.post(_ADDRESS, body), done)
        self.take.set_enabled(dry_run and answer is not None)
        if answer is None:
            return
        self.report.clear()
        with self.report:
            self._tell(answer)

    def _tell(self, answer: Answer) -> None:
        t, f = self.view.t, self.view.formats
        title = t("What would go in") if answer["dry_run"] else t("What went in")
        counts = ("read", "new", "replaced", "unchanged", "quarantined")
        heads = (t("Read"), t("New"), t("Replaced"), t("Unchanged"), t("In quarantine"))
        with panel(title):
            if not answer["tables"]:
                empty(self.view, t("Nothing."), t("No file was taken for a table."), "inbox")
            else:
                rows = [
                    [each["table"], *(f.number(each[name], 0) for name in counts)]
                    for each in answer["tables"]
                ]
                table([t("Table"), *heads], rows, right=range(1, len(counts) + 1))
        if answer["faults"]:
            with panel(t("What does not pass")):
                names = ("file", "column", "value", "reason", "remedy")
                table(
                    [t("File"), t("Column"), t("Value"), t("Why"), t("What to do"), t("Rows")],
                    [
                        [*(str(each[name] or "") for name in names), f.number(each["count"], 0)]
                        for each in answer["faults"]
                    ],
                    right=(5,),
                )
        for text in answer["assumed"]:
            ui.label(text).classes("quiet")
        if answer["missing"]:
            with panel(t("What is still missing")):
                table(
                    [t("Use case"), t("What it lacks")],
                    [[each["use_case"], each["lacks"]] for each in answer["missing"]],
                )
