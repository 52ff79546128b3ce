"""The typed Python client, generated from the API's own description and built as a wheel.

    python clients/python_client.py [FOLDER]

Needs the tools of `make setup`; `make client` runs it.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

PACKAGE = "argosy_client"


def write_description(file: Path, home: Path) -> None:
    """The OpenAPI description of all use cases. file: where to; home: an empty folder."""
    from data.settings import Settings
    from serving.http.app import create_app

    app = create_app(Settings(home=home))
    file.write_text(json.dumps(app.openapi()), encoding="utf-8")


def build_client(out: Path) -> Path:
    """Generate the client and build its wheel. out: the folder it is put into."""
    out.mkdir(parents=True, exist_ok=True)
    tools = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_description(folder / "openapi.json", folder / "home")
        config = folder / "config.json"
        names = {"project_name_override": "argosy-client", "package_name_override": PACKAGE}
        config.write_text(json.dumps(names | {"post_hooks": []}))
        generate = [str(tools / "openapi-python-client"), "generate", "--meta", "setup"]
        generate += ["--path", str(folder / "openapi.json"), "--config", str(config)]
        generate += ["--output-path", str(folder / "client")]
        subprocess.run(generate, check=True, cwd=folder)
        build = [str(tools / "uv"), "build", "--wheel", "--quiet", "--python", sys.executable]
        build += ["--out-dir", str(out.resolve()), str(folder / "client")]
        subprocess.run(build, check=True)
    return max(out.glob("argosy_client-*.whl"), key=lambda file: file.stat().st_mtime)


if __name__ == "__main__":
    print(build_client(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
