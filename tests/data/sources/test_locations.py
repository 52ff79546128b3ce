"""Folders, files and object stores by their addresses; the store is a real S3 server."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs as fs
import pytest
from moto.server import ThreadedMotoServer

from data.lake import Lake
from data.sources.ingesting import ingest_source
from data.sources.locations import SourceError, local_folder, parse_address

RATES = "rate_date,currency,rate\n2024-05-01,USD,0.925\n"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server of our own with the bucket `shop`."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    where = f"127.0.0.1:{port}"
    store = fs.S3FileSystem(
        endpoint_override=where, scheme="http", allow_bucket_creation=True, region="us-east-1"
    )
    store.create_dir("shop/exports")
    with store.open_output_stream("shop/exports/fx_rates.csv") as file:
        file.write(RATES.encode())
    yield where
    server.stop()


def test_an_object_store_is_a_folder(endpoint: str, tmp_path: Path) -> None:
    query = f"?endpoint_override={endpoint}&scheme=http&region=us-east-1"
    for number, name in enumerate(("shop/exports", "shop/exports/fx_rates.csv")):
        lake = Lake(tmp_path / str(number))
        ingest_source(
            lake,
            parse_address(f"s3://{name}{query}"),
            mapping=None,
            values={},
            base_currency="EUR",
        )
        assert lake.read("fx_rates")["rate"].tolist() == [0.925]
    for name in ("shop/nothing", "nowhere/at/all"):
        with (
            pytest.raises(SourceError, match="there is nothing at"),
            local_folder(parse_address(f"s3://{name}{query}")),
        ):
            pass


def test_addresses() -> None:
    assert parse_address("exports/may").scheme == ""
    assert parse_address("S3://shop/may").is_object_store
    assert parse_address("postgresql+psycopg://me@host/shop").is_database
    assert not parse_address("file:///tmp/may").is_database


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    missing = parse_address(str(tmp_path / "no"))
    with pytest.raises(SourceError, match="there is no file"), local_folder(missing):
        pass
