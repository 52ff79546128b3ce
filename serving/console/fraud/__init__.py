"""The analyst's pages: the review queue with its cases, lists and rules, how decisions do."""

from serving.console.fraud.controls import show_lists, show_rules
from serving.console.fraud.performance import show_performance
from serving.console.fraud.queue import show_queue
from serving.console.shell import Screen, Shell

_MAY = ("review",)

SCREENS = [
    Screen("/fraud", "Payments", "shield", show_queue, _MAY, "fraud"),
    Screen("/fraud/lists", "Lists", "", show_lists, _MAY, in_menu=False, parent="/fraud"),
    Screen("/fraud/rules", "Rules", "", show_rules, _MAY, in_menu=False, parent="/fraud"),
    Screen(
        "/fraud/performance",
        "Performance",
        "",
        show_performance,
        _MAY,
        in_menu=False,
        parent="/fraud",
    ),
]


def page(shell: Shell) -> None:
    """Add these pages to the console."""
    shell.install(SCREENS)
