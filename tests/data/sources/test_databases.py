"""Addresses as people write them; what cannot be reached is told without the password."""

from pathlib import Path

import pytest

from data.sources.databases import connected, fingerprint, table_names, without_password
from data.sources.locations import SourceError


def test_a_database_in_a_file(tmp_path: Path) -> None:
    with connected(f"sqlite:///{tmp_path / 'shop.db'}") as engine:
        assert table_names(engine) == []


@pytest.mark.parametrize("address", ["oracel://host/db", "postgresql://u:secret@127.0.0.1:1/db"])
def test_what_cannot_be_reached_is_told_without_the_password(address: str) -> None:
    with pytest.raises(SourceError) as raised, connected(address):
        pass
    assert "secret" not in str(raised.value)


def test_the_fingerprint_forgets_who_connects() -> None:
    mine = fingerprint("postgresql://me:secret@host/db", {"name": "a"})
    assert mine == fingerprint("postgresql://you@host/db", {"name": "a"})
    assert mine != fingerprint("postgresql://me@host/db", {"name": "b"})
    assert "secret" not in without_password("postgresql://me:secret@host/db")
