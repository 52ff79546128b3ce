"""How the lists of the shop do: clicks, variety and what nobody is shown, by placement."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pandas as pd

from decisions.runtime import Runtime

# Fewer products shown than this say nothing of a placement.
_FEWEST_SHOWN = 200
# A product is one of the best sellers where it is among this share of all.
_BEST = 0.01
_EARLIER = 4  # how many times the time looked at lies before it to compare with


def placement_figures(events: pd.DataFrame, since: datetime, until: datetime) -> pd.DataFrame:
    """By placement what was shown, how much of it was clicked, and how varied it was.

    events: rows of the table; since, until: what happened after and up to. Columns: shown (products
    shown), click_rate (clicks and views that bear a recommendation_id, over shown), products (how
    many different ones were shown), best_share (share of shown that is among the best 1% shown, the
    bias to what is popular). A placement that is not named is "".
    """
    inside = events[(events["occurred_at"] > since) & (events["occurred_at"] <= until)]
    placement = inside["placement"].astype(object)
    inside = inside.assign(placement=placement.where(placement.notna(), ""))
    impressions = inside[inside["kind"] == "impression"]
    clicked = inside[inside["kind"].isin(["click", "view"]) & inside["recommendation_id"].notna()]
    clicked = clicked.drop_duplicates(["recommendation_id", "product_id"])
    rows = []
    for name, group in impressions.groupby("placement", sort=True):
        counts = group["product_id"].value_counts()
        best = counts.head(max(round(_BEST * len(counts)), 1)).sum()
        own = clicked["recommendation_id"].isin(group["recommendation_id"].dropna())
        rows.append(
            {
                "placement": str(name),
                "shown": len(group),
                "click_rate": float(own.sum()) / len(group),
                "products": len(counts),
                "best_share": float(best) / len(group),
            }
        )
    names = ["placement", "shown", "click_rate", "products", "best_share"]
    return pd.DataFrame(rows, columns=names)


def watch_placements(runtime: Runtime, *, days: int) -> Iterator[tuple[str, float, bool]]:
    """Figures of each placement: a name, the value, and whether it is a fall with a limit.

    runtime: whose lake and records tell the events; days: how long is looked at, beside four times
    as long before it. A fall is the share by which clicks per product shown went down.
    """
    kept, _ = runtime.records.pending("events")
    events = pd.concat([one for one in (runtime.lake.read("events"), kept) if len(one)] or [kept])
    if events.empty:
        return
    events = events.drop_duplicates("event_id", keep="last")
    now = events["occurred_at"].max()
    since = now - timedelta(days=days)
    recent = placement_figures(events, since, now)
    before = placement_figures(events, since - timedelta(days=_EARLIER * days), since)
    listed = max(len(runtime.lake.read("products", columns=["product_id"])), 1)
    rates = before[before["shown"] >= _FEWEST_SHOWN].set_index("placement")["click_rate"]
    for row in recent[recent["shown"] >= _FEWEST_SHOWN].to_dict("records"):
        place = str(row["placement"]) or "no placement"
        yield f"clicks per product shown, {place}", row["click_rate"], False
        yield f"products shown of all, {place}", min(row["products"] / listed, 1.0), False
        yield f"shown that is of the best 1%, {place}", row["best_share"], False
        usual = float(rates.get(row["placement"], 0.0))
        if usual > 0:
            fall = max(1.0 - row["click_rate"] / usual, 0.0)
            yield f"fall of clicks per product shown, {place}", fall, True
