"""How good a list was: what it found, for whom, and how varied it was."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import Model
from models.recommendation.targets import with_targets_as_purchases
from training.job import Split
from training.metrics import (
    average_precision_at_k,
    bootstrap_interval,
    intra_list_diversity,
    ndcg_at_k,
    recall_at_k,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHOWN = 10
# A product is new when it first sold this many days before the cut, or never.
_NEW_DAYS = 28
# What a person is called, by the orders they had before the test.
SEGMENTS = {"new": (0, 0), "light": (1, 9), "heavy": (10, 10**9)}


def judge(fitted: Model, halves: Split) -> dict[str, float]:
    """Metrics of ten products shown at the cut, by what each person then bought.

    fitted: of `halves.train`; halves: the split whose test is foretold.
    coverage: share of the products on sale that anybody is shown. novelty: mean −log2 of a shown
    product's share of past buyers (Zhou et al., 2010); top_1_percent_share: share of what is shown
    that is among the 1% best sellers; diversity: share of pairs in a list of different categories
    (left out where no category is known). NDCG and recall also by segment of customers, recall of
    new products, and of lists of products the person does not have (`…_new_only`).
    """
    shown = _shown(fitted, halves)
    hits, wanted = found(shown, halves.test, SHOWN)
    share = halves.once("buyer share", lambda: _buyer_share(halves))
    seen = shown["product_id"].map(share).fillna(share.min()).to_numpy(dtype=float)
    best = set(share.nlargest(max(1, len(share) // 100)).index)
    figures = {
        "ndcg_at_10": ndcg_at_k(hits, wanted),
        "recall_at_10": recall_at_k(hits, wanted),
        "hit_rate_at_10": float((hits.sum(axis=1) > 0).mean()),
        "map_at_10": average_precision_at_k(hits, wanted),
        "coverage": shown["product_id"].nunique() / len(share),
        "novelty": float(-np.log2(seen).mean()) if len(seen) else 0.0,
        "top_1_percent_share": float(shown["product_id"].isin(best).mean()),
        "people": float(len(hits)),
    }
    return (
        figures
        | _diversity(shown, halves)
        | _by_segment(hits, wanted, halves)
        | _new(shown, halves)
        | _new_only(fitted, halves)
    )


def compared(fitted: Model, baselines: Sequence[Model], halves: Split) -> dict[str, float]:
    """How much more than the best baseline a model finds, as a share of the baseline's figure.

    fitted: of `halves.train`; baselines: unfitted; halves: the split. For NDCG and recall, of all
    products and of those the person did not have (`…_new_only`); `low` and `high`: 95% bootstrap
    interval, drawn by customer.
    """
    ours = _by_person(fitted, halves)
    theirs = [_by_person(baseline.fit(halves.train), halves) for baseline in baselines]
    figures = {}
    for name, mine in ours.items():
        best = max((each[name] for each in theirs), key=lambda values: float(values.mean()))
        level = max(float(best.mean()), 1e-12)
        low, high = bootstrap_interval(mine - best)
        figures[f"{name}_uplift"] = float((mine - best).mean()) / level
        figures[f"{name}_uplift_low"] = low / level
        figures[f"{name}_uplift_high"] = high / level
    return figures


def _by_person(fitted: Model, halves: Split) -> dict[str, Floats]:
    figures = gains_by_person(*found(_shown(fitted, halves), halves.test, SHOWN))
    new = bought_for_the_first_time(halves)
    if new.empty:
        return figures
    only = gains_by_person(*found(_shown_new(fitted, halves), new, SHOWN))
    return figures | {f"{name}_new_only": values for name, values in only.items()}


def gains_by_person(hits: Floats, wanted: Ints) -> dict[str, Floats]:
    """`ndcg` and `recall` of each person's list.

    hits: people × SHOWN, 1 where what was shown was bought; wanted: by person, products bought.
    """
    each = [(hits[[i]], wanted[[i]]) for i in range(len(hits))]
    return {
        "ndcg": np.array([ndcg_at_k(*one) for one in each]),
        "recall": np.array([recall_at_k(*one) for one in each]),
    }


def _new_only(fitted: Model, halves: Split) -> dict[str, float]:
    """NDCG and recall of lists without what the person has, over who bought something new."""
    new = bought_for_the_first_time(halves)
    if new.empty:
        return {}
    hits, wanted = found(_shown_new(fitted, halves), new, SHOWN)
    return {
        "ndcg_at_10_new_only": ndcg_at_k(hits, wanted),
        "recall_at_10_new_only": recall_at_k(hits, wanted),
    }


def _shown(fitted: Model, halves: Split) -> pd.DataFrame:
    """Ten products shown at the cut to everybody in the test."""
    return halves.of_last("shown", fitted, lambda: fitted.predict(asked(halves, SHOWN)))


def _shown_new(fitted: Model, halves: Split) -> pd.DataFrame:
    """Ten products they do not have, shown at the cut to who bought something new in the test."""
    new = bought_for_the_first_time(halves)
    wanted = _asked_of(new, SHOWN, new_only=True)
    return halves.of_last("new products shown", fitted, lambda: fitted.predict(wanted))


def bought_for_the_first_time(halves: Split) -> pd.DataFrame:
    """The purchases of the test of products that the person had not bought before the cut."""
    return halves.once("bought for the first time", lambda: _first_bought(halves))


def _first_bought(halves: Split) -> pd.DataFrame:
    names = ["customer_id", "product_id"]
    before = _bought(halves)[names].drop_duplicates()
    test = halves.test.astype(dict.fromkeys(names, object))
    both = test.merge(before.astype(object), on=names, how="left", indicator=True)
    return both.loc[both["_merge"] == "left_only", list(halves.test.columns)]


def _bought(halves: Split) -> pd.DataFrame:
    """What counts as a purchase of the time before the cut."""

    def bought() -> pd.DataFrame:
        targets = with_targets_as_purchases(halves.train)
        return targets[targets["kind"] == "purchase"]

    return halves.once("bought", bought)


def found(shown: pd.DataFrame, test: pd.DataFrame, depth: int) -> tuple[Floats, Ints]:
    """People × depth hits, and how many products each person bought; people in order of their id.

    shown: answers (customer_id, product_id, rank); test: purchases; depth: places that count.

    Everybody who bought in the test counts, also somebody who is shown nothing.
    """
    pairs = test[["customer_id", "product_id"]].drop_duplicates()
    wanted = pairs.groupby("customer_id", sort=True).size()
    right = shown.merge(pairs, on=["customer_id", "product_id"])
    right = right[right["rank"] <= depth]
    hits = np.zeros((len(wanted), depth))
    hits[wanted.index.get_indexer(pd.Index(right["customer_id"])), right["rank"] - 1] = 1.0
    return hits, np.asarray(wanted, dtype=np.int64)


def asked(halves: Split, limit: int) -> pd.DataFrame:
    """Everybody who bought in the test, in order of their id, each asking for `limit` products.

    halves: the split whose test names the people; limit: how many products each.
    """
    return _asked_of(halves.test, limit)


def _asked_of(test: pd.DataFrame, limit: int, *, new_only: bool = False) -> pd.DataFrame:
    people = np.sort(test["customer_id"].unique())
    return pd.DataFrame({"customer_id": people, "limit": limit, "new_only": new_only})


def segments(halves: Split) -> dict[str, NDArray[np.bool_]]:
    """Who of the people in the test is in which segment; a segment nobody is in is left out."""
    return halves.once("segments", lambda: _segments(halves))


def _segments(halves: Split) -> dict[str, NDArray[np.bool_]]:
    bought = _bought(halves)
    # What came without an order counts as one order a day.
    order, untold = bought["order_id"].astype(object), bought["order_id"].isna()
    order[untold] = bought.loc[untold, "occurred_at"].dt.floor("D").astype(str)
    orders = order.groupby(bought["customer_id"].astype(object)).nunique()
    before = orders.reindex(asked(halves, SHOWN)["customer_id"]).fillna(0).to_numpy()
    inside = {name: (before >= low) & (before <= high) for name, (low, high) in SEGMENTS.items()}
    return {name: mask for name, mask in inside.items() if mask.any()}


def _by_segment(hits: Floats, wanted: Ints, halves: Split) -> dict[str, float]:
    figures = {}
    for name, inside in segments(halves).items():
        figures[f"ndcg_at_10_{name}"] = ndcg_at_k(hits[inside], wanted[inside])
        figures[f"recall_at_10_{name}"] = recall_at_k(hits[inside], wanted[inside])
    return figures


def _new(shown: pd.DataFrame, halves: Split) -> dict[str, float]:
    """Recall of products that were new at the cut, over the people who bought one."""
    bought = _bought(halves)
    first = bought.groupby("product_id")["occurred_at"].min()
    old = first.index[first < halves.cut - pd.Timedelta(days=_NEW_DAYS)]
    fresh = halves.test[~halves.test["product_id"].isin(old)]
    if fresh.empty:
        return {}
    hits, wanted = found(shown[shown["customer_id"].isin(fresh["customer_id"])], fresh, SHOWN)
    return {"recall_at_10_new_products": recall_at_k(hits, wanted)}


def _diversity(shown: pd.DataFrame, halves: Split) -> dict[str, float]:
    known = halves.train[["product_id", "category"]].dropna().drop_duplicates("product_id")
    if known.empty:
        return {}
    category = shown["product_id"].map(known.set_index("product_id")["category"].astype(object))
    lists = [list(names) for _, names in category.fillna("").groupby(shown["customer_id"])]
    return {"diversity": intra_list_diversity(lists)}


def _buyer_share(halves: Split) -> "pd.Series[float]":
    """Share of all buyers who bought a product, by product."""
    bought = _bought(halves).drop_duplicates(["customer_id", "product_id"])
    return bought["product_id"].value_counts() / bought["customer_id"].nunique()
