"""What holds for every shop, whatever it brings."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fastapi.testclient import TestClient

from data.tables import TABLES
from data.use_cases import USE_CASES
from tests.merchants.asking import names_of, questions
from tests.merchants.visiting import Answer, Home, variables

# Codes that the command documents: done, nothing, some rows or models held back, past a limit.
ENDS = {0, 1, 3, 4}
_IS_TRACE = re.compile(
    r"Traceback|defect of Argosy|File \"|Error: '|KeyError|IndexError|ValueError|TypeError"
)


def check_words(answer: Answer) -> None:
    """The command ended as documented, in words for a person."""
    assert answer.code in ENDS, (answer.command, answer.code, answer.err)
    assert not _IS_TRACE.search(answer.err), (answer.command, answer.err)
    if answer.code == 1:
        assert answer.err.strip(), f"{answer.command} failed without a word"


def check_training(home: Home) -> None:
    """`train all`: each use case is registered, held back with its reason, or lacks something."""
    answer = home.argosy("train", "all", "--json")
    check_words(answer)
    told = json.loads(answer.out)
    trained = {each["use_case"]: each for each in told["trained"]}
    assert {*trained, *told["lacking"]} == set(USE_CASES), answer.out
    for each in trained.values():
        assert each["version"] or each["reason"], each
    for sentence in told["lacking"].values():
        named = set(re.findall(r"[a-z_]+", sentence)) & set(TABLES)
        assert named, f"names no table: {sentence}"
    served = [each for each in trained.values() if each["version"]]
    expected = 1 if not trained else 0 if len(served) == len(USE_CASES) else 3
    assert answer.code == expected, (answer.code, told)


def check_batch(home: Home) -> None:
    """`score`: rows, or the sentence that says why there are none."""
    for name in USE_CASES:
        out = home.folder / f"{name}.csv"
        more = ["--payments", str(home.folder / "1")] if name == "fraud" else []
        answer = home.argosy("score", name, "--out", str(out), *more)
        check_words(answer)
        if answer.code == 0:
            check_sense(name, pd.read_csv(out, keep_default_na=False, na_values=[""]), home)


def check_sense(use_case: str, rows: pd.DataFrame, home: Home) -> None:
    """No answer is beyond what the shop can ever have seen: units foretold or ordered, money."""
    orders = home.tables.get("orders")
    sold = float(orders["quantity"].sum()) if orders is not None else 0.0
    if use_case == "forecasting" and len(rows):
        units = rows[["mean", "q10", "q50", "q90"]].to_numpy(dtype=float)
        assert (units >= 0).all()
        assert units.max() <= sold + 1, f"{units.max()} units a period of {sold} ever sold"
    if use_case == "replenishment" and len(rows):
        assert rows["order_quantity"].max() <= 2 * sold + 50, rows.nlargest(1, "order_quantity").T
    if use_case == "fraud":
        assert rows["probability"].dropna().between(0, 1).all()


def check_server(home: Home) -> None:
    """Every operation answers, or refuses with a code; payments and shelves are always answered."""
    from data.environment import load_settings
    from serving.http.app import create_app

    with variables(home.environment):
        app = create_app(load_settings())
        with TestClient(app, raise_server_exceptions=True) as client:
            runtime = app.state.runtime
            clock = pd.Timestamp(runtime.now())
            for question in questions(app.openapi(), home.tables, clock):
                reply = client.request(question.method, question.path, json=question.body)
                assert reply.status_code != 500, (question, reply.text[:500])
                if reply.status_code >= 400:
                    problem = reply.json()
                    assert problem["code"], (question, problem)
            check_decisions(client, home, clock)
            check_served_values(runtime, home, clock)


def check_decisions(client: TestClient, home: Home, clock: pd.Timestamp) -> None:
    """A payment is always decided; a shop with products in stock never shows an empty shelf."""
    known = names_of(home.tables)
    payment = {
        "payment_id": "contract-1",
        "attempted_at": clock.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "customer_id": known["customer_id"],
        "amount": 12.0,
        "currency": known["currency"],
    }
    odd = {"payment_id": "contract-2", "customer_id": "first-seen-now", "amount": 9_000_000.0}
    strange = client.post("/v1/fraud/decisions", json=payment | odd | {"currency": "XAF"}).json()
    assert strange["degraded"], strange
    assert strange["decision"] != "allow", "a first amount that nobody can tell was allowed"
    assert client.post("/v1/fraud/decisions", json=payment).status_code == 200
    shelf = client.post("/v1/recommendations", json={"customer_id": known["customer_id"]})
    assert shelf.status_code == 200, shelf.text
    if {"orders", "products"} <= set(home.tables):
        assert shelf.json()["items"], "an empty shelf"


def check_served_values(runtime: Any, home: Home, clock: pd.Timestamp) -> None:
    """What the view says is what is served, for every feature of every use case."""
    entities = entities_of(home, clock)
    for name in runtime.settings.use_cases:
        trained = runtime.store.training_frame(name, entities, clock.to_pydatetime())
        served = runtime.store.online_frame(name, entities, clock.to_pydatetime())
        both = [column for column in served.columns if column in trained.columns]
        pd.testing.assert_frame_equal(trained[both], served[both])


def check_monitor(home: Home) -> None:
    """`monitor`: what was served is what the batch path computes, to the last payment."""
    answer = home.argosy("monitor", "--out", str(home.folder / "monitor.html"), "--json")
    check_words(answer)
    for watch in json.loads(answer.out)["watches"]:
        if watch["name"].startswith("served velocities"):
            assert watch["value"] == 0, watch


def entities_of(home: Home, clock: pd.Timestamp, most: int = 5) -> pd.DataFrame:
    """A few of the shop's keys and one that nobody knows, side by side, as of its clock."""
    names = ("customer_id", "product_id", "warehouse_id", "supplier_id")
    columns: dict[str, list[str]] = {}
    for name in names:
        frames = [frame[name] for frame in home.tables.values() if name in frame]
        found = pd.concat(frames).dropna().unique()[:most].tolist() if frames else []
        columns[name] = [*np.resize([str(one) for one in found] or ["?"], most), "nobody-knows"]
    return pd.DataFrame({**columns, "event_timestamp": clock})


def check(home: Home) -> None:
    """All of it, in the order in which a merchant does it."""
    for command in (["status"], ["materialize"]):
        check_words(home.argosy(*command))
    check_training(home)
    check_batch(home)
    check_server(home)
    check_words(home.argosy("doctor"))
    check_monitor(home)
    check_words(home.argosy("status", "--json"))
    for delivery in sorted(Path(home.folder).glob("[0-9]")):
        check_words(home.argosy("ingest", str(delivery)))
