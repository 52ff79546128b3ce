import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from data.settings import Settings
from data.views import Terms, View
from features.store import OnlineStoreError, Store
from features.store.columns import StoreError, ViewError

START = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@dataclass
class Tables:
    """A lake of one table, `visits`, in memory."""

    visits: pd.DataFrame = field(default_factory=lambda: visits())
    reads: int = 0

    def version(self) -> str:
        return str(pd.util.hash_pandas_object(self.visits.astype(str)).sum())

    def read(self, table: str, *, as_of: datetime) -> pd.DataFrame:
        assert table == "visits"
        self.reads += 1
        return self.visits[self.visits.when <= as_of]


def visits(*rows: tuple[str, str, float, float | None]) -> pd.DataFrame:
    """Rows of (customer, shop, day, spent)."""
    return pd.DataFrame(
        {
            "customer": pd.Series([row[0] for row in rows], dtype=object),
            "shop": pd.Series([row[1] for row in rows], dtype=object),
            "when": pd.to_datetime([day(row[2]) for row in rows], utc=True),
            "spent": pd.Series([row[3] for row in rows], dtype="float64"),
        }
    )


def last_visit(tables: dict[str, pd.DataFrame], as_of: datetime, terms: Terms) -> pd.DataFrame:
    """Every visit is a row of history; each column another type, all with gaps."""
    rows = tables["visits"].drop_duplicates(["customer", "when"], keep="last")
    spent = rows.spent
    known = spent.notna()
    return pd.DataFrame(
        {
            "customer_id": rows.customer,
            "event_timestamp": rows.when,
            "spent": spent,
            "whole": spent.round().astype("Int64"),
            "shop": rows.shop.where(known, None),
            "large": (spent > 10).astype("boolean").mask(~known),
            "curve": [[v, v / 3] if v == v else None for v in spent],
            "tags": [[s, ""] if v == v else [] for s, v in zip(rows.shop, spent, strict=True)],
        }
    )


def by_shop(tables: dict[str, pd.DataFrame], as_of: datetime, terms: Terms) -> pd.DataFrame:
    rows = tables["visits"].drop_duplicates(["customer", "shop", "when"], keep="last")
    return pd.DataFrame(
        {
            "shop_id": rows.shop,
            "customer_id": rows.customer,
            "event_timestamp": rows.when,
            "spent_here": rows.spent,
        }
    )


VIEWS = (
    View(
        "last_visit",
        ("customer_id",),
        {
            "spent": "float",
            "whole": "int",
            "shop": "str",
            "large": "bool",
            "curve": "float[]",
            "tags": "str[]",
        },
        ("visits",),
        last_visit,
        timedelta(days=2),
    ),
    View("by_shop", ("shop_id", "customer_id"), {"spent_here": "float"}, ("visits",), by_shop),
    View("outlook", ("shop_id",), {"mean": "float[]", "made_by": "str"}, ttl=timedelta(days=5)),
    View("past", ("customer_id",), {"noted": "float"}, online=False),
)
SERVICES = {"fraud": ("last_visit", "by_shop"), "forecasting": ("outlook", "past")}


@pytest.fixture
def lake() -> Tables:
    return Tables()


@pytest.fixture(scope="session")
def told_home(tmp_path_factory) -> Path:
    """A home where Feast has been told of the views, which takes a second or two."""
    home: Path = tmp_path_factory.mktemp("told") / "home"
    opened = Store(Settings(home=home), Tables(), views=VIEWS, services=SERVICES)
    opened.materialize(START)
    opened.close()
    return home


@pytest.fixture
def settings(told_home: Path, tmp_path: Path) -> Settings:
    return Settings(home=shutil.copytree(told_home, tmp_path / "home"))


@pytest.fixture(params=["embedded", "servers"])
def any_settings(request, tmp_path) -> Settings:
    if request.param == "embedded":
        return request.getfixturevalue("settings")
    return Settings(
        home=tmp_path / "home",
        online_store_url=request.getfixturevalue("redis_url"),
        registry_url=request.getfixturevalue("postgres_url"),
        namespace=request.getfixturevalue("namespace"),
    )


@pytest.fixture
def store(settings: Settings, lake: Tables) -> Iterator[Store]:
    opened = Store(settings, lake, views=VIEWS, services=SERVICES)
    yield opened
    opened.close()


