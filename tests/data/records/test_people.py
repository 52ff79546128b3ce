"""One person in the records: told whole, and taken out without touching another."""

import json

from data.decisions import ApiKey
from data.records import Records
from data.records.people import erase, hashed_payment, traces
from tests.data.records.decided import decided
from tests.data.records.rows import NOON, event


def hashed(text: str) -> str:
    return f"#{len(text)}-{text[-1]}"


def test_traces_are_of_one_customer_alone(records: Records) -> None:
    records.add_events([event("a", customer_id="ann"), event("b", customer_id="ben")])
    records.add_decisions([decided("p", payment={"customer_id": "ann"}), decided("q")])
    found = traces(records, "ann")
    assert [row["event_id"] for row in found.events] == ["a"]
    assert [row["payment_id"] for row in found.decisions] == ["p"]
    assert traces(records, "nobody").events == []


def test_what_names_a_customer_is_told_as_it_would_be_erased(records: Records) -> None:
    records.add_events([event("a", customer_id="ann")])
    records.add_decisions([decided("p", payment={"customer_id": "ann"})])
    records.journal.add("list", "x", author="t", body={"column": "customer_id", "value": "ann"})
    records.journal.add("list", "y", author="t", body={"column": "customer_id", "value": "joanna"})
    records.storefront.link("v", "ann", at=NOON)
    records.add_key(ApiKey("till", "d1g35t", ("events",), NOON, owner="ann"))
    found = traces(records, "ann")
    assert sorted(found.elsewhere) == ["identities", "keys", "notes"]
    assert "d1g35t" not in str(found.elsewhere)
    assert [row["key"] for row in found.elsewhere["notes"]] == ["x"]
    assert [row["visitor_id"] for row in found.elsewhere["identities"]] == ["v"]
    assert traces(records, "nobody").elsewhere == {}
    assert set(erase(records, "ann", hashed)) == {"events", "decisions", *found.elsewhere}
    assert traces(records, "ann").elsewhere == {}


def test_who_is_erased_stands_nowhere_and_the_next_is_as_before(records: Records) -> None:
    records.add_events([event("a", customer_id="ann"), event("b", customer_id="ben")])
    records.add_decisions([decided("p", payment={"customer_id": "ann", "card_id": "k"})])
    records.journal.add("list", "x", author="t", body={"value": "ann", "other": "joanna"})
    counts = erase(records, "ann", hashed)
    assert counts["events"] == 1
    assert counts["decisions"] == 1
    (note,) = records.journal.of("list")
    assert note.body == {"value": hashed("ann"), "other": "joanna"}
    kept = records.decision("p")
    assert kept is not None
    assert kept.payment["customer_id"] == hashed("ann")
    assert kept.payment["card_id"] == hashed("k")
    assert "ann" not in json.dumps(dict(kept.payment)).replace("joanna", "")
    assert len(traces(records, "ben").events) == 1


def test_equal_values_of_a_payment_stay_equal_and_the_rest_as_it_is() -> None:
    given = {"customer_id": "ann", "card_id": "k", "amount": 5.0, "device_id": None}
    found = hashed_payment(given, hashed)
    assert found == hashed_payment(given, hashed)
    assert (found["amount"], found["device_id"]) == (5.0, None)
    assert found["customer_id"] != "ann"
