"""What is kept beside the decisions equals what reading all of them would give."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.records import Records
from data.review_steps import REVIEW
from tests.data.records.decided import decided


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path}/r.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = Records(url, namespace)
    made.migrate()
    yield made
    made.close()


def test_steps_from_before_the_digest_hold(records: Records) -> None:
    records.add_decision(decided("a", decision="review"))
    for step in ({"step": "assign", "assignee": "ann"}, {"step": "reject"}):
        records.journal.add(REVIEW, "a", author="ann", body=step)
    state = records.reviews.states(["a"])["a"]
    assert (state.status, state.assignee) == ("rejected", "ann")