@pytest.fixture
def any_store(any_settings: Settings, lake: Tables) -> Iterator[Store]:
    opened = Store(any_settings, lake, views=VIEWS, services=SERVICES)
    yield opened
    opened.close()


def entities(*rows: tuple[str | None, ...], columns: str = "customer_id shop_id") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split(), dtype=object)


def at(frame: pd.DataFrame, *days: float) -> pd.DataFrame:
    return frame.assign(event_timestamp=pd.to_datetime([day(d) for d in days], utc=True))


def outlook(*rows: tuple[str, float, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "shop_id": [row[0] for row in rows],
            "event_timestamp": pd.to_datetime([day(row[1]) for row in rows], utc=True),
            "mean": [row[2] for row in rows],
            "made_by": "naive",
        }
    )


TYPES = {
    "spent": "float64",
    "whole": "Int64",
    "shop": "object",
    "large": "boolean",
    "curve": "object",
    "tags": "object",
    "spent_here": "float64",
}


def test_training_and_online_frames_keep_rows_order_index_and_types(any_store, lake):
    lake.visits = visits(("ann", "x", 1, 5.0), ("ann", "x", 3, 12.0), ("bob", "y", 3, None))
    any_store.materialize(day(4))
    who = entities(("bob", "y"), ("ann", "x"), (None, "x"), ("eve", "x"), ("ann", "x"))
    who.index = [7, 7, 1, 0, -3]
    who["amount"] = [1, 2, 3, 4, 5]
    trained = any_store.training_frame("fraud", at(who, 4, 4, 4, 4, 4), day(4))
    served = any_store.online_frame("fraud", who, day(4))
    assert_frame_equal(trained.drop(columns="event_timestamp"), served)
    assert list(served.index) == [7, 7, 1, 0, -3]
    assert list(served.columns) == ["customer_id", "shop_id", "amount", *TYPES]
    assert served.dtypes[list(TYPES)].astype(str).to_dict() == TYPES
    assert served.spent.fillna(-1).tolist() == [-1, 12, -1, -1, 12]
    assert served.whole.tolist() == [pd.NA, 12, pd.NA, pd.NA, 12]
    assert served.shop.tolist() == [None, "x", None, None, "x"]
    assert served.curve.tolist() == [None, [12.0, 4.0], None, None, [12.0, 4.0]]
    assert served.tags.tolist() == [[], ["x", ""], None, None, ["x", ""]]


def test_a_value_expires_on_both_paths(store, lake):
    lake.visits = visits(("ann", "x", 1, 5.0))
    store.materialize(day(1))
    ann = entities(("ann",), columns="customer_id")
    for now, expected in ((3, 5.0), (3.001, -1)):
        trained = store.training_frame("fraud", at(ann, now), day(now))
        served = store.online_frame("fraud", ann, day(now))
        assert trained.spent.fillna(-1).tolist() == served.spent.fillna(-1).tolist() == [expected]


def test_views_whose_keys_are_not_asked_for_are_left_out(store, lake):
    lake.visits = visits(("ann", "x", 1, 5.0))
    store.materialize(day(1))
    ann = entities(("ann",), columns="customer_id")
    assert "spent_here" not in store.online_frame("fraud", ann, day(1))
    assert "spent_here" not in store.training_frame("fraud", ann, day(1))
    assert_frame_equal(store.training_frame("fraud", ann[[]], day(1)), ann[[]])
    assert list(store.online_frame("fraud", ann[:0], day(1)).columns) == [
        "customer_id",
        *list(TYPES)[:-1],
    ]


def test_views_not_kept_online_are_left_out_there(store):
    noted = entities(("ann",), columns="customer_id").assign(event_timestamp=day(1), noted=2.0)
    store.write("past", noted)
    ann = entities(("ann", "x"))
    assert store.training_frame("forecasting", ann, day(2)).noted.tolist() == [2.0]
    assert list(store.online_frame("forecasting", ann, day(2)).columns[2:]) == ["mean", "made_by"]
    (found,) = store.online_values("forecasting", [{"customer_id": "ann", "shop_id": "x"}], day(2))
    assert list(found) == ["mean", "made_by"]


