"""A bucket on an S3 server of our own, for tests."""

import uuid
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

KEYS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a folder in a bucket; processes that the test starts reach it, too."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    for name, text in KEYS.items():
        monkeypatch.setenv(name, text)
    where = "http://{}:{}".format(*server.get_host_and_port())
    monkeypatch.setenv("AWS_ENDPOINT_URL", where)
    name = f"shop-{uuid.uuid4().hex[:12]}"  # servers of one process share what they hold
    store, _ = fs.FileSystem.from_uri(f"s3://{name}/x?allow_bucket_creation=true")
    store.create_dir(name)
    yield f"s3://{name}/argosy"
    server.stop()
