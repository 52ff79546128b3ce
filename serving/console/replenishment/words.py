"""The words of the planner's pages that come from codes of the API."""

from serving.console.view import ConsoleView

# States of orders of which goods are still to come.
ON_THE_WAY = ("exported", "partially_received")


def states(view: ConsoleView) -> dict[str, str]:
    """The states of a line by their codes."""
    return {
        "draft": view.t("Open"),
        "awaiting_second": view.t("Waits for a second person"),
        "approved": view.t("Approved"),
        "changed": view.t("Changed"),
        "dismissed": view.t("Dismissed"),
        "exported": view.t("Ordered"),
        "partially_received": view.t("Partially received"),
        "received": view.t("Received"),
        "cancelled": view.t("Cancelled"),
    }


def order_states(view: ConsoleView) -> dict[str, str]:
    """The states of an order by their codes."""
    return {code: states(view)[code] for code in (*ON_THE_WAY, "received", "cancelled")}


def stock_on_hand(view: ConsoleView, units: float | None) -> str:
    """Stock in words. view: who looks; units: on the shelf, None: they were never counted."""
    return view.t("Not known") if units is None else view.formats.number(units)


def urgencies(view: ConsoleView) -> dict[str, str]:
    """How soon a line must be decided on, by code."""
    return {
        "overdue": view.t("Overdue"),
        "today": view.t("Today"),
        "week": view.t("This week"),
        "later": view.t("Later"),
        "none": view.t("Nothing to order"),
    }


def sections(view: ConsoleView) -> list[tuple[str, str]]:
    """The pages that belong to orders: text and address."""
    return [
        (view.t("Lines"), "/orders"),
        (view.t("What if"), "/orders/what-if"),
        (view.t("Purchase orders"), "/orders/purchases"),
        (view.t("Transfers"), "/orders/transfers"),
    ]


def waterfall_names(view: ConsoleView) -> dict[str, str]:
    """The steps of a line's waterfall by their codes."""
    return {
        "demand_mean": view.t("Expected sales"),
        "promotion_lift": view.t("Promotions"),
        "safety_stock": view.t("Safety"),
        "display_stock": view.t("Display"),
        "promotion_buffer": view.t("Promotion buffer"),
        "lot_stock": view.t("Larger lot"),
        "on_hand": view.t("On hand"),
        "reserved": view.t("Reserved"),
        "on_order": view.t("On order"),
        "transferred": view.t("Transfers"),
        "surplus": view.t("Surplus"),
        "waiting": view.t("Can wait"),
        "minimum": view.t("Minimum"),
        "rounding": view.t("Rounding"),
        "maximum_cut": view.t("Maximum"),
        "capacity_cut": view.t("Capacity"),
        "budget_cut": view.t("Budget"),
    }