def test_training_uses_nothing_later_than_as_of(store, lake):
    lake.visits = visits(("ann", "x", 1, 1.0), ("ann", "x", 2, 2.0))
    store.materialize(day(9))
    ann = entities(("ann",), ("ann",), columns="customer_id")
    found = store.training_frame("fraud", at(ann, 1.5, 9), day(1.9))
    assert found.spent.tolist() == [1.0, 1.0]
    assert store.training_frame("fraud", ann, day(1.9)).spent.tolist() == [1.0, 1.0]


def test_a_request_reads_the_same_values_without_pandas(any_store, lake):
    lake.visits = visits(("ann", "x", 1, 5.0))
    any_store.materialize(day(1))
    found = any_store.online_values(
        "fraud",
        [{"customer_id": "ann", "shop_id": "x"}, {"customer_id": None, "shop_id": "x"}],
        day(1),
    )
    known = {
        "spent": 5.0,
        "whole": 5,
        "shop": "x",
        "large": False,
        "curve": [5.0, 5 / 3],
        "tags": ["x", ""],
        "spent_here": 5.0,
    }
    assert found == [known, dict.fromkeys(known)]
    assert any_store.online_values("fraud", [], day(1)) == []


def test_plain_feast_reads_what_the_store_wrote(any_store, any_settings, lake):
    from feast import FeatureStore

    lake.visits = visits(("ann", "x", 1, 5.0), ("bob", "y", 1, None))
    any_store.materialize(day(1))
    feast = FeatureStore(repo_path=str(any_settings.feature_folder))
    rows = [{"customer_id": name, "shop_id": "x"} for name in ("ann", "bob", "eve")]
    online = feast.get_online_features(feast.get_feature_service("fraud"), rows).to_dict()
    assert online["spent"] == [5.0, None, None]
    assert online["whole"] == [5, None, None]
    assert online["shop"] == ["x", None, None]
    assert online["curve"] == [[5.0, 5 / 3], None, None]
    assert online["tags"] == [["x", ""], [], None]
    assert online["spent_here"] == [5.0, None, None]
    asked = at(entities(("ann", "x"), ("ann", "x"), ("bob", "y")), 1, 0, 1)
    offline = feast.get_historical_features(asked, feast.get_feature_service("fraud")).to_df()
    assert offline.whole.fillna(-1).tolist() == [5, -1, -1]
    feast.registry.write_engine.dispose()


def test_materialize_replaces_what_was_known_and_keeps_what_is_later(any_store, lake):
    lake.visits = visits(("ann", "x", 1, 1.0), ("ann", "x", 5, 5.0), ("bob", "x", 1, 1.0))
    any_store.materialize(day(6))
    lake.visits = visits(("ann", "x", 1, 7.0), ("eve", "x", 2, 2.0))
    any_store.materialize(day(3))
    history = any_store.history("by_shop", day(9))
    rows = list(zip(history.customer_id, history.spent_here, strict=True))
    assert rows == [("ann", 7.0), ("ann", 5.0), ("eve", 2.0)]
    who = entities(("ann", "x"), ("bob", "x"), ("eve", "x"))
    served = any_store.online_frame("fraud", who, day(6))
    assert served.spent_here.fillna(-1).tolist() == [5.0, -1, 2.0]


def test_a_withdrawn_fact_is_gone_online_too(any_store, lake):
    lake.visits = visits(("ann", "x", 1, 1.0), ("ann", "x", 2, 2.0), ("bob", "x", 2, 2.0))
    any_store.materialize(day(3))
    lake.visits = visits(("ann", "x", 1, 1.0))
    any_store.materialize(day(3))
    who = entities(("ann", "x"), ("bob", "x"))
    served = any_store.online_frame("fraud", who, day(2))
    assert served.spent_here.fillna(-1).tolist() == [1.0, -1]


