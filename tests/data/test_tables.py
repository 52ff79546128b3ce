"""The contracts of the tables agree with themselves."""

import pytest

from data.tables import TABLES, Table


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_whatever_a_contract_names_is_a_column_of_it(table: Table) -> None:
    names = set(table.names)
    assert len(names) == len(table.names)
    named = {*table.key, *table.clock, *table.optional_key, *table.any_of, *table.defaults}
    named |= {*table.later, *(column for some in table.later.values() for column in some)}
    named |= {*table.personal, *table.implied, *([table.known_at] if table.known_at else [])}
    assert named <= names


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_key_is_whole(table: Table) -> None:
    for name in table.key:
        filled = name in table.optional_key or name in table.any_of
        assert table.column(name).required or filled, name


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_clocks_and_moments_are_times(table: Table) -> None:
    for name in {*table.clock, *table.later, *([table.known_at] if table.known_at else [])}:
        assert table.column(name).kind in {"time", "date"}, name


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_rows_of_a_person_say_which_columns_lead_to_them(table: Table) -> None:
    if table.erasure:
        assert "customer_id" in table.personal
    for name, value in table.defaults.items():
        allowed = table.column(name).values
        assert not allowed or value in allowed


def test_a_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="colour"):
        TABLES["products"].column("colour")
