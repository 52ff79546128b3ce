"""What visitors see, click and buy, day by day (UTC)."""

import pandas as pd

from data.views import Frames
from decisions.kpis.cells import utc_days
from decisions.kpis.selling import ATTRIBUTION
from features.order_margins import first_category


def _people(events: pd.DataFrame) -> pd.Series:
    """Who each event is of: the customer where known, else the visitor."""
    return events["customer_id"].astype(object).fillna(events["visitor_id"].astype(object))


def visit_facts(events: pd.DataFrame) -> pd.DataFrame:
    """People with an event, once a day and market, and whether they purchased; events: the table.

    A day without a told purchase in all of the table's history counts as not known.
    """
    told = events.assign(day=utc_days(events["occurred_at"]), person=_people(events))
    told = told.assign(buyer=told["kind"] == "purchase")
    people = told.groupby(["day", "market", "person"], dropna=False)["buyer"]
    visits = people.max().astype(float).reset_index()
    buyers = visits["buyer"] if told["buyer"].any() else float("nan")
    facts: pd.DataFrame = visits[["day", "market"]].assign(visits=1.0, buyers=buyers)
    return facts


def event_facts(tables: Frames) -> pd.DataFrame:
    """Impressions and clicks by placement, and clicks that a purchase followed.

    tables: events, products. Where no click was ever told, clicks are not known.
    """
    events = tables["events"]
    kind = events["kind"].astype(object)
    mine = events[kind.isin(["impression", "click"])]
    is_click = (mine["kind"] == "click").astype(float)
    facts = pd.DataFrame(
        {
            "day": utc_days(mine["occurred_at"]),
            "market": mine["market"],
            "placement": mine["placement"],
            "category": first_category(tables["products"], mine["product_id"]),
            "impressions": (mine["kind"] == "impression").astype(float),
            "clicks": is_click,
            "clicks_bought": is_click * _bought_after(mine, events).astype(float),
        }
    )
    unknown = float("nan")
    if not (kind == "click").any():
        facts = facts.assign(clicks=unknown)
    if not ((kind == "click").any() and (kind == "purchase").any()):
        facts = facts.assign(clicks_bought=unknown)
    return facts


def _bought_after(clicks: pd.DataFrame, events: pd.DataFrame) -> pd.Series:
    """True where the same person purchased the product within ATTRIBUTION after the event."""
    bought = events[events["kind"] == "purchase"]
    asked, given = (
        pd.DataFrame(
            {
                "person": _people(part),
                "product_id": part["product_id"].astype(object),
                "when": pd.to_datetime(part["occurred_at"], utc=True),
                "row": part.index,
            }
        ).sort_values("when", kind="stable")
        for part in (clicks, bought)
    )
    found = pd.merge_asof(
        asked,
        given.assign(bought=True).drop(columns="row"),
        direction="forward",
        on="when",
        by=["person", "product_id"],
        tolerance=ATTRIBUTION,
    )
    return found.set_index("row")["bought"].reindex(clicks.index).eq(True)
