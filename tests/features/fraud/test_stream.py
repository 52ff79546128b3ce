import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from features.fraud import fraud_reports, label_changes

START = pd.Timestamp("2025-01-01", tz="UTC")


def labels(*rows: tuple[str, int, bool]) -> pd.DataFrame:
    names, days, frauds = zip(*rows, strict=True)
    at = [START + pd.Timedelta(days=day) for day in days]
    return pd.DataFrame({"payment_id": names, "reported_at": at, "is_fraud": frauds})


def test_the_last_word_holds() -> None:
    told = labels(("a", 1, True), ("a", 5, False), ("b", 2, True), ("b", 3, True))
    assert fraud_reports(told)["payment_id"].tolist() == ["b"]
    again = pd.concat([told, labels(("a", 9, True))], ignore_index=True)
    assert sorted(fraud_reports(again)["payment_id"]) == ["a", "b"]


def test_a_won_dispute_is_no_fraud_from_then_on() -> None:
    won = labels(("a", 1, True)).assign(resolution="won", resolved_at=START + pd.Timedelta(days=9))
    assert label_changes(won)["is_fraud"].tolist() == [True, False]
    assert fraud_reports(won).empty


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_changes_take_turns_and_end_with_the_last_word(words: list[bool]) -> None:
    told = labels(*(("a", day, word) for day, word in enumerate(words)))
    changes = label_changes(told)["is_fraud"].tolist()
    assert changes == [place % 2 == 0 for place in range(len(changes))]
    assert bool(changes and changes[-1]) == words[-1]
