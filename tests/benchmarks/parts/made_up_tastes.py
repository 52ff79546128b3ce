"""Made-up shops in which another source is right in each: does what serves find what it finds?

Each shop has customers whose next purchase follows one rule; the recommender is not told which.
It is trained as the command trains it on what is known four weeks before the end, and its release
answers for those weeks, which nothing of it has seen. Beside it each of its sources ranks alone.
"""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd

from features.recommendation import INTERACTIONS
from models.recommendation import Recommender
from models.recommendation.candidates import SOURCE_SCORES
from training import job
from training.metrics import bootstrap_interval
from training.recommendation import RECIPE
from training.recommendation.judge import asked, found, gains_by_person

PEOPLE, PRODUCTS, DAYS, TEST_DAYS = 1_200, 500, 300, 28
Draw = np.random.Generator
Row = tuple[int, int, float]  # person, product, day


def _days(draw: Draw, most: float) -> np.ndarray:
    """The days on which a person orders."""
    return np.sort(draw.uniform(0, DAYS, 2 + draw.poisson(most)))


def media(draw: Draw) -> Iterator[Row]:
    """Films: tastes of ten dimensions, nothing twice."""
    taste, kind = draw.normal(size=(PEOPLE, 10)), draw.normal(size=(PRODUCTS, 10))
    popular = -0.7 * np.log(np.arange(PRODUCTS) + 10.0)
    for person in range(PEOPLE):
        pull = taste[person] @ kind.T * 0.9 + popular + draw.gumbel(size=PRODUCTS)
        days = _days(draw, 12)
        for product, day in zip(np.argsort(-pull), days, strict=False):
            yield person, int(product), float(day)


