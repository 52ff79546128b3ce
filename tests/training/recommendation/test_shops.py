"""Shops that bring orders only: a gift shop of many countries, baskets without prices."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from data.lake import Lake
from data.settings import Settings
from features.store import Store
from training.job import Context
from training.recommendation import BASELINES, RECIPE, check, score

NOW = datetime(2030, 1, 1, tzinfo=UTC)
COUNTRIES = [
    "DE",
    "FR",
    "IE",
    "ES",
    "NL",
    "BE",
    "CH",
    "PT",
    "NO",
    "IT",
    "FI",
    "SE",
    "AT",
    "DK",
    "JP",
    "PL",
    "US",
    "SG",
]


def gift_shop(people: int = 500, products: int = 400) -> pd.DataFrame:
    """A year, most people once or twice, cancellations, one warehouse, prices on the lines only."""
    random = np.random.default_rng(3)
    popular = 1 / (np.arange(products) + 5.0)
    rows: list[tuple[object, ...]] = []
    for person in range(people):
        market = "GB" if random.random() < 0.85 else random.choice(COUNTRIES)
        liked = np.isin(np.arange(products) % 20, random.choice(20, 3, replace=False))
        weight = popular * np.where(liked, 8, 1)
        for day in np.sort(random.uniform(0, 373, 1 + random.poisson(1.2))):
            order = f"o{len(rows)}"
            many = 3 + random.poisson(6)
            basket = random.choice(products, many, replace=False, p=weight / weight.sum())
            status = "cancelled" if random.random() < 0.03 else "placed"
            rows += [
                (order, line, day, f"c{person}", f"p{product}", market, status, 0.4 + product % 17)
                for line, product in enumerate(basket, 1)
            ]
    return _orders(rows, currency="GBP")


def grocer(people: int = 250, products: int = 400) -> pd.DataFrame:
    """People's own products, over and over: the more often the liked ones; no money, no market."""
    random = np.random.default_rng(4)
    popular = 1 / (np.arange(products) + 10.0)
    rows: list[tuple[object, ...]] = []
    for person in range(people):
        own = random.choice(products, 25, replace=False, p=popular / popular.sum())
        liked = random.dirichlet(np.full(25, 0.6)) + 0.01
        day = 400 - random.uniform(0, 20)
        for _ in range(4 + random.poisson(6)):
            basket = random.choice(own, 3 + random.poisson(3), p=liked / liked.sum())
            basket = np.unique(np.r_[basket, random.choice(products, 1)])
            order = f"o{len(rows)}"
            rows += [
                (order, line, day, f"c{person}", f"p{product}", None, None, 0.0)
                for line, product in enumerate(basket, 1)
            ]
            day -= float(random.integers(1, 25))
    return _orders(rows, currency="USD")


def _orders(rows: list[tuple[object, ...]], *, currency: str) -> pd.DataFrame:
    names = [
        "order_id",
        "line_no",
        "day",
        "customer_id",
        "product_id",
        "market",
        "status",
        "unit_price",
    ]
    frame = pd.DataFrame(rows, columns=names)
    day = pd.to_timedelta(frame.pop("day").astype(float), unit="D").dt.floor("s")
    return frame.assign(
        ordered_at=pd.Timestamp("2020-01-01", tz="UTC") + day,
        warehouse_id="w",
        quantity=1.0,
        currency=currency,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("shop", "least"), [(gift_shop, 1.02), (grocer, 0.98)])
def test_orders_alone_are_enough(shop: object, least: float, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    assert callable(shop)
    report = lake.append("orders", shop())
    assert report.quarantined == 0
    store = Store(Settings(home=tmp_path, use_cases=("recommendation",)), lake)
    settings = SimpleNamespace(seed=7)
    context = cast(
        Context,
        SimpleNamespace(store=store, as_of=NOW, settings=settings, overrides={"windows": "2"}),
    )
    frame = RECIPE.frame(context)
    assert check(frame) == []
    halves = RECIPE.split(frame, context)
    ours = score(RECIPE.model(context).fit(halves.train), halves)
    theirs = [score(each.fit(halves.train), halves) for each in RECIPE.baselines(context).values()]
    assert len(theirs) == len(BASELINES)
    for metric in ("ndcg_at_10", "recall_at_10"):
        assert ours[metric] > least * max(figures[metric] for figures in theirs)
