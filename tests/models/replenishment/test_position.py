"""What is there or on its way."""

from tests.models.replenishment.policy_frames import line


def test_what_is_there_or_coming_is_not_ordered_again() -> None:
    # 35 in two weeks of lead time: hardly anything is lost, with or without the rest.
    bare = line(on_hand=35.0, service_level=0.98)
    coming = {"open_quantities": [4.0], "open_due_days": [20.0]}
    stocked = line(on_hand=38.0, reserved=2.0, service_level=0.98, **coming)
    assert stocked["order_quantity"] == bare["order_quantity"] - 3 + 2 - 4
    assert stocked["inventory_position"] == 40
    assert stocked["on_order"] == 4


def test_an_overdue_order_counts_for_four_weeks() -> None:
    overdue = line(
        open_quantities=[5.0, 6.0], open_due_days=[-40.0, -3.0], open_age_days=[54.0, 17.0]
    )
    assert overdue["on_order"] == 6
    assert "overdue purchase order is expected by the learned lead time" in overdue["reason"]
    assert "5 on order more than 28 days late are not counted" in overdue["reason"]
