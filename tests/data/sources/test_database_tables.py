"""Tables, views and queries of real databases, read from their watermarks on."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.lake import Lake
from data.sources.databases import connected
from data.sources.ingesting import SourceReport, ingest_source
from data.sources.loading import MappingError
from data.sources.locations import SourceError, parse_address

_SERVERS = {
    "postgresql": ("ARGOSY_TEST_POSTGRES_URL", "postgresql"),
    "mariadb": ("ARGOSY_TEST_MARIADB_URL", "mariadb"),
}


@pytest.fixture(params=["sqlite", *_SERVERS])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address as a merchant writes it, without a driver."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    variable, scheme = _SERVERS[request.param]
    url = os.environ.get(variable)
    if url is None:
        if os.environ.get("ARGOSY_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{variable} is not set, and ARGOSY_REQUIRE_SERVICES=1 asks for it")
        pytest.skip(f"{variable} is not set")
    return f"{scheme}://{url.partition('://')[2]}"


@pytest.fixture
def name(address: str) -> Iterator[str]:
    """A table of sales of our own, with three rows."""
    table = f"argosy_test_{uuid.uuid4().hex[:8]}"
    with connected(address) as engine:
        with engine.begin() as connection:
            columns = "nr INTEGER, art VARCHAR(20), stk DECIMAL(10,3), preis DECIMAL(10,2)"
            more = "kunde INTEGER, am TIMESTAMP NULL, stand INTEGER"
            for statement in (
                f"CREATE TABLE {table} ({columns}, {more})",
                f"CREATE VIEW {table}_v AS SELECT * FROM {table} WHERE preis < 100",
            ):
                connection.execute(sa.text(statement))
        for number in (1, 2, 3):
            sell(address, table, number)
        yield table
        with engine.begin() as connection:
            connection.execute(sa.text(f"DROP VIEW {table}_v"))
            connection.execute(sa.text(f"DROP TABLE {table}"))


def sell(address: str, table: str, number: int, price: float = 9.5, mark: int = 0) -> None:
    moment = f"2024-05-0{number} 10:00:00"
    row = f"({number}, '00{number}', 1.500, {price}, 7, '{moment}', {mark or number})"
    with connected(address) as engine, engine.begin() as connection:
        connection.execute(sa.text(f"DELETE FROM {table} WHERE nr = {number}"))
        connection.execute(sa.text(f"INSERT INTO {table} VALUES {row}"))


def mapping(path: Path, source: str) -> str:
    path.write_text(
        f"[orders]\n{source}\nwatermark = 'stand'\n[orders.columns]\n"
        "order_id = 'nr'\nline_no = { value = '1' }\nordered_at = 'am'\ncustomer_id = 'kunde'\n"
        "product_id = 'art'\nwarehouse_id = { value = 'w' }\nquantity = 'stk'\n"
        "unit_price = 'preis'\ncurrency = { value = 'EUR' }\n"
    )
    return str(path)


def take(lake: Lake, address: str, chosen: str | None, *, dry_run: bool = False) -> SourceReport:
    return ingest_source(
        lake,
        parse_address(address),
        mapping=chosen,
        values={"time_zone": "Europe/Berlin"} if chosen else {},
        base_currency="EUR",
        dry_run=dry_run,
    )


def test_only_what_changed_is_read_again(address: str, name: str, tmp_path: Path) -> None:
    chosen = mapping(tmp_path / "map.toml", f"from = '{name}'")
    lake = Lake(tmp_path / "lake")
    take(lake, address, chosen, dry_run=True)
    assert take(lake, address, chosen).ingest.tables["orders"].new == 3
    first = lake.read("orders").iloc[0]
    assert (first["product_id"], first["quantity"], first["unit_price"]) == ("001", 1.5, 9.5)
    assert f"{first['ordered_at']:%H:%M}" == "08:00"
    sell(address, name, 2, price=11.25, mark=4)
    sell(address, name, 4, mark=5)
    again = take(lake, address, chosen).ingest.tables["orders"]
    assert (again.read, again.new, again.replaced) == (3, 1, 1)  # the last mark is read again
    assert lake.read("orders").set_index("order_id")["unit_price"]["2"] == 11.25
    last = take(lake, address, chosen).ingest.tables["orders"]
    assert (last.read, last.unchanged) == (1, 1)


@pytest.mark.parametrize("source", ["from = '{name}_v'", "query = 'SELECT * FROM {name};'"])
def test_views_and_queries(address: str, name: str, tmp_path: Path, source: str) -> None:
    sell(address, name, 3, price=500)
    chosen = mapping(tmp_path / "map.toml", source.format(name=name))
    lake = Lake(tmp_path / "lake")
    take(lake, address, chosen)
    assert len(lake.read("orders")) == (2 if source.startswith("from") else 3)


def test_a_wrong_query_or_table_is_told(address: str, name: str, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    with pytest.raises(SourceError, match="cannot be read"):
        take(lake, address, mapping(tmp_path / "a.toml", "query = 'SELECT nothing FROM nowhere'"))
    with pytest.raises(SourceError, match="none of these"):
        take(lake, address, mapping(tmp_path / "b.toml", "from = 'no_such_table'"))
    with pytest.raises(MappingError):
        take(lake, address, str(tmp_path / "no.toml"))


def test_our_own_tables_need_no_mapping(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'own.db'}"
    with connected(address) as engine, engine.begin() as connection:
        connection.execute(
            sa.text("CREATE TABLE fx_rates (rate_date DATE, currency TEXT, rate REAL)")
        )
        connection.execute(sa.text("INSERT INTO fx_rates VALUES ('2024-05-01', 'USD', 0.925)"))
    lake = Lake(tmp_path / "lake")
    take(lake, address, None)
    assert lake.read("fx_rates")["rate"].tolist() == [0.925]
