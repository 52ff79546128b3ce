"""The generated Python client: built as a wheel, installed, asked against a real server."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

ASKED = """
from argosy_client import AuthenticatedClient
from argosy_client.api.recommendation import record_events
from argosy_client.api.kpis import list_kpi_definitions
from argosy_client.models import EventsRequest, EventsResponse, KpiDefinitionPage

client = AuthenticatedClient(base_url={address!r}, token={key!r})
body = EventsRequest.from_dict({{"events": [
    {{"event_id": "py-1", "kind": "view", "product_id": "tea", "visitor_id": "v-py"}}
]}})
told = record_events.sync(client=client, body=body)
assert isinstance(told, EventsResponse) and told.accepted == 1, told
page = list_kpi_definitions.sync(client=client)
assert isinstance(page, KpiDefinitionPage) and page.data[0].kpi == "sales", page
print("asked")
"""


@pytest.mark.slow
def test_the_wheel_is_typed_and_asks_a_server(address: str, admin_key: str, tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, str(ROOT / "clients" / "python_client.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("argosy_client-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert "argosy_client/py.typed" in archive.namelist()
        archive.extractall(tmp_path / "site")
    script = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
    script += ASKED.format(address=address, key=admin_key)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "asked", done.stderr
