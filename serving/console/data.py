"""Data: tables with their freshness, rows in quarantine, settings in use, the doctor's checks."""

from typing import Any

from nicegui import ui

from serving.console.data_files import FileIntake
from serving.console.grid import ListGrid, column
from serving.console.parts import download, fact, panel, table, tabs
from serving.console.shell import Screen, Shell, empty
from serving.console.view import ConsoleView, load


def _sections(view: ConsoleView) -> list[tuple[str, str]]:
    shown = [(view.t("Tables"), "/data")]
    if view.person.may("admin"):
        shown += [
            (view.t("Bring in"), "/data/files"),
            (view.t("Quarantine"), "/data/quarantine"),
            (view.t("Checks"), "/data/checks"),
            (view.t("Settings"), "/data/settings"),
        ]
    return shown


async def show_tables(view: ConsoleView) -> None:
    """The page of tables. view: who looks."""
    tabs(_sections(view), "/data")

    async def fill() -> None:
        t, f = view.t, view.formats
        found = await view.api.get("/v1/data/tables")
        if not found["data"]:
            empty(
                view,
                t("The lake is empty."),
                t("Bring tables in: here, or with argosy ingest DIR"),
                "storage",
            )
            return
        with ui.element("section").classes("panel"), ui.element("div").classes("strip"):
            fact(t("Newest fact"), f.moment(found["clock"]))
            fact(t("Features as of"), f.moment(found["features_as_of"]))
            fact(t("Rows"), f.number(sum(each["rows"] for each in found["data"]), 0))
            bad = sum(each["quarantined"] for each in found["data"])
            fact(t("In quarantine"), f.number(bad, 0))
        with panel(t("Tables")):
            table(
                [t("Table"), t("Rows"), t("Newest fact"), t("Brought in"), t("In quarantine")],
                [
                    [
                        each["table"],
                        f.number(each["rows"], 0),
                        f.moment(each["newest"]),
                        f.moment(each["ingested_at"]),
                        (
                            f.number(each["quarantined"], 0),
                            f"/data/quarantine?table={each['table']}",
                        )
                        if each["quarantined"]
                        else "0",
                    ]
                    for each in found["data"]
                ],
                right=(1, 4),
            )

    load(view, fill)


async def show_files(view: ConsoleView) -> None:
    """The page where files are brought in. view: who looks."""
    tabs(_sections(view), "/data/files")
    FileIntake(view)


async def show_quarantine(view: ConsoleView) -> None:
    """The page of rows that did not pass. view: who looks; `table` stands in the address."""
    tabs(_sections(view), "/data/quarantine")

    async def fill() -> None:
        t = view.t
        tables = (await view.api.get("/v1/data/tables"))["data"]
        bad = {each["table"]: each["quarantined"] for each in tables if each["quarantined"]}
        chosen = view.query.get("table") or next(iter(bad), "")
        if chosen not in bad:
            empty(
                view,
                t("No row is in quarantine."),
                t("Every row that came in was good."),
                "task_alt",
            )
            return
        filters = {"table": chosen}
        with ui.element("div").classes("actions filters"):
            options = {name: f"{name} ({count})" for name, count in bad.items()}
            box = ui.select(options, value=chosen, label=t("Table"))
            box.props(f'dense outlined options-dense aria-label="{t("Table")}"')
            ui.element("div").classes("grow")
            download(view, "quarantine", lambda: filters)
        columns = [
            column("row", t("Row"), 80, sortable=False),
            column("column", t("Column"), 140, sortable=False),
            column("value", t("Value"), 180, sortable=False),
            column("reason", t("Why"), 300, sortable=False),
            column("remedy", t("What to do"), 300, sortable=False),
            column("file", t("File"), 180, sortable=False),
            column("record", t("Row as found"), 480, sortable=False),
        ]
        grid = ListGrid(view, "quarantine", columns, filters=filters, label=t("Quarantine"))

        def choose(event: Any) -> None:
            filters["table"] = event.value
            view.remember(**filters)
            grid.filter(filters)

        box.on_value_change(choose)

    load(view, fill)


async def show_checks(view: ConsoleView) -> None:
    """The page of the doctor's checks. view: who looks."""
    tabs(_sections(view), "/data/checks")

    async def fill() -> None:
        t = view.t
        names = {"ok": t("good"), "warning": t("look"), "failed": t("failed")}
        found = (await view.api.get("/v1/data/checks"))["data"]
        # What is not well comes first; good settings stand on a page of their own.
        shown = [each for each in found if each["check"] != "setting" or each["status"] != "ok"]
        shown.sort(key=lambda each: ("failed", "warning", "ok").index(each["status"]))
        with panel(t("Checks")):
            table(
                [t("Check"), t("State"), t("Found"), t("What to do")],
                [
                    [
                        each["check"][:1].upper() + each["check"][1:],
                        names[each["status"]],
                        each["found"],
                        each["remedy"],
                    ]
                    for each in shown
                ],
            )

    load(view, fill)


async def show_settings(view: ConsoleView) -> None:
    """The page of settings. view: who looks."""
    tabs(_sections(view), "/data/settings")

    async def fill() -> None:
        t = view.t
        found = await view.api.get("/v1/data/settings")
        switches = {"True": t("yes"), "False": t("no")}
        with panel(t("Settings in use")):
            ui.label(t("They are read once, at the start, from the environment.")).classes("quiet")
            table(
                [t("Name"), t("Value"), t("What it does")],
                [
                    [
                        each["name"],
                        switches.get(each["value"], each["value"]) or "–",
                        each["description"],
                    ]
                    for each in found["data"]
                ],
            )

    load(view, fill)


def page(shell: Shell) -> None:
    """Add these pages to the console."""
    admin = ("admin",)
    shell.install(
        [
            Screen("/data", "Data", "storage", show_tables),
            Screen(
                "/data/quarantine",
                "Quarantine",
                "",
                show_quarantine,
                admin,
                in_menu=False,
                parent="/data",
            ),
            Screen("/data/files", "Bring in", "", show_files, admin, in_menu=False, parent="/data"),
            Screen("/data/checks", "Checks", "", show_checks, admin, in_menu=False, parent="/data"),
            Screen(
                "/data/settings",
                "Settings",
                "",
                show_settings,
                admin,
                in_menu=False,
                parent="/data",
            ),
        ]
    )
