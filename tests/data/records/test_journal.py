"""The journal: notes that are added and never overwritten."""

from data.records import Records


def test_notes_of_a_key_are_oldest_first(records: Records) -> None:
    journal = records.journal
    for number in range(3):
        journal.add("rule", "r1", author="ann", body={"number": number})
    journal.add("rule", "r2", author="ben", body={})
    assert [note.body["number"] for note in journal.of("rule", "r1")] == [0, 1, 2]
    assert [note.body["number"] for note in journal.of("rule", "r1", limit=2)] == [1, 2]
    assert [note.author for note in journal.of("rule")] == ["ann"] * 3 + ["ben"]
    assert journal.of("list") == []


def test_the_newest_note_of_each_key_counts(records: Records) -> None:
    records.journal.add_many(
        "list", [("a", {"n": 1}), ("b", {"n": 2}), ("a", {"n": 3})], author="t"
    )
    newest = records.journal.newest("list")
    assert [(note.key, note.body["n"]) for note in newest] == [("b", 2), ("a", 3)]


def test_what_is_said_once_is_written_once(records: Records) -> None:
    first = records.journal.add("step", "k", author="ann", body={"n": 1}, once="only")
    again = records.journal.add("step", "k", author="ben", body={"n": 2}, once="only")
    assert again == first
    assert len(records.journal.of("step")) == 1


def test_the_mark_moves_with_every_note_and_with_nothing_else(records: Records) -> None:
    before = records.journal.mark()
    assert records.journal.mark() == before
    note = records.journal.add("rule", "r", author="ann", body={})
    assert records.journal.mark() == note.seq > before


def test_notes_of_many_keys_are_found_in_one_go(records: Records) -> None:
    bodies = [(f"k{number}", {"n": number}) for number in range(600)]
    records.journal.add_many("review", bodies, author="t")
    found = records.journal.of_keys("review", [f"k{number}" for number in range(0, 700, 2)])
    assert sorted(found) == sorted(f"k{number}" for number in range(0, 600, 2))
    assert [note.body["n"] for note in found["k598"]] == [598]
