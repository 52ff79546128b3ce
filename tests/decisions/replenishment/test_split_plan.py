"""A plan made in pieces is the plan made whole, to the last digit."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from decisions.replenishment import split_plan
from decisions.replenishment.split_plan import plan_on
from models.replenishment import OrderUpTo
from models.replenishment.budget import Caps
from models.replenishment.plan import Options
from models.replenishment.transfers import Moves
from tests.models.replenishment.plan_frames import pair
from tests.models.replenishment.planning import frame, row, windows
from tests.pieces import map_pieces


@pytest.fixture(autouse=True, scope="module")
def _in_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split_plan, "map_partitions", map_pieces)
        yield


STOCKS = st.lists(st.integers(0, 300), min_size=12, max_size=12)


@hypothesis_settings(max_examples=10, deadline=None)
@given(STOCKS, st.sampled_from([None, 90.0, 400.0]), st.sampled_from([0.0, 500.0]))
def test_pieces_and_whole_are_one_plan(
    stocks: list[int], capacity: float | None, least: float
) -> None:
    given = frame(
        *(
            row(
                warehouse_id=f"W{number % 4}",
                product_id=f"P{number // 4}",
                supplier_id=f"S{number % 2}",
                on_hand=float(stock),
                capacity_units=np.nan if capacity is None else capacity,
                minimum_order_value=least,
                **windows(20.0 + number, 8.0),
            )
            for number, stock in enumerate(stocks)
        )
    )
    whole = OrderUpTo().plan(given, Options())
    split = plan_on("spark://nowhere", OrderUpTo(), given, Options())
    assert_frame_equal(split.lines, whole.lines, rtol=1e-9, atol=1e-9)
    assert_frame_equal(split.transfers, whole.transfers, check_dtype=False)


def test_without_transfers_there_is_one_step() -> None:
    given = frame(*pair())
    split = plan_on("spark://nowhere", OrderUpTo(), given, Options(moving=None))
    assert split.transfers.empty
    assert_frame_equal(split.lines, OrderUpTo().plan(given, Options(moving=None)).lines)


def test_a_budget_over_all_warehouses_is_filled_whole() -> None:
    given, options = frame(*pair()), Options(Caps(100.0, np.inf, np.inf))
    split = plan_on("spark://nowhere", OrderUpTo(), given, options)
    assert split.filled is not None
    assert_frame_equal(split.lines, OrderUpTo().plan(given, options).lines)


def test_moves_of_a_table_are_the_moves_that_made_it() -> None:
    given = frame(*pair())
    made = OrderUpTo().plan_transfers(given, Options())
    again = Moves.of(made.table)
    assert made.table["quantity"].sum() > 0
    assert again.net.sort_index().to_dict() == made.net[made.net != 0].sort_index().to_dict()
    assert Moves.of(Moves.none().table).net.empty
