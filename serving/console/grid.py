"""A grid over a list of the API: the server pages, sorts, filters; the browser holds a window."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from serving.console.view import ConsoleView

_BLOCK = 100  # lines of one page: what a window shows, and a little more

Column = dict[str, Any]
Handler = Callable[[dict[str, Any]], Awaitable[None] | None]


def column(field: str, title: str, width: int, kind: str = "text", **options: Any) -> Column:
    """A column of a grid.

    field: of the API's answer; title: shown above; width: in pixels; kind: text, number, money,
    share, day or chip; options: further ones of AG Grid, such as `headerTooltip`.
    """
    made: Column = {
        "field": field,
        "headerName": title,
        "headerTooltip": title,
        "width": width,
        "sortable": options.pop("sortable", True),
        "resizable": True,
    }
    if kind in {"number", "money", "share"}:
        made |= {"type": "rightAligned", "cellClass": "figure ag-right-aligned-cell"}
    if kind == "text":
        made["tooltipField"] = field
    else:
        made[":valueFormatter"] = f"argosy.format.{kind}"
    return made | options


class ListGrid:
    """A grid that is filled block by block.

    view: the page; name: the list's name in `rows.LISTS`; columns: see `column`; filters: the first
    query; label: what the grid is called for people who do not see it; options: of AG Grid.
    """

    def __init__(
        self,
        view: ConsoleView,
        name: str,
        columns: Sequence[Column],
        *,
        filters: Mapping[str, Any],
        label: str,
        selectable: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.view = view
        self.name = name
        selection = {
            "mode": "multiRow",
            "checkboxes": True,
            "headerCheckbox": False,
            "enableClickSelection": False,
        }
        self.element = ui.aggrid(
            {
                "columnDefs": list(columns),
                "rowModelType": "infinite",
                "cacheBlockSize": _BLOCK,
                "maxBlocksInCache": 20,
                "maxConcurrentDatasourceRequests": 1,
                "rowHeight": 32,
                "headerHeight": 34,
                "tooltipShowDelay": 400,
                "suppressCellFocus": False,
                "stopEditingWhenCellsLoseFocus": True,
                ":getRowId": "p => p.data.id",
                ":datasource": self._source(filters),
                ":onCellKeyDown": "argosy.gridKey",
                ":onModelUpdated": "argosy.gridUpdated",
                ":onRowDoubleClicked": "argosy.gridOpen",
                "localeText": _texts(view),
                "selectionColumnDef": {"pinned": "left", "width": 42},
                **({"rowSelection": selection} if selectable else {}),
                **(options or {}),
            },
            auto_size_columns=False,
        ).classes("list-grid")
        self.element.props(f'aria-label="{label}"')

    def filter(self, filters: Mapping[str, Any]) -> None:
        """Show the lines that fit these filters from the first on. filters: of the API's query."""
        source = self._source(filters)
        ui.run_javascript(f"argosy.refilter({self.element.id}, {source})")

    def refresh(self) -> None:
        """Ask again for what is shown, where it is."""
        ui.run_javascript(f"argosy.refresh({self.element.id})")

    async def selected(self) -> list[dict[str, Any]]:
        """The selected lines, as the API told them."""
        found: list[dict[str, Any]] = await ui.run_javascript(
            f"return argosy.selected({self.element.id})", timeout=10
        )
        return found

    def select_first(self, count: int) -> None:
        """Select the first lines that are loaded. count: how many."""
        ui.run_javascript(f"argosy.selectFirst({self.element.id}, {count})")

    def clear_selection(self) -> None:
        """Select nothing."""
        ui.run_javascript(f"argosy.clearSelection({self.element.id})")

    def on(self, event: str, handler: Handler) -> None:
        """Call a handler with what happened. event: AG Grid's name; handler: takes its details."""

        async def handle(arguments: Any) -> None:
            answer = handler(arguments.args)
            if answer is not None:
                await answer

        self.element.on(event, handle, args=["data", "colId", "oldValue", "newValue", "rowIndex"])

    def _source(self, filters: Mapping[str, Any]) -> str:
        kept = {name: value for name, value in filters.items() if value not in (None, "", [])}
        return f"argosy.source({json.dumps(self.name)}, {json.dumps(kept)})"


def _texts(view: ConsoleView) -> dict[str, str]:
    return {
        "loadingOoo": view.t("Loading…"),
        "noRowsToShow": view.t("Nothing fits these filters."),
    }
