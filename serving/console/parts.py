"""Small parts that pages are made of: facts, tables, choices, dialogs, bars."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from html import escape
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from serving.console.view import ROOT, ConsoleView

Cell = str | tuple[str, str]  # a text, or a text and what it links to
_SHORT = 22  # letters of a cell that is not broken over lines


def fact(name: str, value: str, note: str = "") -> None:
    """A number with its name. name: above it; value: as it is written; note: below it."""
    with ui.element("div").classes("fact"):
        ui.label(name).classes("fact-name")
        ui.label(value).classes("fact-value")
        if note:
            ui.label(note).classes("fact-note")


def panel(title: str, link: tuple[str, str] | None = None) -> ui.element:
    """A part of a page with a heading. title: the heading; link: text and address beside it."""
    made = ui.element("section").classes("panel")
    with made, ui.element("div").classes("panel-head"):
        html(f"<h2>{escape(title)}</h2>")
        if link is not None:
            html(f'<a href="{ROOT}{escape(link[1])}">{escape(link[0])}</a>')
    return made


def html(content: str) -> ui.html:
    """Markup of our own; whatever comes from data must be escaped in it. content: the markup."""
    return ui.html(content, sanitize=False)


def table(
    headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Sequence[int] = ()
) -> None:
    """A plain table.

    headers: of the columns; rows: the cells, a pair is a text and the address it links to; right:
    the places of columns that hold figures.
    """
    head = "".join(
        f'<th scope="col"{_align(place, right)}>{escape(name)}</th>'
        for place, name in enumerate(headers)
    )
    body = "".join(
        "<tr>" + "".join(_table_cell(n, cell, right) for n, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    name = escape(", ".join(each for each in headers if each))
    html(
        f'<div class="scroll" tabindex="0" role="group" aria-label="{name}">'
        f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _align(place: int, right: Sequence[int]) -> str:
    return ' class="right"' if place in right else ""


def _table_cell(place: int, cell: Cell, right: Sequence[int]) -> str:
    text = cell if isinstance(cell, str) else cell[0]
    short = " short" if len(text) <= _SHORT else ""
    kind = ("right" if place in right else "") + short
    return f'<td class="{kind}">{_cell(cell)}</td>'


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    text, address = cell
    return f'<a href="{ROOT}{escape(address)}">{escape(text)}</a>'


def pairs(rows: Iterable[tuple[str, str]]) -> None:
    """Names and values, line by line. rows: both, as texts."""
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    html(f'<dl class="pairs">{lines}</dl>')


def chip(kind: str, text: str) -> str:
    """A coloured word as markup. kind: chooses the colour; text: what it says."""
    return f'<span class="chip chip-{escape(kind)}">{escape(text)}</span>'


def tabs(entries: Sequence[tuple[str, str]], here: str) -> None:
    """Links to pages that belong together. entries: text and address; here: the address shown."""
    links = "".join(
        f'<a class="tab{" here" if address == here else ""}" href="{ROOT}{escape(address)}"'
        f"{' aria-current=page' if address == here else ''}>{escape(text)}</a>"
        for text, address in entries
    )
    html(f'<div class="tabs">{links}</div>')


def choice(
    label: str,
    options: dict[str, str],
    value: str | None,
    change: Callable[[str | None], Any],
    *,
    required: bool = False,
) -> ui.select:
    """One of several values, or none. label: its name; options: text by value; value: the one
    chosen; change: is told the new one, None for none; required: whether there must be one."""
    known = value if value in options else None
    made = ui.select(
        options,
        value=known,
        label=label,
        clearable=not required,
        on_change=lambda e: change(e.value),
    )
    return made.props(f'dense outlined options-dense aria-label="{label}"')


def search(label: str, value: str, change: Callable[[str], Any]) -> ui.input:
    """A text to search for; `/` leads here. label: its name; value: the text now; change: is told
    the new one when typing rests."""
    made = ui.input(label=label, value=value, on_change=lambda e: change(e.value or ""))
    made.props("dense outlined clearable debounce=250 data-search=1")
    with made.add_slot("append"):
        ui.icon("search").props("aria-hidden=true")
    return made


def button(
    text: str,
    action: Callable[[], Any],
    *,
    icon: str = "",
    main: bool = False,
    enabled: bool = True,
) -> ui.button:
    """A button. text: what it does; action: is called; icon: a Material icon's name; main: the one
    that most people want; enabled: whether it may be pressed."""
    made = ui.button(text, on_click=action, icon=icon or None, color=None)
    made.props("dense no-caps" + (" unelevated" if main else " flat"))
    made.classes("button-main" if main else "button-plain")
    made.set_enabled(enabled)
    return made


def download(view: ConsoleView, name: str, query: Callable[[], dict[str, Any]]) -> None:
    """Buttons that download a list as it is filtered, as CSV and as a workbook.

    view: the page; name: in `rows.LISTS`; query: gives the filters of the moment.
    """

    def fetch(kind: str) -> None:
        kept = {key: str(value) for key, value in query().items() if value not in (None, "")}
        ui.navigate.to(f"/files/{name}.{kind}?{urlencode(kept)}")

    button(view.t("CSV"), lambda: fetch("csv"), icon="download")
    button(view.t("Excel"), lambda: fetch("xlsx"))


def named_dialog(title: str) -> ui.dialog:
    """A dialog that people who do not see it know by name. title: its heading."""
    made = ui.dialog()
    made.props["aria-label"] = title
    return made


async def ask_reason(view: ConsoleView, title: str, suggestions: Sequence[str] = ()) -> str | None:
    """Ask for a reason; None when the person thinks better of it.

    view: the page; title: what the reason is for; suggestions: reasons to take with one press.
    """
    return await ask_text(view, title, view.t("Reason"), suggestions)


async def ask_text(
    view: ConsoleView, title: str, label: str, suggestions: Sequence[str] = ()
) -> str | None:
    """Ask for a text; None when the person thinks better of it.

    view: the page; title: what it is for; label: of the field; suggestions: texts to take with one
    press.
    """
    with named_dialog(title) as dialog, ui.card():
        html(f'<h2 class="dialog-title">{escape(title)}</h2>')
        box = ui.input(label=label).props("dense outlined autofocus").classes("w-full")
        box.on("keydown.enter", lambda: dialog.submit(box.value) if box.value else None)
        with ui.element("div").classes("actions"):
            for text in suggestions:
                button(text, partial(dialog.submit, text))
        with ui.element("div").classes("actions"):
            button(view.t("Save"), lambda: dialog.submit(box.value or None), main=True)
            button(view.t("Cancel"), dialog.close)
    answer: str | None = await dialog
    return answer


async def confirm(view: ConsoleView, title: str, text: str, action: str) -> bool:
    """Ask before something that cannot be taken back.

    view: the page; title, text: what would happen; action: the button that does it.
    """
    with named_dialog(title) as dialog, ui.card():
        html(f'<h2 class="dialog-title">{escape(title)}</h2>')
        ui.label(text)
        with ui.element("div").classes("actions"):
            button(action, lambda: dialog.submit(True), main=True)
            button(view.t("Cancel"), dialog.close)
    return bool(await dialog)


def on_key(
    view: ConsoleView, keys: dict[str, tuple[str, Callable[[], Awaitable[Any] | None]]]
) -> None:
    """Keys of a page; `?` lists them. view: the page; keys: by letter, what it does and how."""
    general = {"/": view.t("Search"), "?": view.t("Show the keys"), "Esc": view.t("Leave a field")}

    async def press(event: Any) -> None:
        key = event.args["key"]
        if key == "?":
            _show_keys(view, {**{name: text for name, (text, _) in keys.items()}, **general})
        elif key in keys:
            result = keys[key][1]()
            if result is not None:
                await result

    ui.on("argosy-key", press)


def _show_keys(view: ConsoleView, keys: dict[str, str]) -> None:
    title = view.t("Keys")
    with named_dialog(title) as dialog, ui.card():
        html(f'<h2 class="dialog-title">{escape(title)}</h2>')
        lines = "".join(
            f'<dt><span class="key">{escape(key)}</span></dt><dd>{escape(text)}</dd>'
            for key, text in keys.items()
        )
        html(f'<dl class="pairs">{lines}</dl>')
        button(view.t("Close"), dialog.close)
    dialog.open()
