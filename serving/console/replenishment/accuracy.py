"""How well past orders met what was then needed: by month as a chart, by warehouse and class."""

from serving.console import charts
from serving.console.api import Answer, ApiError
from serving.console.parts import panel, table
from serving.console.view import ConsoleView

_ADDRESS = "/v1/replenishment/accuracy"
_MONTHS = 24


async def show_accuracy(view: ConsoleView) -> None:
    """The part of a page; nothing where no order can be judged yet, or this API does not tell it.

    view: who looks.
    """
    try:
        months = await view.api.get(_ADDRESS, level="month", limit=_MONTHS)
        warehouses = await view.api.get(_ADDRESS, level="warehouse")
        classes = await view.api.get(_ADDRESS, level="class")
    except ApiError as error:
        if error.status in {404, 422, 503}:
            return
        raise
    if not months["data"]:
        return
    t = view.t
    with panel(t("Ordered, beside what was then needed")):
        names = [each["key"] for each in months["data"]]
        series = [
            charts.bars(t("Ordered"), [each["ordered"] for each in months["data"]], charts.ACCENT),
            charts.line(t("Needed"), [each["needed"] for each in months["data"]], charts.INK),
        ]
        title = t("Units ordered and needed, by month of ordering")
        charts.chart(charts.frame(names, series=series), title, low=True)
        _table(view, t("Warehouse"), warehouses)
        _table(view, t("ABC"), classes)


def _table(view: ConsoleView, name: str, found: Answer) -> None:
    t, f = view.t, view.formats
    allowed = t("Within ± {share}", share=f.share(found["tolerance"]))
    heads = [t("Orders"), t("Ordered"), t("Needed"), t("Bias"), allowed, t("Shelf found empty")]
    table(
        [name, *heads],
        [
            [
                each["key"] or "–",
                f.number(each["orders"], 0),
                f.number(each["ordered"], 0),
                f.number(each["needed"], 0),
                f.share(each["bias"]),
                f.share(each["within"]),
                f.number(each["stocked_out"], 0),
            ]
            for each in found["data"]
        ],
        right=range(1, len(heads) + 1),
    )
