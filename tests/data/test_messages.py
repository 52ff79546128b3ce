"""The id of a message is what makes it this very one."""

from data.messages import MESSAGE_KINDS, OutgoingMessage


def test_the_same_identity_is_the_same_message_whatever_it_says() -> None:
    one = OutgoingMessage("alert.raised", "sales", {"value": 1}, ("a", "b"))
    same = OutgoingMessage("alert.raised", "sales", {"value": 2}, ("a", "b"))
    assert one.message_id("x") == same.message_id("y")


def test_kind_key_and_identity_each_make_another_message() -> None:
    made = [
        OutgoingMessage("alert.raised", "sales", {}, ("a",)),
        OutgoingMessage("alert.raised", "stock", {}, ("a",)),
        OutgoingMessage("segment.moved", "sales", {}, ("a",)),
        OutgoingMessage("alert.raised", "sales", {}, ("a", "")),
    ]
    assert len({each.message_id("") for each in made}) == len(made)
    assert {each.kind for each in made} <= set(MESSAGE_KINDS)


def test_without_an_identity_every_message_is_one_of_its_own() -> None:
    message = OutgoingMessage("order.received", "po", {})
    assert message.message_id("1") != message.message_id("2")
