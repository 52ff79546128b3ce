"""Baselines of recommendation."""

import pandas as pd

from models.recommendation import MODELS
from tests.models.recommendation.shoppers import products, row


def test_baselines_say_the_obvious() -> None:
    rows = [row("anna", "tea", 0, f"{i}") for i in range(3)]
    rows += [row("anna", "milk", 0, "9")]
    rows += [row(f"c{i}", "milk", 0, f"m{i}") for i in range(9)]
    rows += [row("c0", "toy", 0, "t")]
    frame = pd.DataFrame(rows)
    shown = {name: products(MODELS[name]().fit(frame), "anna", 3) for name in MODELS}
    assert shown["popular"] == ["milk", "tea", "toy"]
    assert shown["personal_frequency"] == ["tea", "milk"]
    assert shown["personal_then_popular"] == ["tea", "milk", "toy"]
    unknown = products(MODELS["personal_frequency"]().fit(frame), "nobody")
    assert unknown == []
