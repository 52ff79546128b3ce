"""The recipe of replenishment."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from features.store import Store
from models.base import Model
from tests.training.replenishment.history import AS_OF, FIRST, PACE, PRODUCTS
from training.job import Context, ParameterError
from training.replenishment import RECIPE


def test_the_frame_pairs_each_origin_with_what_came_after(
    context: Context, frame: pd.DataFrame
) -> None:
    assert len(frame) == 12 * PRODUCTS  # the newest origin has nothing after it yet
    assert frame["event_timestamp"].max() == pd.Timestamp(AS_OF - timedelta(weeks=1))
    one = frame[(frame["product_id"] == "P3")].sort_values("event_timestamp")
    sold = context.lake.read("orders")
    sold = sold[sold["product_id"] == "P3"].set_index("ordered_at")["quantity"]
    for at, demand in zip(one["event_timestamp"], one["demand"], strict=True):
        assert demand == [sold.get(at + pd.Timedelta(days=2), 0.0)]
    assert (one["lead_time_mean"] == 7).all()
    assert one["on_hand"].iloc[0] == np.ceil(PACE * 2)[3]


def test_enough_is_checked(frame: pd.DataFrame) -> None:
    assert RECIPE.check(frame) == []
    (nothing,) = RECIPE.check(frame.iloc[:0])
    assert "has sales in `orders` over several closed periods" in nothing
    (few,) = RECIPE.check(frame[frame["event_timestamp"] == frame["event_timestamp"].max()])
    assert few.startswith("Closed periods of `orders` to replay: 1 of at least 4, from 1 of at")


@pytest.mark.parametrize(
    ("ratio", "low", "high", "named"),
    [(8.26, 3.56, 31.4, "min-max (2.2)"), (1.05, 0.9, 1.2, ""), (1.2, 1.1, 1.4, "moving average")],
)
def test_ours_gives_way_to_what_is_cheaper_beyond_chance(
    ratio: float, low: float, high: float, named: str
) -> None:
    ours = {"cost_ratio": ratio, "cost_ratio_low": low, "cost_ratio_high": high}
    others = {"moving average": {"cost_ratio": 1.0}, "min-max": {"cost_ratio": 2.2}}
    told = RECIPE.lost_to(ours, others) if RECIPE.lost_to else ""
    assert (named in told) if named else (told == "")


def test_sparse_origins_carry_the_weeks_between(context: Context, tmp_path: object) -> None:
    early = Context(
        context.settings,
        context.lake,
        _Sparse(context.store),  # type: ignore[arg-type]
        AS_OF,
        {},
        progress=lambda text: None,
    )
    found = RECIPE.frame(early)
    assert sorted({len(demand) for demand in found["demand"]}) == [4]
    assert found["event_timestamp"].nunique() == 3


class _Sparse:
    """A store in which only every fourth origin was forecast."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.latest, self.training_frame = store.latest, store.training_frame

    def history(self, view: str, as_of: datetime) -> pd.DataFrame:
        rows = self._store.history(view, as_of)
        if view != "forecast":
            return rows
        weeks = (rows["event_timestamp"] - pd.Timestamp(FIRST)).dt.days // 7
        return rows[(weeks % 4 == 0)]


def test_ours_beats_its_baselines_on_the_later_weeks(context: Context, frame: pd.DataFrame) -> None:
    split = RECIPE.split(frame, context)
    assert split.train["event_timestamp"].max() < split.cut
    assert (split.test["event_timestamp"] >= split.cut).all()
    ours = RECIPE.score(RECIPE.model(context).fit(split.train), split)
    assert set(ours) >= {"cost_ratio", "cost", "fill_rate", "stock_value"}
    for name, baseline in RECIPE.baselines(context).items():
        theirs = RECIPE.score(baseline.fit(split.train), split)
        assert ours["cost_ratio"] < theirs["cost_ratio"]
        if name == "moving average":
            assert theirs["cost_ratio"] == pytest.approx(1.0)


def test_the_sample_is_answered_again_the_same(context: Context, frame: pd.DataFrame) -> None:
    model: Model = RECIPE.model(context).fit(frame)
    sample = RECIPE.sample(frame)
    assert "demand" not in sample
    assert set(RECIPE.features) <= set(sample)
    assert_frame_equal(model.predict(sample), model.predict(sample.copy()))


def test_a_parameter_can_be_set(context: Context) -> None:
    given = Context(
        context.settings,
        context.lake,
        context.store,
        AS_OF,
        {"default_service_level": "0.9"},
        progress=lambda text: None,
    )
    assert RECIPE.model(given).default_service_level == 0.9  # type: ignore[attr-defined]
    with pytest.raises(ParameterError, match="fit_pairs"):
        RECIPE.model(
            Context(given.settings, given.lake, given.store, AS_OF, {"x": "1"}, given.progress)
        )
