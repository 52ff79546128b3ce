import numpy as np
import pandas as pd
import pytest

from features.windows import IDLE_DAYS, PARTNER_CAP, Key, Velocity, VelocityPlan, velocity
from features.windows.plan import slot

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
START = 1_500_000_000_000 // DAY * DAY

CARD = Key("card", ("card_id",), ("device_id",))
PLAN = VelocityPlan(
    (CARD,),
    (
        Velocity("n_1m", "card", "count", "1m"),
        Velocity("n_1d", "card", "count", "1d"),
        Velocity("n", "card", "count"),
        Velocity("paid_1h", "card", "amount", "1h"),
        Velocity("declined_1d", "card", "declines", "1d"),
        Velocity("frauds", "card", "frauds"),
        Velocity("devices_1d", "card", "distinct", "1d", "device_id"),
        Velocity("logs", "card", "log_amount"),
        Velocity("squares", "card", "log_amount_squared"),
        Velocity("fraud", "card", "since_fraud"),
        Velocity("paid_since", "card", "payments_since_fraud"),
        Velocity("first_fraud_1d", "card", "since_first_fraud", "1d"),
        Velocity("last", "card", "since_last"),
        Velocity("first", "card", "since_first"),
    ),
)


def stream(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Events from (at, card, device, payments, cents, declines, frauds), at in ms from START."""
    columns = ["at", "card_id", "device_id", "payments", "cents", "declines", "frauds"]
    frame = pd.DataFrame(rows, columns=columns)
    logs = frame["payments"] * 3_000
    return frame.assign(at=frame["at"] + START, logs=logs, squares=logs**2)


def paid(at: int, card: str | None = "k", device: str | None = None, cents: int = 100) -> tuple:
    return (at, card, device, 1, cents, 0, 0)


def test_a_payment_sees_what_came_before_it_and_never_itself() -> None:
    answer = velocity(stream(paid(0), paid(10 * SECOND), paid(20 * SECOND)), PLAN)
    assert answer["n_1m"].tolist() == [0, 1, 2]
    assert answer["paid_1h"].tolist() == [0.0, 1.0, 2.0]
    assert answer["last"].fillna(-1).tolist() == [-1, 10, 10]
    assert answer["first"].fillna(-1).tolist() == [-1, 10, 20]


def test_ties_are_in_the_order_of_arrival() -> None:
    assert velocity(stream(paid(0), paid(0)), PLAN)["n_1m"].tolist() == [0, 1]


def test_a_window_is_whole_buckets_with_the_current_one() -> None:
    answer = velocity(stream(paid(0), paid(23 * HOUR), paid(24 * HOUR)), PLAN)
    assert answer["n_1d"].tolist() == [0, 1, 1]
    assert answer["n"].tolist() == [0, 1, 2]


def test_a_late_event_counts_at_the_newest_time_of_its_key() -> None:
    answer = velocity(stream(paid(5 * DAY), paid(0), paid(5 * DAY + SECOND)), PLAN)
    assert answer["n_1m"].tolist() == [0, 1, 2]
    assert answer["last"].fillna(-1).tolist() == [-1, 0, 1]


def test_a_key_idle_for_long_starts_anew() -> None:
    idle = IDLE_DAYS * DAY
    answer = velocity(stream(paid(0), paid(idle), paid(2 * idle + DAY)), PLAN)
    assert answer["n"].tolist() == [0, 1, 0]
    assert np.isnan(answer["first"].iloc[2])


def test_a_payment_without_the_key_has_no_values() -> None:
    answer = velocity(stream(paid(0), paid(1, card=None), paid(2)), PLAN)
    assert answer.iloc[1].isna().all()
    assert answer["n"].iloc[2] == 1


def test_declines_and_reports_count_from_the_next_event_on() -> None:
    rows = stream(
        (0, "k", None, 1, 100, 1, 0), (SECOND, "k", None, 0, 0, 0, 1), paid(2 * SECOND), paid(DAY)
    )
    answer = velocity(rows, PLAN)
    assert answer["declined_1d"].tolist() == [0, 1, 1, 0]
    assert answer["frauds"].tolist() == [0, 0, 1, 1]
    assert answer["n"].tolist() == [0, 1, 1, 2]  # a report is no payment


def test_times_since_fraud_was_reported() -> None:
    def told(at: int) -> tuple:
        return (at, "k", None, 0, 0, 0, 1)

    rows = stream(
        paid(0), told(HOUR), paid(2 * HOUR), told(3 * HOUR), paid(4 * HOUR), paid(26 * HOUR)
    )
    answer = velocity(rows, PLAN).fillna(-1)
    hours = [-1, -1, 1, 2, 1, 23]
    assert answer["fraud"].tolist() == [hour if hour < 0 else hour * 3_600 for hour in hours]
    assert answer["paid_since"].tolist() == [-1, -1, 0, 1, 0, 1]
    first = [-1, -1, 1, 2, 3, 23]  # the report of the first hour has left the window by then
    assert answer["first_fraud_1d"].tolist() == [h if h < 0 else h * 3_600 for h in first]


def test_logs_of_amounts_are_summed() -> None:
    answer = velocity(stream(paid(0), paid(1), paid(2)), PLAN)
    assert answer["logs"].tolist() == [0, 3, 6]
    assert answer["squares"].tolist() == [0, 9, 18]


def test_a_plan_for_the_columns_there_are() -> None:
    pair = Key("pair", ("card_id", "device_id"))
    plan = VelocityPlan((CARD, pair), (*PLAN.features, Velocity("n2", "pair", "count")))
    less = plan.only(["card_id"])
    assert [key.name for key in less.keys] == ["card"]
    assert less.names == tuple(name for name in PLAN.names if name != "devices_1d")
    assert plan.only(["card_id", "device_id"]) == plan


def test_distinct_partners_in_the_window() -> None:
    rows = stream(
        paid(0, device="a"),
        paid(1, device="b"),
        paid(2, device="a"),
        paid(3, device=None),
        paid(23 * HOUR, device="c"),
        paid(25 * HOUR, device="c"),
    )
    assert velocity(rows, PLAN)["devices_1d"].tolist() == [0, 1, 2, 2, 2, 1]


def test_distinct_partners_are_counted_to_a_cap() -> None:
    many = [paid(place, device=f"d{place}") for place in range(PARTNER_CAP + 5)]
    answer = velocity(stream(*many), PLAN)["devices_1d"]
    assert answer.iloc[-1] == PARTNER_CAP
    assert answer.iloc[PARTNER_CAP - 1] == PARTNER_CAP - 1


def test_keys_do_not_mix_and_the_index_is_kept() -> None:
    rows = stream(paid(0, "a"), paid(1, "b"), paid(2, "a")).set_index(pd.Index([7, 7, 3]))
    answer = velocity(rows, PLAN)
    assert answer["n"].tolist() == [0, 0, 1]
    assert answer.index.tolist() == [7, 7, 3]


def test_two_columns_make_a_key_together() -> None:
    pair = VelocityPlan((Key("pair", ("card_id", "device_id")),), (Velocity("n", "pair", "count"),))
    rows = stream(paid(0, "a", "x"), paid(1, "a", "y"), paid(2, "a", "x"), paid(3, "a", None))
    assert velocity(rows, pair)["n"].fillna(-1).tolist() == [0, 0, 1, -1]


def test_no_events_no_values() -> None:
    answer = velocity(stream(paid(0)).iloc[:0], PLAN)
    assert list(answer.columns) == list(PLAN.names)
    assert answer.empty


def test_windows_that_are_not_kept() -> None:
    for wrong in (
        Velocity("x", "card", "distinct", "ever", "device_id"),
        Velocity("x", "card", "log_amount", "1d"),
    ):
        with pytest.raises(ValueError, match="ever"):
            slot(CARD, wrong)
