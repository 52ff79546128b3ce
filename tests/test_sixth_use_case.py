"""A made-up sixth use case: one name in the list plus its own files, and every door knows it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parent.parent

FILES = {
    "features/parcels/__init__.py": """
        '''How many parcels each warehouse sends a day.'''

        from data.views import View


        def daily_parcels(tables, as_of, terms):
            orders = tables["orders"]
            day = orders["ordered_at"].dt.floor("D")
            counts = orders.groupby(["warehouse_id", day])["order_id"].nunique()
            frame = counts.rename("parcels").reset_index().astype({"parcels": "int64"})
            return frame.rename(columns={"ordered_at": "event_timestamp"})


        VIEWS = (
            View("parcels", ("warehouse_id",), {"parcels": "int"}, ("orders",), daily_parcels),
        )
        SERVICE = ("parcels",)
        HISTORY = ()
    """,
    "models/parcels/__init__.py": """
        '''The mean number of parcels, or none at all.'''

        import json
        from pathlib import Path


        class MeanParcels:
            def __init__(self, share=1.0):
                self.share = share
                self.mean_ = 0.0

            def fit(self, frame):
                self.mean_ = float(frame["parcels"].mean()) * self.share
                return self

            def predict(self, frame):
                return frame[["warehouse_id"]].assign(parcels=self.mean_)

            def save(self, folder):
                (Path(folder) / "mean.json").write_text(json.dumps([self.share, self.mean_]))

            @classmethod
            def load(cls, folder):
                share, mean = json.loads((Path(folder) / "mean.json").read_text())
                model = cls(share)
                model.mean_ = mean
                return model


        MODELS = {"mean_parcels": MeanParcels}
    """,
    "training/parcels/__init__.py": """
        '''How the mean is made: from the feature store, the last day held out.'''

        from models.parcels import MeanParcels
        from training.job import Recipe, Split


        def frame(context):
            return context.store.history("parcels", context.as_of)


        def split(known, context):
            last = known["event_timestamp"] == known["event_timestamp"].max()
            return Split(known[~last], known[last], context.as_of)


        def score(model, parts):
            told = model.predict(parts.test)["parcels"].to_numpy()
            return {"mae": float(abs(told - parts.test["parcels"].to_numpy()).mean())}


        RECIPE = Recipe(
            use_case="parcels",
            metric="mae",
            better="lower",
            features={"parcels": "int"},
            frame=frame,
            check=lambda known: [] if len(known) else ["There are no orders: ingest some."],
            split=split,
            model=lambda context: MeanParcels(),
            baselines=lambda context: {"none": MeanParcels(0.0)},
            score=score,
            plots=lambda model, parts, folder: None,
            sample=lambda known: known.head(2),
        )
    """,
    "decisions/parcels/__init__.py": """
        '''How many parcels each warehouse will send tomorrow.'''


        def score(runtime, as_of):
            latest = runtime.store.latest("parcels", as_of)
            return runtime.release("parcels").model.predict(latest)
    """,
    "serving/http/parcels/__init__.py": """
        '''Parcels over HTTP.'''

        from fastapi import APIRouter


        def router(runtime):
            routes = APIRouter(prefix="/v1/parcels")

            @routes.get("/{warehouse_id}")
            def get_parcels(warehouse_id: str) -> dict[str, float]:
                '''How many parcels a warehouse sends a day.'''
                asked = [{"warehouse_id": warehouse_id}]
                (found,) = runtime.store.online_values("parcels", asked, runtime.now())
                return {"parcels": float(found["parcels"])}

            return routes
    """,
}
DRIVER = """
    import sys
    from pathlib import Path

    added = Path(sys.argv[1])
    import data.use_cases

    data.use_cases.USE_CASES = (*data.use_cases.USE_CASES, "parcels")  # the one line
    import decisions, features, models, serving.http, training

    for package in (decisions, features, models, serving.http, training):
        package.__path__.append(str(added / package.__name__.replace(".", "/")))
    from argosy import main

    for arguments in (
        ["ingest", str(added / "tables")],
        ["train", "parcels"],
        ["score", "parcels", "--out", str(added / "out.csv")],
        ["status", "--json"],
    ):
        try:
            main(arguments)
        except SystemExit as ended:
            assert not ended.code, (arguments, ended.code)

    from data.settings import Settings
    from fastapi.testclient import TestClient
    from serving.http.app import create_app

    with TestClient(create_app(Settings())) as client:
        print("served", client.get("/v1/parcels/w1").json())
"""


@pytest.mark.slow
def test_a_use_case_more_is_trained_scored_served_and_shown(tmp_path: Path) -> None:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(dedent(text))
    tables = tmp_path / "tables"
    tables.mkdir()
    head = "order_id,line_no,ordered_at,customer_id,product_id,warehouse_id"
    head += ",quantity,unit_price,currency"
    lines = [f"o{day},1,2024-03-0{day}T10:00:00Z,c,p,w1,1,2.0,EUR" for day in range(1, 8)]
    (tables / "orders.csv").write_text("\n".join([head, *lines]))
    driver = tmp_path / "driver.py"
    driver.write_text(dedent(DRIVER))
    environment = {
        "ARGOSY_HOME": str(tmp_path / "home"),
        "ARGOSY_USE_CASES": "parcels",
        "ARGOSY_AUTH": "false",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, str(driver), str(tmp_path)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "served {'parcels': 1.0}" in done.stdout
    assert (tmp_path / "out.csv").read_text() == "warehouse_id,parcels\nw1,1.0\n"
    shown = done.stdout[done.stdout.index('{\n  "clock"') : done.stdout.rindex("served")]
    assert json.loads(shown)["models"]["parcels"]["version"] == "1"
