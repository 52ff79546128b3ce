"""How the recommender is made: interactions up to a time, the last four weeks held out."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import pandas as pd

from data.views import FeatureType
from features.recommendation import interactions
from models.base import Model, parameters
from models.recommendation import MODELS, Recommender
from training.job import Context, Recipe, Split, override
from training.recommendation.judge import compared, judge
from training.recommendation.pictures import plots

FEWEST_PURCHASES, FEWEST_CUSTOMERS, FEWEST_DAYS = 500, 20, 28
TEST_DAYS = 28
MOST_JUDGED = 5000
BASELINES = ("popular", "personal_frequency", "personal_then_popular", "item_item")
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
    return interactions(
        orders,
        events,
        products=products,
        fx_rates=rates,
        base=context.settings.base_currency,
    )


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
    """Train up to four weeks before the newest purchase (a quarter of a shorter history).

    Of very many who buy in the test, MOST_JUDGED by chance are judged.
    """
    bought = known.loc[known["kind"] == "purchase", "occurred_at"]
    newest, oldest = bought.max(), bought.min()
    cut = newest - min(timedelta(days=TEST_DAYS), (newest - oldest) / 4)
    before = known["occurred_at"] <= cut
    test = known[~before & (known["kind"] == "purchase")]
    people = np.sort(test["customer_id"].unique())
    if len(people) > MOST_JUDGED:
        chosen = np.random.default_rng(context.settings.seed).permutation(people)[:MOST_JUDGED]
        test = test[test["customer_id"].isin(chosen)]
    return Split(known[before], test, cut)


def model(context: Context) -> Recommender:
    """The blend, with `--set`."""
    defaults = parameters(Recommender(seed=context.settings.seed))
    return Recommender(**override(defaults, context.overrides))


def baselines(context: Context) -> Mapping[str, Model]:
    """What a shop can do without a model."""
    return {name: MODELS[name]() for name in BASELINES}


def score(fitted: Model, halves: Split) -> Mapping[str, float]:
    """How well ten products shown at the cut foretell what each person then buys.

    Of the recommender also how much more it finds than the best baseline, with an interval.
    """
    figures = judge(fitted, halves)
    if isinstance(fitted, Recommender):
        return figures | compared(fitted, [MODELS[name]() for name in BASELINES], halves)
    return figures


def sample(known: pd.DataFrame) -> pd.DataFrame:
    """The last few people who bought, and somebody unknown."""
    people = known.loc[known["kind"] == "purchase", "customer_id"].drop_duplicates(keep="last")
    return pd.DataFrame({"customer_id": [*people.tail(5), "somebody unknown"], "limit": 5})


RECIPE = Recipe(
    use_case="recommendation",
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