def test_a_crash_between_the_offline_and_the_online_write_is_made_good(store, lake, monkeypatch):
    lake.visits = visits(("ann", "x", 1, 1.0), ("bob", "x", 1, 1.0))
    store.materialize(day(3))
    lake.visits = visits(("bob", "x", 2, 2.0))
    with monkeypatch.context() as patch:
        patch.setattr(store, "_publish_all", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.materialize(day(3))
    store.ensure(day(3))
    served = store.online_frame("fraud", entities(("ann", "x"), ("bob", "x")), day(2))
    assert served.spent_here.fillna(-1).tolist() == [-1, 2.0]


def test_ensure_works_only_when_there_is_something_to_do(any_store, any_settings, lake):
    lake.visits = visits(("ann", "x", 1, 1.0))
    any_store.ensure(day(3))
    assert lake.reads == 1  # both views share one reading
    any_store.ensure(day(3))
    any_store.ensure(day(2))
    assert lake.reads == 1
    any_store.ensure(day(4))
    assert lake.reads == 2
    lake.visits = visits(("ann", "x", 1, 1.5))
    any_store.ensure(day(4))
    assert lake.reads == 3


def test_ensure_fills_an_online_store_that_lost_its_values(store, settings, lake):
    lake.visits = visits(("ann", "x", 1, 1.0))
    store.ensure(day(3))
    store.close()
    for file in settings.feature_folder.glob("online.db*"):
        file.unlink()
    store.ensure(day(3))
    ann = entities(("ann", "x"))
    assert store.online_frame("fraud", ann, day(3)).spent_here.tolist() == [1.0]


def test_written_rows_upsert_by_key_and_time(any_store):
    assert any_store.write("outlook", outlook(("x", 1, [1.0]), ("x", 2, [2.0]))) == 2
    version = any_store.version()
    any_store.write("outlook", outlook(("x", 1, [1.0]), ("x", 2, [2.0])))
    assert any_store.version() == version
    any_store.write("outlook", outlook(("x", 1, [9.0]), ("y", 1, [3.0, 4.0])))
    assert any_store.version() != version
    history = any_store.history("outlook", day(9))
    assert history["mean"].tolist() == [[9.0], [2.0], [3.0, 4.0]]
    assert any_store.history("outlook", day(1))["mean"].tolist() == [[9.0], [3.0, 4.0]]
    assert any_store.history("outlook", day(9), day(1.5))["mean"].tolist() == [[2.0]]
    shops = entities(("x",), ("y",), ("z",), columns="shop_id")
    served = any_store.online_frame("forecasting", shops, day(3))
    assert served["mean"].tolist() == [[2.0], [3.0, 4.0], None]
    assert any_store.online_frame("forecasting", shops, day(6.5))["mean"].tolist() == [
        [2.0],
        None,
        None,
    ]


def test_times_are_kept_to_the_microsecond(any_store):
    finer = pd.Timestamp(day(1)) + pd.Timedelta(1500, "ns")
    rows = outlook(("x", 0, [1.0])).assign(event_timestamp=finer)
    any_store.write("outlook", rows)
    assert any_store.history("outlook", finer)["event_timestamp"].tolist() == [finer.floor("us")]
    assert any_store.latest("outlook", finer - pd.Timedelta(501, "ns")).empty
    shops = entities(("x",), columns="shop_id")
    end = finer.floor("us") + timedelta(days=5)
    for now, expected in ((end, [[1.0]]), (end + timedelta(microseconds=1), [None])):
        assert any_store.online_frame("forecasting", shops, now)["mean"].tolist() == expected
        assert any_store.training_frame("forecasting", shops, now)["mean"].tolist() == expected


def test_latest_is_the_newest_living_row_of_each_key(store):
    store.write("outlook", outlook(("x", 1, [1.0]), ("x", 3, [3.0]), ("y", 2, [2.0])))
    assert store.latest("outlook", day(2))["mean"].tolist() == [[1.0], [2.0]]
    assert store.latest("outlook", day(7.5)).shop_id.tolist() == ["x"]
    assert store.latest("outlook", day(7.5), arrow_text=True).shop_id.tolist() == ["x"]
    assert store.latest("outlook", day(0)).empty
    assert store.latest("past", day(0)).columns.tolist() == [
        "customer_id",
        "event_timestamp",
        "noted",
    ]


def test_job_written_views_reach_a_new_online_store(store, settings, lake):
    store.write("outlook", outlook(("x", 1, [1.0])))
    store.close()
    for file in settings.feature_folder.glob("online.db*"):
        file.unlink()
    store.materialize(day(2))
    shops = entities(("x",), columns="shop_id")
    assert store.online_frame("forecasting", shops, day(2))["mean"].tolist() == [[1.0]]


def test_a_new_feature_of_a_view_is_unknown_in_older_rows(store, settings, lake):
    store.write("outlook", outlook(("x", 1, [1.0])))
    wider = View("outlook", ("shop_id",), {"mean": "float[]", "made_by": "str", "bias": "float"})
    later = Store(settings, lake, views=[wider], services={"forecasting": ("outlook",)})
    row = outlook(("y", 1, [2.0])).assign(bias=0.5)
    later.write("outlook", row)
    shops = entities(("x",), ("y",), columns="shop_id")
    trained = later.training_frame("forecasting", shops, day(2))
    assert trained.bias.fillna(-1).tolist() == [-1, 0.5]
    later.close()


def test_a_new_feature_that_nobody_knows_yet_can_be_asked_for(store, settings, lake):
    """Rows that are the same but for a column without any value are written anew all the same;
    those of a job are not even made again."""
    lake.visits = visits(("ann", "x", 1, 1.0))
    store.materialize(day(2))
    store.write("outlook", outlook(("x", 1, [1.0])))

    def with_tip(tables: dict[str, pd.DataFrame], as_of: datetime, terms: Terms) -> pd.DataFrame:
        return last_visit(tables, as_of, terms).assign(tip=float("nan"))

    former = VIEWS[0]
    features = {**former.features, "tip": "float"}
    wider = View("last_visit", ("customer_id",), features, ("visits",), with_tip)
    made = View("outlook", ("shop_id",), {"mean": "float[]", "made_by": "str", "bias": "float"})
    services = {"fraud": ("last_visit",), "forecasting": ("outlook",)}
    later = Store(settings, lake, views=[wider, made], services=services)
    later.materialize(day(2))
    trained = later.training_frame("fraud", entities(("ann",), columns="customer_id"), day(2))
    assert trained.spent.tolist() == [1.0]
    assert trained.tip.isna().all()
    forecast = later.training_frame("forecasting", entities(("x",), columns="shop_id"), day(2))
    assert forecast["mean"].tolist() == [[1.0]]
    assert forecast.bias.isna().all()
    later.close()


def test_version_follows_every_change(store, lake):
    empty = store.version()
    lake.visits = visits(("ann", "x", 1, 1.0))
    store.materialize(day(3))
    first = store.version()
    assert first != empty
    lake.visits = visits(("ann", "x", 1, 2.0))
    store.materialize(day(3))
    assert store.version() != first


def test_progress_and_report_name_the_views(store, lake):
    lake.visits = visits(("ann", "x", 1, 1.0), ("ann", "x", 2, 1.0))
    seen: list[tuple[str, float]] = []
    report = store.materialize(day(3), progress=lambda name, share: seen.append((name, share)))
    assert seen == [
        ("last_visit", 0),
        ("by_shop", 0.25),
        ("outlook", 0.5),
        ("past", 0.75),
        ("done", 1),
    ]
    assert [(view.view, view.rows, view.online) for view in report.views] == [
        ("last_visit", 2, 1),
        ("by_shop", 2, 1),
        ("outlook", 0, 0),
        ("past", 0, 0),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shop_id": None}, "key shop_id is empty in 1 rows"),
        ({"event_timestamp": pd.NaT}, "event_timestamp is"),
        ({"event_timestamp": datetime(2024, 1, 1)}, "expected a time with zone"),  # noqa: DTZ001
        ({"mean": "high"}, "column mean: not float"),
        ({"made_by": 7}, "column made_by: not str"),
    ],
)
def test_rows_that_do_not_fit_their_view_are_refused(store, change, message):
    with pytest.raises(ViewError, match=message):
        store.write("outlook", outlook(("x", 1, [1.0])).assign(**change))
    assert store.history("outlook", day(9)).empty


