"""Fixtures of the tests beside."""

import pytest
from fastapi.testclient import TestClient


@pytest.fixture
def client(shop_client: TestClient) -> TestClient:
    return shop_client
