"""What people did with what an experiment showed them: exposures joined with events and orders.

Pure functions. An event counts for the answer whose recommendation_id it bears, if its product was
in that answer; an order counts for whoever placed it after the first answer, whatever was in it.
"""

import pandas as pd

# What an event of an answer's product is called in a report.
METRICS = {"click": "click", "view": "click", "cart": "cart", "purchase": "purchase"}
METRIC_NAMES = tuple(dict.fromkeys(METRICS.values()))
# What people ordered afterwards, told by `ordered`.
MONEY = ("revenue", "margin")


def shown(exposures: pd.DataFrame) -> pd.DataFrame:
    """One row for each product shown: the exposure's columns, product_id, position from 1."""
    rows = exposures.explode("products").rename(columns={"products": "product_id"})
    rows = rows.dropna(subset="product_id")
    return rows.assign(position=rows.groupby("recommendation_id").cumcount() + 1)


def attributed(exposures: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The events credited to an exposure: its columns, position, and the metric they count for.

    exposures: a row an answer, columns as Exposure, `products` as lists; events: a row an event,
    with event_id, kind, recommendation_id and product_id.
    """
    events = events.drop_duplicates("event_id")
    events = events[events["kind"].isin(list(METRICS))]
    rows = events.merge(shown(exposures), on=["recommendation_id", "product_id"])
    return rows.assign(metric=rows["kind"].map(METRICS))


def outcomes(exposures: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """One row a person and arm: arm, unit, and for each metric whether they did it (bool).

    exposures: a row an answer, columns as Exposure, `products` as lists; events: a row an event,
    with event_id, kind, recommendation_id and product_id.
    """
    people = exposures[["arm", "unit"]].drop_duplicates(ignore_index=True)
    credited = attributed(exposures, events)
    for metric in METRIC_NAMES:
        did = credited.loc[credited["metric"] == metric, ["arm", "unit"]].drop_duplicates()
        people = people.merge(did.assign(**{metric: True}), on=["arm", "unit"], how="left")
        people[metric] = people[metric].notna()
    return people


def ordered(exposures: pd.DataFrame, lines: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """One row a person and arm: arm, unit, order (bool), and revenue and margin of all they ordered
    from their first answer on, less what was cancelled or returned.

    Money is in the base currency, NaN where it is not known of one of the lines. Whoever is not
    known to have ordered has 0.

    exposures: a row an answer, columns as Exposure; lines: as `features.order_margins` gives them;
    customers: unit and customer_id, a row a customer that a unit stands for.
    """
    keys, money = ["arm", "unit"], list(MONEY)
    seen = exposures.assign(since=pd.to_datetime(exposures["exposed_at"], utc=True))
    people = seen.groupby(keys, as_index=False)["since"].min()
    kept = 1.0 - lines["undone_share"].fillna(0.0).astype(float)
    orders = lines[["customer_id", "ordered_at"]].assign(order=kept > 0)
    orders[money] = lines[money].mul(kept, axis=0)
    mine = people.merge(customers.drop_duplicates(), on="unit").merge(orders, on="customer_id")
    mine = mine[mine["ordered_at"] >= mine["since"]]
    unknown = mine[money].isna().groupby([mine[key] for key in keys]).transform("any")
    mine[money] = mine[money].mask(unknown)
    each = mine.groupby(keys, as_index=False)[["order", *money]].sum(min_count=1)
    found: pd.DataFrame = people[keys].merge(each, on=keys, how="left")
    none = found["order"].isna()
    found.loc[none, money] = 0.0
    found["order"] = found["order"].fillna(0) > 0
    return found