def test_a_view_that_looks_ahead_is_refused(settings, lake):
    view = View(
        "ahead",
        ("customer_id",),
        {"n": "int"},
        (),
        lambda _, as_of, terms: pd.DataFrame(
            {"customer_id": ["a"], "event_timestamp": [pd.Timestamp(day(2))], "n": [1]}
        ),
    )
    store = Store(settings, lake, views=[view], services={"fraud": ("ahead",)})
    with pytest.raises(ViewError, match="1 rows are later than 2024-01-02"):
        store.materialize(day(1))
    store.close()


def test_wrong_questions_are_answered_with_the_remedy(store):
    with pytest.raises(StoreError, match="no views of 'frod'; there are those of fraud"):
        store.online_frame("frod", entities(), day(1))
    with pytest.raises(StoreError, match="no view 'outlok'"):
        store.history("outlok", day(1))
    with pytest.raises(StoreError, match="Ingest its tables instead: visits"):
        store.write("by_shop", pd.DataFrame())
    with pytest.raises(StoreError, match=r"customer_id of the entities must be text: .*int"):
        store.online_frame("fraud", entities((7,), columns="customer_id"), day(1))
    with pytest.raises(StoreError, match="would be there twice"):
        store.online_frame("fraud", entities(("ann", 1.0), columns="customer_id spent"), day(1))
    naive = entities(("ann",), columns="customer_id").assign(event_timestamp=pd.NaT)
    with pytest.raises(StoreError, match="must be a time with zone"):
        store.training_frame("fraud", naive, day(1))


