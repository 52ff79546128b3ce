"""How the recommender is made: interactions up to a time, the last four weeks held out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

import numpy as np
import pandas as pd

from data.views import FeatureType
from features.recommendation import as_interactions
from models.base import Model, parameters
from models.recommendation import MODELS, Recommender
from models.recommendation.targets import FEWEST_TARGETS, with_targets_as_purchases
from training.job import Context, Recipe, Split, Trained, override
from training.recommendation.judge import compared, judge
from training.recommendation.pictures import plots

FEWEST_CUSTOMERS, FEWEST_DAYS = 20, 28
TEST_DAYS = 28
MOST_JUDGED = 2000
# A shortfall of this share cannot be told from none: each source may rank alone, so that one that
# is clearly better serves.
METRIC, TIE = "ndcg_at_10", 0.02
BASELINES = (
    "popular",
    "recently_popular",
    "personal_frequency",
    "personal_then_popular",
    "decayed_frequency",
    "item_item",
    "user_user",
)
# What the model's input is made of: the columns of the view `interactions` that it reads.
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
    """Interactions known by then, oldest first, from the feature store."""
    context.store.ensure(context.as_of)
    return as_interactions(context.store.history("interactions", context.as_of))


def check(known: pd.DataFrame) -> list[str]:
    """What the interactions lack to learn from, a sentence each; empty: nothing."""
    targets = with_targets_as_purchases(known)
    bought = targets[targets["kind"] == "purchase"]
    span = bought["occurred_at"].max() - bought["occurred_at"].min() if len(bought) else None
    days = span.days if span is not None else 0
    customers = bought["customer_id"].nunique()
    missing = []
    if len(bought) < FEWEST_TARGETS:
        told = f"Purchases (or as many views): {len(bought):,} of at least {FEWEST_TARGETS}."
        missing.append(told)
    if customers < FEWEST_CUSTOMERS:
        missing.append(f"Buying customers: {customers} of at least {FEWEST_CUSTOMERS}.")
    if days < FEWEST_DAYS:
        missing.append(f"Days of purchases: {days} of at least {FEWEST_DAYS}.")
    return [*missing, "Ingest more `orders` or `events`."] if missing else []


def split(known: pd.DataFrame, context: Context) -> Split:
    """Train up to four weeks before the newest purchase (a quarter of a shorter history).

    known: interactions; context: whose seed chooses MOST_JUDGED of very many who buy in the test.
    """
    targets = with_targets_as_purchases(known)
    bought = targets.loc[targets["kind"] == "purchase", "occurred_at"]
    newest, oldest = bought.max(), bought.min()
    cut = newest - min(timedelta(days=TEST_DAYS), (newest - oldest) / 4)
    before = known["occurred_at"] <= cut
    test = targets[~before & (targets["kind"] == "purchase")]
    people = np.sort(test["customer_id"].unique())
    if len(people) > MOST_JUDGED:
        chosen = np.random.default_rng(context.settings.seed).permutation(people)[:MOST_JUDGED]
        test = test[test["customer_id"].isin(chosen)]
    return Split(known[before], test, cut)


def model(context: Context) -> Recommender:
    """An unfitted recommender, its parameters the defaults or what `--set` gave."""
    defaults = parameters(Recommender(seed=context.settings.seed))
    return Recommender(**override(defaults, context.overrides))


def settle(fitted: Recommender, halves: Split) -> Recommender:
    """The fitted recommender, or one of its sources alone where the test says that is better.

    fitted: of `halves.train`; halves: the split whose test judges.
    """
    return fitted if fitted.alone else fitted.settled(halves.test, people=MOST_JUDGED)


def refit(trained: Trained, context: Context) -> Recommender:
    """The release: the ranking as it was judged, the sources from all that is known.

    trained: the settled recommender and the whole frame; context: of the run.
    """
    del context
    return cast(Recommender, trained.model).refit(trained.frame)


def lost_to(metrics: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]) -> str:
    """Which baselines find clearly more, in words; empty when none does.

    metrics: of the recommender; baselines: name -> metrics. Where few people judge, the interval of
    the difference to the best baseline says whether chance alone may have made it.
    """
    ours = metrics[METRIC]
    if metrics.get("ndcg_uplift_high", -1.0) >= 0:
        return ""
    lost = [
        f"{name} ({figures[METRIC]:.4g})"
        for name, figures in baselines.items()
        if ours < (1 - TIE) * figures[METRIC]
    ]
    return f"{METRIC} {ours:.4g} is less than that of {', '.join(lost)}" if lost else ""


def baselines(context: Context) -> Mapping[str, Model]:
    """What a shop can do without a model."""
    return {name: MODELS[name]() for name in BASELINES}


def score(fitted: Model, halves: Split) -> Mapping[str, float]:
    """How well ten products shown at the cut foretell what each person then buys.

    Of the recommender also how much more it finds than the best baseline, with an interval.

    fitted: of `halves.train`; halves: the split whose test is foretold.
    """
    figures = judge(fitted, halves)
    if isinstance(fitted, Recommender):
        return figures | compared(fitted, [MODELS[name]() for name in BASELINES], halves)
    return figures


def sample(known: pd.DataFrame) -> pd.DataFrame:
    """The last few people who did something, and somebody unknown."""
    people = known.loc[known["weight"] > 0, "customer_id"].drop_duplicates(keep="last")
    return pd.DataFrame({"customer_id": [*people.tail(5), "somebody unknown"], "limit": 5})


RECIPE = Recipe(
    use_case="recommendation",
    metric=METRIC,
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
    settle=settle,
    refit=refit,
    lost_to=lost_to,
)
