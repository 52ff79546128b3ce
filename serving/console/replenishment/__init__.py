"""The planner's pages: lines to decide on, one line in depth, plans under other terms, orders,
transfers."""

from serving.console.replenishment.line import show_line
from serving.console.replenishment.purchases import show_purchases
from serving.console.replenishment.transfers import show_transfers
from serving.console.replenishment.what_if import show_what_if
from serving.console.replenishment.worklist import show_worklist
from serving.console.shell import Screen, Shell

SCREENS = [
    Screen(
        "/orders", "Orders", "shopping_cart_checkout", show_worklist, ("plan",), "replenishment"
    ),
    Screen("/orders/line", "Order line", "", show_line, ("plan",), in_menu=False, parent="/orders"),
    Screen(
        "/orders/what-if", "What if", "", show_what_if, ("plan",), in_menu=False, parent="/orders"
    ),
    Screen(
        "/orders/purchases",
        "Purchase orders",
        "",
        show_purchases,
        ("plan",),
        in_menu=False,
        parent="/orders",
    ),
    Screen(
        "/orders/transfers",
        "Transfers",
        "",
        show_transfers,
        ("plan",),
        in_menu=False,
        parent="/orders",
    ),
]


def page(shell: Shell) -> None:
    """Add these pages to the console."""
    shell.install(SCREENS)