def test_an_online_store_that_is_down_is_named(settings, lake, tmp_path):
    away = Settings(home=tmp_path / "away", online_store_url="redis://127.0.0.1:1/0")
    store = Store(away, lake, views=VIEWS, services=SERVICES)
    with pytest.raises(
        OnlineStoreError, match=r"Redis at ARGOSY_ONLINE_STORE_URL.*does not answer"
    ):
        store.online_frame("fraud", entities(("ann",), columns="customer_id"), day(1))
    store.close()


def test_feast_is_told_again_only_when_a_view_changes(store, settings, lake):
    store.materialize(day(1))
    again = Store(settings, lake, views=VIEWS, services=SERVICES)
    again.materialize(day(2))
    assert "_feast" not in again.__dict__
    fewer = Store(settings, lake, views=VIEWS[:1], services={"fraud": ("last_visit",)})
    fewer.materialize(day(2))
    assert [view.name for view in fewer._feast.list_feature_views()] == ["last_visit"]
    assert [service.name for service in fewer._feast.list_feature_services()] == ["fraud"]
    again.close()
    fewer.close()


def write_many(home: str, name: str) -> None:
    store = Store(Settings(home=Path(home)), Tables(), views=VIEWS, services=SERVICES)
    for number in range(8):
        store.write("outlook", outlook((f"{name}{number}", 1, [1.0])))
    store.close()


def test_writers_in_several_processes_lose_nothing(store, settings):
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['write_many'](*sys.argv[2:])"
    workers = [
        subprocess.Popen([sys.executable, "-c", code, __file__, str(settings.home), name])
        for name in "ab"
    ]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    assert len(store.history("outlook", day(9))) == 16
    shops = entities(*((f"{name}7",) for name in "ab"), columns="shop_id")
    assert store.online_frame("forecasting", shops, day(2))["mean"].tolist() == [[1.0]] * 2


def test_passwords_stay_in_a_file_of_their_owner(settings, lake, store):
    store.materialize(day(1))
    file = settings.feature_folder / "feature_store.yaml"
    assert json.loads(file.read_text())["offline_store"]["type"].startswith(
        "features.store.offline."
    )
    assert file.stat().st_mode & 0o077 == 0


VISIT = st.tuples(
    st.sampled_from(["ann", "bob"]),
    st.sampled_from(["x", "y"]),
    st.integers(0, 5),
    st.none() | st.floats(-1e6, 1e6),
)
STEPS = st.lists(st.tuples(st.lists(VISIT, max_size=8), st.integers(0, 6)), min_size=1, max_size=3)


@examples(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, wait=st.integers(0, 3))
def test_what_is_served_is_what_was_trained_on(any_store, lake, steps, wait):
    """Tables change, features are built as of this time and that; afterwards both paths agree."""
    lake.visits = visits()
    any_store.materialize(day(99))
    for rows, as_of in steps:
        lake.visits = visits(*rows)
        any_store.materialize(day(as_of))
    now = day(max(as_of for _, as_of in steps) + wait)
    who = entities(
        ("ann", "x"), ("bob", "y"), ("ann", "y"), ("eve", "x"), (None, "y"), ("ann", "x")
    )
    trained = any_store.training_frame("fraud", who, now)
    served = any_store.online_frame("fraud", who, now)
    assert_frame_equal(trained, served)
