"""How the customer value model is made: rolling origins, judged on the newest finished horizon."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.customers import INPUTS
from models.base import Model, parameters
from models.customers import (
    CustomerValueModel,
    LastYearMargin,
    ProcessValue,
    RecencyFrequencyTable,
)
from models.customers.purchase_process import FEWEST_CUSTOMERS, FEWEST_REPEAT_BUYERS
from training.customers.judge import score_values
from training.customers.outcomes import (
    FEWEST_HISTORY_DAYS,
    HORIZONS,
    MOST_CUSTOMERS,
    customers_at,
    origins,
    test_horizon,
    training_rows,
)
from training.customers.pictures import draw_plots
from training.job import Context, Recipe, Split, override

# A reseller's order has so many times the units of the usual one, and no fewer than these.
RESELLER_TIMES, FEWEST_RESELLER_UNITS = 5.0, 20.0
# So many times what the middle customer is expected to bring, at least, makes a champion.
CHAMPION_TIMES = 1.25
_DAY = pd.Timedelta(days=1)


def frame(context: Context) -> pd.DataFrame:
    """Rows of customers at rolling origins, with what came."""
    context.store.ensure(context.as_of)
    now = pd.Timestamp(context.as_of)
    buyers = customers_at(
        context.store, context.as_of, most=MOST_CUSTOMERS, seed=context.settings.seed
    )
    if buyers.empty:
        return pd.DataFrame(columns=["customer_id", "origin", "horizon_days"])
    history = float((now - pd.Timestamp(0, tz="UTC")) / _DAY - buyers["first_order_day"].min())
    cut = now - pd.Timedelta(days=test_horizon(history))
    return training_rows(context.store, buyers, origins(now, history, cut), context.as_of)


def check(rows: pd.DataFrame) -> list[str]:
    """What is missing, a sentence each."""
    if rows.empty:
        return ["Nobody has ordered yet: ingest orders."]
    now = rows[rows["origin"] == rows["origin"].max()]
    history = float(now["age_days"].max())
    if history < FEWEST_HISTORY_DAYS:
        left = int(np.ceil(FEWEST_HISTORY_DAYS - history))
        sentence = (
            f"Days of `orders`: {history:.0f} of at least {FEWEST_HISTORY_DAYS}, to see who comes "
            f"back; train again in {left} day{'' if left == 1 else 's'}."
        )
        return [sentence]
    return _too_few(rows, now)


def _too_few(rows: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Customers and repeat orders, by now and at the cut, where a model is fitted for the test."""
    then = rows[rows["origin"] == _cut_of(rows)]
    for when, known in (("", now), (" before the test begins", then)):
        buyers, again = len(known), int((known["repeat_orders"] > 0).sum())
        if buyers < FEWEST_CUSTOMERS or again < FEWEST_REPEAT_BUYERS:
            sentence = (
                f"Customers in `orders`{when}: {buyers:,} of at least {FEWEST_CUSTOMERS}; of them "
                f"with a second order: {again:,} of at least {FEWEST_REPEAT_BUYERS}. Guests who "
                "get a new customer_id with each order never come back: give them one id by "
                "e-mail hash."
            )
            return [sentence]
    return []


def _cut_of(rows: pd.DataFrame) -> pd.Timestamp:
    """Where the test begins: the newest origin with the test's horizon."""
    now = rows["origin"].max()
    history = float(rows.loc[rows["origin"] == now, "age_days"].max())
    return pd.Timestamp(now - pd.Timedelta(days=test_horizon(history)))


def split(rows: pd.DataFrame, context: Context) -> Split:
    """Learn from what was known at the cut; judge by what came after it.

    rows: of `frame`; context: of the run.
    """
    cut = _cut_of(rows)
    days = round((rows["origin"].max() - cut) / _DAY)
    train = rows[rows["origin"] <= cut].copy()
    targets = [name for name in rows.columns if name.startswith("target_")]
    train.loc[_ends(train) > cut, targets] = np.nan
    usable = train["target_orders"].notna() | (train["origin"] == cut)
    test = rows[(rows["origin"] == cut) & (rows["horizon_days"] == days)]
    return Split(train[usable], test, cut)


