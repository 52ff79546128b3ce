"""What people did with what an experiment showed them: exposures joined with events.

Pure functions over the storefront's exposures and events; an event counts for the answer whose
recommendation_id it bears, if its product was in that answer.
"""

import pandas as pd

# What an event of an answer's product is called in a report.
METRICS = {"click": "click", "view": "click", "cart": "cart", "purchase": "purchase"}
METRIC_NAMES = tuple(dict.fromkeys(METRICS.values()))


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
