"""Entries of lists, and what they name."""

from decisions.fraud.lists import folded


def test_look_alikes_of_width_and_case_are_one() -> None:
    assert folded("ＭＡＸ@example.com") == folded("max@Example.com ")
    assert folded("\ud800") == "\ud800"


def test_look_alikes_of_other_scripts_are_one() -> None:
    assert folded("m\u0430\u0445@\u0435xample.com") == "max@example.com"  # Cyrillic a, x, e
    assert folded("\u041c\u0410X@example.com") == "max@example.com"  # and their capitals
    assert folded("m\u03bfre@example.com") == "more@example.com"  # Greek omicron
    assert folded("m\u00fcller@example.com") == "m\u00fcller@example.com"
    assert folded("\u65e5\u672c") == "\u65e5\u672c"