def _ends(rows: pd.DataFrame) -> pd.Series:
    ends: pd.Series = rows["origin"] + pd.to_timedelta(rows["horizon_days"], unit="D")
    return ends


def model(context: Context) -> CustomerValueModel:
    """The blend, with `--set`."""
    defaults = parameters(CustomerValueModel(seed=context.settings.seed))
    return CustomerValueModel(**override(defaults, context.overrides))


def baselines(context: Context) -> Mapping[str, Model]:
    """Last year's margin carried on, an RFM table, and BG/NBD × Gamma–Gamma."""
    seed = context.settings.seed
    return {
        "last_year": LastYearMargin(seed),
        "rfm_table": RecencyFrequencyTable(seed),
        "bg_nbd": ProcessValue(seed),
    }


def policy(fitted: Model, halves: Split, context: Context) -> Mapping[str, float]:
    """The shop's own thresholds of the segments: what a champion is expected to bring in a year,
    how many units an order a reseller buys, and the usual gap between two orders (days).

    fitted: the model; halves: its training and test rows; context: of the run.
    """
    now = halves.train[halves.train["origin"] == halves.cut].drop_duplicates("customer_id")
    year = fitted.predict(now.assign(horizon_days=HORIZONS[-1]))["expected_margin"]
    gaps = now["mean_gap_days"].dropna()
    units = now["units_an_order"].dropna()
    priced = priced_share(halves.train)
    # Where all bring about the same, nobody is a champion.
    best = max(float(year.quantile(0.9)), CHAMPION_TIMES * float(year.median()))
    champion = best / priced if priced > 0 else 0.0
    numbers = {
        "priced_share": priced,
        # A margin of nothing makes nobody a champion.
        **({"champion_margin": champion} if champion > 0 else {}),
        "reseller_units": max(RESELLER_TIMES * float(units.median()), FEWEST_RESELLER_UNITS),
    }
    return numbers | ({"usual_gap_days": float(gaps.median())} if len(gaps) else {})


def priced_share(rows: pd.DataFrame) -> float:
    """Of the orders whose money taught, those with a price in the base currency; 1 without orders.

    rows: of `frame`. What came in the horizons teaches; where none is over, what had come before:
    orders older than the first exchange rate make the money that is learned from no smaller.
    """
    came = rows[["target_priced_orders", "target_orders"]].sum()
    priced, orders = float(came.iloc[0]), float(came.iloc[1])
    if orders <= 0:
        now = rows[rows["origin"] == rows["origin"].max()].drop_duplicates("customer_id")
        priced, orders = float(now["priced_orders"].sum()), float((now["repeat_orders"] + 1).sum())
    return float(np.clip(priced / orders, 0.0, 1.0)) if orders > 0 else 1.0


def sample(rows: pd.DataFrame) -> pd.DataFrame:
    """Five customers of the newest origin, without what came."""
    now = rows[rows["origin"] == rows["origin"].max()]
    best = now.sort_values("repeat_orders", kind="stable")
    places = np.linspace(0, len(best) - 1, min(5, len(best))).astype(int)
    kept = [name for name in rows.columns if not name.startswith("target_")]
    few: pd.DataFrame = best.iloc[places][kept].reset_index(drop=True)
    return few


RECIPE = Recipe(
    use_case="customers",
    metric="margin_rank_correlation",
    better="higher",
    features=INPUTS,
    frame=frame,
    check=check,
    split=split,
    model=model,
    baselines=baselines,
    score=score_values,
    plots=draw_plots,
    sample=sample,
    policy=policy,
    servable=("last_year", "rfm_table", "bg_nbd"),
)
