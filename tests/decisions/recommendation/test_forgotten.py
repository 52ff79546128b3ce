"""Erased people."""

import json
import pickle
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from decisions.recommendation.forgotten import ForgottenNames, ForgottenPeople
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery
from decisions.recommendation.recommend import recommend
from tests.decisions.recommendation.small_index import NOW


def test_who_was_erased_is_somebody_unknown_at_once(index: ProductIndex, tmp_path: Path) -> None:
    gone = ForgottenPeople(tmp_path / "receipts", NOW, lambda name: f"hash of {name}")
    after = replace(index, forgotten=gone)
    query = ProductQuery(customer_id="c01", limit=3)
    assert recommend(after, query).served_by == "personal"
    (tmp_path / "receipts").mkdir()
    erased = {"customer": "hash of c01", "erased_at": (NOW + timedelta(days=1)).isoformat()}
    (tmp_path / "receipts" / "er_1.json").write_text(json.dumps(erased))
    assert recommend(after, query).served_by != "personal"
    assert recommend(after, replace(query, customer_id="c02")).served_by == "personal"


def test_those_forgotten_when_a_batch_began_are_unknown_on_other_machines_too(
    index: ProductIndex,
) -> None:
    sent = replace(index, forgotten=ForgottenNames(frozenset({"c01"})))
    there = pickle.loads(pickle.dumps(sent))
    query = ProductQuery(customer_id="c01", limit=3)
    assert recommend(there, query).served_by != "personal"
    assert recommend(there, replace(query, customer_id="c02")).served_by == "personal"
