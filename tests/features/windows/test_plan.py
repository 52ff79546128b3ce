"""A plan of velocities: where each value stands, and what is left of it with fewer columns."""

import pytest

from features.windows.plan import MEASURE_OF, TIMES, WINDOWS, Key, Velocity, VelocityPlan, slot

CARD = Key("card", ("card_id",), ("device_id", "ip_address"))
PAIR = Key("pair", ("card_id", "device_id"))


def plan(*features: Velocity) -> VelocityPlan:
    return VelocityPlan((CARD, PAIR), features)


def every_feature() -> list[Velocity]:
    ever = [Velocity(f"{a}_ever", "card", a) for a in MEASURE_OF]  # type: ignore[arg-type]
    spans = [
        Velocity(f"{a}_{w.name}", "card", a, w.name)  # type: ignore[arg-type]
        for a in ("count", "amount", "declines", "frauds", "since_first_fraud")
        for w in WINDOWS
    ]
    times = [Velocity(name, "card", name) for name in TIMES]  # type: ignore[arg-type]
    partners = [
        Velocity(f"{p}_{w.name}", "card", "distinct", w.name, p)
        for p in CARD.partners
        for w in WINDOWS
    ]
    return [*ever, *spans, *times, *partners]


def test_no_two_features_stand_in_one_place() -> None:
    slots = [slot(CARD, feature) for feature in every_feature()]
    assert len(set(slots)) == len(slots)
    assert sorted(slots) == list(range(len(slots)))


def test_what_is_kept_for_ever_has_no_window() -> None:
    with pytest.raises(ValueError, match="log_amount is known for ever only"):
        slot(CARD, Velocity("x", "card", "log_amount", "1h"))


def test_names_stand_key_by_key() -> None:
    made = plan(Velocity("b", "pair", "count"), Velocity("a", "card", "count", "1h"))
    assert made.names == ("a", "b")
    assert made.columns == ("card_id", "device_id", "ip_address")
    assert [
        window.name for window, used in zip(WINDOWS, made.spans(CARD), strict=True) if used
    ] == ["1h"]


def test_with_fewer_columns_the_rest_is_known_all_the_same() -> None:
    made = plan(
        Velocity("n", "card", "count"),
        Velocity("d", "card", "distinct", "1d", "device_id"),
        Velocity("i", "card", "distinct", "1d", "ip_address"),
        Velocity("p", "pair", "count"),
    )
    left = made.only(["card_id", "ip_address"])
    assert left.names == ("n", "i")
    assert made.only(["device_id"]).names == ()
    assert made.only(made.columns) == made


def test_another_plan_is_another_version() -> None:
    one = plan(Velocity("n", "card", "count", "1h"))
    assert one.version == plan(Velocity("n", "card", "count", "1h")).version
    assert one.version != plan(Velocity("n", "card", "count", "1d")).version


def test_hundredths_become_money_and_milliseconds_seconds() -> None:
    made = plan(
        Velocity("n", "card", "count"),
        Velocity("a", "card", "amount"),
        Velocity("s", "card", "since_last"),
    )
    assert made.scale().tolist() == [1.0, 100.0, 1000.0]