def series(draw: Draw) -> Iterator[Row]:
    """Books in series of ten: who has read one reads the next."""
    for person in range(PEOPLE):
        reading = draw.choice(PRODUCTS // 10, 3, replace=False) * 10
        for day in _days(draw, 12):
            which = draw.integers(0, 3)
            yield person, int(reading[which]), float(day)
            if reading[which] % 10 < 9:
                reading[which] += 1


def fashion(draw: Draw) -> Iterator[Row]:
    """What came lately is what sells; hardly anybody buys a thing twice."""
    launched = np.sort(draw.uniform(-60, DAYS, PRODUCTS))
    worth = draw.gamma(1.0, size=PRODUCTS)
    for person in range(PEOPLE):
        for day in _days(draw, 10):
            age = day - launched
            weight = np.where(age >= 0, np.exp(-age / 25.0), 0.0) * worth
            yield person, int(draw.choice(PRODUCTS, p=weight / weight.sum())), float(day)


def gifts(draw: Draw) -> Iterator[Row]:
    """Everybody buys the same few things, once."""
    popular = 1 / (np.arange(PRODUCTS) + 3.0)
    for person in range(PEOPLE):
        days = _days(draw, 4)
        chosen = draw.choice(PRODUCTS, len(days), replace=False, p=popular / popular.sum())
        for product, day in zip(chosen, days, strict=True):
            yield person, int(product), float(day)


def groceries(draw: Draw) -> Iterator[Row]:
    """People's own twenty products, over and over."""
    popular = 1 / (np.arange(PRODUCTS) + 10.0)
    for person in range(PEOPLE):
        own = draw.choice(PRODUCTS, 20, replace=False, p=popular / popular.sum())
        liked = draw.dirichlet(np.full(20, 0.6))
        for day in _days(draw, 10):
            for product in draw.choice(own, 3, p=liked):
                yield person, int(product), float(day)


def hobbies(draw: Draw) -> Iterator[Row]:
    """Forty hobbies of a dozen products each; a person has two, and drops one for another."""
    for person in range(PEOPLE):
        mine = draw.choice(40, 2, replace=False)
        for day in _days(draw, 12):
            if draw.random() < 0.08:
                mine[draw.integers(0, 2)] = draw.integers(0, 40)
            yield person, int(draw.choice(mine) * 12 + draw.integers(0, 12)), float(day)


def projects(draw: Draw) -> Iterator[Row]:
    """Sets of parts that are bought together, in one order or the next."""
    sets = [draw.choice(PRODUCTS, 6, replace=False) for _ in range(80)]
    for person in range(PEOPLE):
        for day in _days(draw, 5):
            parts = sets[draw.integers(0, 80)]
            for product in draw.choice(parts, 3, replace=False):
                yield person, int(product), float(day)
            yield person, int(draw.choice(parts)), float(min(day + 7, DAYS))


def shelves(draw: Draw) -> Iterator[Row]:
    """People keep to two categories, and take there what they find."""
    for person in range(PEOPLE):
        mine = draw.choice(25, 2, replace=False)
        for day in _days(draw, 8):
            yield person, int(draw.choice(mine) * 20 + draw.integers(0, 20)), float(day)


SHOPS: tuple[Callable[[Draw], Iterator[Row]], ...] = (
    media,
    series,
    fashion,
    gifts,
    groceries,
    hobbies,
    projects,
    shelves,
)


def interactions(shop: Callable[[Draw], Iterator[Row]], seed: int) -> pd.DataFrame:
    """A shop's purchases, as the recommender takes them."""
    rows = pd.DataFrame(list(shop(np.random.default_rng(seed))), columns=["who", "what", "day"])
    rows = rows[rows["day"] <= DAYS].sort_values("day", kind="stable", ignore_index=True)
    frame = pd.DataFrame(
        {
            "customer_id": "c" + rows["who"].astype(str),
            "product_id": "p" + rows["what"].astype(str),
            "occurred_at": pd.Timestamp("2024-01-01", tz="UTC")
            + pd.to_timedelta(rows["day"], unit="D").dt.floor("s"),
            "kind": "purchase",
            "quantity": 1.0,
            "weight": 1.0,
            "order_id": rows["who"].astype(str) + "-" + rows["day"].round(4).astype(str),
            "market": "DE",
            "price": 5.0 + rows["what"] % 40,
            "category": "k" + (rows["what"] // 20).astype(str),
        }
    )
    return frame.reindex(columns=list(INTERACTIONS))


def compared(frame: pd.DataFrame, seed: int) -> dict[str, float | str]:
    """NDCG@10 of the release and of the best source alone, in weeks that nobody has seen."""
    settings = SimpleNamespace(seed=seed)
    context = cast(job.Context, SimpleNamespace(settings=settings, overrides={}))
    cut = frame["occurred_at"].max() - pd.Timedelta(days=TEST_DAYS)
    known, test = frame[frame["occurred_at"] <= cut], frame[frame["occurred_at"] > cut]
    inner = RECIPE.split(known, context)
    fitted = cast(Recommender, RECIPE.model(context).fit(inner.train))
    assert RECIPE.settle is not None
    settled = cast(Recommender, RECIPE.settle(fitted, inner))
    release = settled.refit(known)
    halves = job.Split(known, test, cut.to_pydatetime())
    served = _gains(release, halves)
    alone = {part: _gains(release.ranked_by(part), halves) for part in SOURCE_SCORES}
    best = max(alone, key=lambda part: float(alone[part].mean()))
    low, high = bootstrap_interval(served - alone[best])
    level = float(alone[best].mean())
    return {
        "served": float(served.mean()),
        "best": level,
        "source": best,
        "uplift": float((served - alone[best]).mean()) / level,
        "low": low / level,
        "high": high / level,
        "people": float(len(served)),
    }


def _gains(model: Recommender, halves: job.Split) -> np.ndarray:
    return gains_by_person(*found(model.predict(asked(halves, 10)), halves.test, 10))["ndcg"]


def made_up_tastes(seed: int = 7) -> dict[str, float]:
    """Every shop, printed; the worst and the mean uplift over the best source alone."""
    print(f"{'':12}{'served':>8}{'best source alone':>28}{'uplift':>9}{'95 %':>18}{'people':>8}")
    uplifts = []
    for shop in SHOPS:
        each = compared(interactions(shop, seed), seed)
        uplifts.append(float(each["uplift"]))
        between = f"{each['low']:+.1%} … {each['high']:+.1%}"
        told = f"{each['best']:.4f} {each['source']}"
        print(
            f"{shop.__name__:12}{each['served']:8.4f}{told:>28}{each['uplift']:+9.1%}"
            f"{between:>18}{each['people']:8.0f}",
            flush=True,
        )
    return {"worst_uplift": min(uplifts), "mean_uplift": float(np.mean(uplifts))}
