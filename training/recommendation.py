"""How the recommender is made: interactions up to a time, the last four weeks held out."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.contracts import FeatureType
from features.recommendation import interactions
from models.base import Model, parameters
from models.recommendation import MODELS, Recommender
from training.job import Context, Recipe, Split, override
from training.metrics import average_precision_at_k, ndcg_at_k, recall_at_k
from training.plots import drawing, line

FEWEST_PURCHASES, FEWEST_CUSTOMERS, FEWEST_DAYS = 500, 20, 28
TEST_DAYS = 28
SHOWN = 10
_DEPTHS = (1, 2, 5, 10, 20, 50)
# What a person is called, by the orders they had before the test.
_SEGMENTS = {"new": (0, 0), "light (1–9 orders)": (1, 9), "heavy (10+)": (10, 10**9)}
# What the model's input is made of; the answer's rules read the views of features.recommendation.
FEATURES: Mapping[str, FeatureType] = {
    "customer_id": "str",
    "product_id": "str",
    "kind": "str",
    "weight": "float",
    "order_id": "str",
    "market": "str",
    "price": "float",
    "category": "str",
    "brand": "str",
}


def frame(context: Context) -> pd.DataFrame:
    """Interactions known by then, oldest first."""
    names = ("orders", "events", "products", "fx_rates")
    orders, events, products, rates = (
        context.lake.read(name, as_of=context.as_of) for name in names
    )
    return interactions(orders, events, products=products, fx_rates=rates)


def check(known: pd.DataFrame) -> list[str]:
    """What is missing, a sentence each."""
    bought = known[known["kind"] == "purchase"]
    span = bought["occurred_at"].max() - bought["occurred_at"].min() if len(bought) else None
    days = span.days if span is not None else 0
    customers = bought["customer_id"].nunique()
    missing = []
    if len(bought) < FEWEST_PURCHASES:
        missing.append(f"{len(bought):,} purchases, at least {FEWEST_PURCHASES} needed.")
    if customers < FEWEST_CUSTOMERS:
        missing.append(f"{customers} buying customers, at least {FEWEST_CUSTOMERS} needed.")
    if days < FEWEST_DAYS:
        missing.append(f"{days} days of purchases, at least {FEWEST_DAYS} needed.")
    return [*missing, "Ingest more orders."] if missing else []


def split(known: pd.DataFrame, context: Context) -> Split:
    """Train up to four weeks before the newest purchase (a quarter of a shorter history)."""
    bought = known.loc[known["kind"] == "purchase", "occurred_at"]
    newest, oldest = bought.max(), bought.min()
    cut = newest - min(timedelta(days=TEST_DAYS), (newest - oldest) / 4)
    before = known["occurred_at"] <= cut
    return Split(known[before], known[~before & (known["kind"] == "purchase")], cut)


def model(context: Context) -> Recommender:
    """The blend, with `--set`."""
    defaults = parameters(Recommender(seed=context.settings.seed))
    return Recommender(**override(defaults, context.overrides))


def baselines(context: Context) -> Mapping[str, Model]:
    """What a shop can do without a model."""
    names = ("popular", "personal_frequency", "personal_then_popular", "item_item")
    return {name: MODELS[name]() for name in names}


def score(fitted: Model, halves: Split) -> Mapping[str, float]:
    """How well ten products shown at the cut foretell what each person then buys.

    coverage: share of the products on sale that anybody is shown. novelty: mean −log2 of a shown
    product's share of past buyers (Zhou et al., 2010); top_1_percent_share: share of what is shown
    that is among the 1% best sellers.
    """
    shown = fitted.predict(_asked(halves, SHOWN))
    hits, wanted = found(shown, halves.test, SHOWN)
    share = _buyer_share(halves.train)
    seen = shown["product_id"].map(share).fillna(share.min()).to_numpy(dtype=float)
    best = set(share.nlargest(max(1, len(share) // 100)).index)
    return {
        "ndcg_at_10": ndcg_at_k(hits, wanted),
        "recall_at_10": recall_at_k(hits, wanted),
        "hit_rate_at_10": float((hits.sum(axis=1) > 0).mean()),
        "map_at_10": average_precision_at_k(hits, wanted),
        "coverage": shown["product_id"].nunique() / len(share),
        "novelty": float(-np.log2(seen).mean()) if len(seen) else 0.0,
        "top_1_percent_share": float(shown["product_id"].isin(best).mean()),
        "people": float(len(hits)),
    }


def found(
    shown: pd.DataFrame, test: pd.DataFrame, depth: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """People × depth hits, and how many products each person bought; people in order of their id.

    Everybody who bought in the test counts, also somebody who is shown nothing.
    """
    pairs = test[["customer_id", "product_id"]].drop_duplicates()
    wanted = pairs.groupby("customer_id", sort=True).size()
    right = shown.merge(pairs, on=["customer_id", "product_id"])
    right = right[right["rank"] <= depth]
    hits = np.zeros((len(wanted), depth))
    hits[wanted.index.get_indexer(pd.Index(right["customer_id"])), right["rank"] - 1] = 1.0
    return hits, np.asarray(wanted, dtype=np.int64)


def _asked(halves: Split, limit: int) -> pd.DataFrame:
    people = np.sort(halves.test["customer_id"].unique())
    return pd.DataFrame({"customer_id": people, "limit": limit})


def _buyer_share(train: pd.DataFrame) -> "pd.Series[float]":
    """Share of all buyers who bought a product, by product."""
    bought = train[train["kind"] == "purchase"].drop_duplicates(["customer_id", "product_id"])
    return bought["product_id"].value_counts() / bought["customer_id"].nunique()


def plots(fitted: Model, halves: Split, folder: Path) -> None:
    """Recall and NDCG by depth, NDCG by kind of customer, how far down the range we reach."""
    shown = fitted.predict(_asked(halves, max(_DEPTHS)))
    by_depth = {depth: found(shown, halves.test, depth) for depth in _DEPTHS}
    line(
        folder / "by_depth.png",
        "Found among the first k shown",
        list(_DEPTHS),
        {
            "recall": [recall_at_k(*by_depth[depth]) for depth in _DEPTHS],
            "NDCG": [ndcg_at_k(*by_depth[depth]) for depth in _DEPTHS],
        },
    )
    segments = by_segment(*by_depth[SHOWN], _orders_before(halves))
    with drawing(folder / "by_segment.png", "NDCG@10 by orders before the test") as axes:
        bars = axes.bar(list(segments), list(segments.values()))
        axes.bar_label(bars, fmt="%.3f")
    times = shown[shown["rank"] <= SHOWN]["product_id"].value_counts().to_numpy()
    share = np.cumsum(times) / times.sum()
    line(
        folder / "coverage.png",
        "Share of all places shown, by number of products (most shown first)",
        list(range(1, len(share) + 1)),
        {"share of places": share.tolist()},
    )


def _orders_before(halves: Split) -> NDArray[np.int64]:
    """Orders before the cut of each person in the test, in order of their id."""
    bought = halves.train[halves.train["kind"] == "purchase"]
    orders = bought.groupby("customer_id")["order_id"].nunique()
    people = _asked(halves, SHOWN)["customer_id"]
    return np.asarray(orders.reindex(people).fillna(0), dtype=np.int64)


def by_segment(
    hits: NDArray[np.float64], wanted: NDArray[np.int64], orders: NDArray[np.int64]
) -> dict[str, float]:
    """NDCG of new, light and heavy customers; a segment nobody is in is left out."""
    figures = {}
    for name, (fewest, most) in _SEGMENTS.items():
        inside = (orders >= fewest) & (orders <= most)
        if inside.any():
            figures[name] = ndcg_at_k(hits[inside], wanted[inside])
    return figures


def sample(known: pd.DataFrame) -> pd.DataFrame:
    """The last few people who bought, and somebody unknown."""
    people = known.loc[known["kind"] == "purchase", "customer_id"].drop_duplicates(keep="last")
    return pd.DataFrame({"customer_id": [*people.tail(5), "somebody unknown"], "limit": 5})


RECIPE = Recipe(
    row="recommendation",
    metric="ndcg_at_10",
    better="higher",
    features=FEATURES,
    frame=frame,
    check=check,
    split=split,
    model=model,
    baselines=baselines,
    score=score,
    plots=plots,
    sample=sample,
)
