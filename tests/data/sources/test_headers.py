"""Columns are found by any of their names; a near one is named as the file spells it."""

from data.sources.headers import Header

TRANSLATIONS = {
    "Order Lines": ["Auftragszeilen"],
    "Quantity": ["Menge"],
    "Items": ["Artikel"],
}


def test_case_accents_and_language_do_not_count() -> None:
    header = Header(("ORDER_ID", "Ménge"), TRANSLATIONS)
    assert header.find("order id") == "ORDER_ID"
    assert header.find("Quantity") == "Ménge"
    assert header.find("price") is None


def test_paths_are_translated_part_by_part() -> None:
    assert Header(("Auftragszeilen/Menge",), TRANSLATIONS).find("Order Lines/Quantity")
    assert Header(("Menge (Artikel)",), TRANSLATIONS).find("Quantity (Items)")
    assert Header(("Menge",), TRANSLATIONS).find("Order Lines/Quantity") is None


def test_the_nearest_column_bears_the_files_own_spelling() -> None:
    assert Header(("Lineitem Qantity",)).nearest("Lineitem quantity") == "Lineitem Qantity"
    assert Header(("colour",)).nearest("Lineitem quantity") is None
