"""How fast the planner's list is in a real browser, on 200,000 lines, and with twenty people.

The lines are made here; the list's own endpoint is the product's, and so is the console, which
stands beside the server in a process of its own (`argosy console --api`). The browser is Debian's
Chromium. The folder of data sets, which every benchmark is given, is not read.

    .venv/bin/python tests/benchmarks/console.py FOLDER
"""

import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LINES, PEOPLE, TIMES = 200_000, 20, 9
FIRST_ROWS_MS, FILTER_MS, MEMORY_MB = 1_000, 500, 600  # what is promised


def made_plan() -> Any:
    """A plan of LINES lines with the fields of a real one, over 40 warehouses."""
    import numpy as np
    import pandas as pd

    from decisions.replenishment.plan import Plan
    from models.replenishment.plan import Options
    from serving.http.replenishment.answers import EXAMPLE

    draw = np.random.default_rng(7)
    plain = {k: v for k, v in EXAMPLE.items() if k not in {"id", "state", "approved_quantity"}}
    lines = pd.DataFrame({name: [value] * LINES for name, value in plain.items()})
    place = np.arange(LINES)
    lines["warehouse_id"] = [f"W{n:02d}" for n in place % 40]
    lines["product_id"] = [f"p{n:06d}" for n in place // 40]
    lines["supplier_id"] = [f"S{n:02d}" for n in draw.integers(0, 60, LINES)]
    for name, scale in (("order_value", 300), ("money_at_risk", 80), ("on_hand", 40)):
        lines[name] = draw.gamma(1.5, scale, LINES).round(2)
    lines["order_quantity"] = draw.poisson(6, LINES).astype(float)
    return Plan(
        stamp="benchmark",
        as_of=datetime(2017, 12, 31, 22, tzinfo=UTC),
        frame=lines,
        lines=lines,
        transfers=pd.DataFrame(),
        options=Options(),
        model=SimpleNamespace(),  # type: ignore[arg-type]  # nothing is planned here
        model_version="1",
        served_by="OrderUpTo",
        degraded="",
    )


def serve(port: int) -> None:
    """The list's endpoint with the console before it, on this port."""
    import pandas as pd
    import uvicorn
    from fastapi import APIRouter, FastAPI

    from data.settings import Settings
    from serving.http import key_owner
    from serving.http.replenishment.line_routes import worklist_routes

    plan = made_plan()
    names = plan.lines["product_id"].unique()
    products = pd.DataFrame({"product_id": names})
    products["title"] = [f"Article {name} of kind {n % 977}" for n, name in enumerate(names)]
    products["category"] = [f"GROUP{n % 12}/SHELF{n % 97}" for n in range(len(names))]
    classes = plan.lines[["warehouse_id", "product_id"]].assign(abc_xyz="AX")
    runtime: Any = SimpleNamespace(
        settings=Settings(auth=False, use_cases=("replenishment",)),
        lake=SimpleNamespace(read=lambda *_, **__: products),
        store=SimpleNamespace(latest=lambda *_: classes),
        records=SimpleNamespace(purchasing=SimpleNamespace(states=lambda _: {})),
    )
    app = FastAPI()
    app.state.runtime = runtime
    routes = APIRouter(prefix="/v1/replenishment")
    routes.include_router(worklist_routes(runtime, lambda: plan))
    app.include_router(routes)
    app.include_router(key_owner.router(runtime))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def first_rows(page: Any, url: str) -> float:
    """Milliseconds from asking for the page to the first line on the screen."""
    started = time.perf_counter()
    page.goto(url)
    page.wait_for_function(
        "document.querySelector('.ag-row[row-index=\"0\"] [col-id=title]')?.textContent.length > 3",
        timeout=60_000,
    )
    return (time.perf_counter() - started) * 1e3


def filtered(page: Any, text: str) -> float:
    """Milliseconds from the last letter typed to lines that fit; the pause for typing is in it."""
    box = page.get_by_label("Search product")
    box.fill(text[:-1])
    page.wait_for_timeout(900)
    started = time.perf_counter()
    box.press_sequentially(text[-1])
    page.wait_for_function(
        "text => { const rows = [...document.querySelectorAll('.ag-row [col-id=title]')]"
        ".map(each => each.textContent).filter(Boolean);"
        " return rows.length > 0 && rows.every(each => each.includes(text)); }",
        arg=text,
        timeout=60_000,
    )
    return (time.perf_counter() - started) * 1e3


def memory_mb(pid: int) -> float:
    """What a process holds in memory, in MB."""
    with open(f"/proc/{pid}/status") as lines:
        kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


def measure(port: int, console: int, server: int) -> dict[str, float]:
    """The figures, from a browser before the console on this port.

    console, server: ids of the two processes.
    """
    from playwright.sync_api import sync_playwright

    url = f"http://127.0.0.1:{port}/console/orders?ordered=true"
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1360, "height": 860}).new_page()
        first_rows(page, url)  # the list is made, the scripts are cached
        alone = memory_mb(console)
        shown = [first_rows(page, url) for _ in range(TIMES)]
        found = [filtered(page, f"p{n:06d}") for n in range(101, 101 + TIMES)]
        for _ in range(PEOPLE - 1):
            first_rows(browser.new_context().new_page(), url)
        crowded = memory_mb(console)
        browser.close()
    return {
        "lines": LINES,
        "first_rows_ms": round(statistics.median(shown), 1),
        "filter_ms": round(statistics.median(found), 1),
        "console_mb_one_person": round(alone, 1),
        "console_mb_twenty_people": round(crowded, 1),
        "server_mb": round(memory_mb(server), 1),
    }


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    """Come back once somebody listens there."""
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.5)


def main() -> None:
    """Start the server and the console, measure, print."""
    api, port = free_port(), free_port()
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(api)])
    wait_for(api)
    command = [sys.executable, str(Path(__file__).parents[2] / "argosy.py"), "console"]
    console = subprocess.Popen(
        [*command, "--api", f"http://127.0.0.1:{api}", "--port", str(port)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        figures = measure(port, console.pid, server.pid)
    finally:
        for process in (console, server):
            process.terminate()
            process.wait()
    print(f"{'':36}{'ours':>10}{'promised':>10}")
    for name, promised in (
        ("first_rows_ms", FIRST_ROWS_MS),
        ("filter_ms", FILTER_MS),
        ("console_mb_twenty_people", MEMORY_MB),
    ):
        print(f"{name:36}{figures[name]:>10}{promised:>10}")
    print(json.dumps(figures))


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve(int(sys.argv[-1]))
    else:
        main()
