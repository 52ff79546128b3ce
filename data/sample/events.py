"""What shoppers did in the shop: purchases are true, what led to them is generated.

Since `TRACKED_FROM`. Before a purchase the line's product was often viewed and put into the cart,
sometimes after an impression; now and then other products of its category were looked at and
left, and a few products are hidden for good. One visit in five is only known by its visitor_id.
"""

import numpy as np
import pandas as pd

from data.sample.plan import TRACKED_FROM, stream, token

_PLACEMENTS = np.array(["home", "product", "cart"], dtype=object)


def events(lines: pd.DataFrame, products: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Events in time order; `account` is still the internal name of the customer.

    lines: order lines; products: the catalogue; seed: of the random draws.
    """
    lines = lines[(lines["at"] >= TRACKED_FROM) & (lines["status"] != "cancelled")]
    random = stream(seed, "events")
    bought = pd.DataFrame(
        {
            "occurred_at": lines["at"],
            "kind": "purchase",
            "product_id": lines["product_id"],
            "account": lines["account"],
            "market": lines["market"],
            "order": lines["order"],
        }
    ).reset_index(drop=True)
    viewed = _before(bought, "view", 0.6, (60, 1500), random)
    shown = _before(viewed, "impression", 0.4, (5, 90), random)
    carted = _before(bought, "cart", 0.5, (20, 60), random)
    looked = _neighbours(_before(bought, "view", 0.5, (60, 1800), random), products, random)
    passed = _neighbours(_before(bought, "impression", 0.35, (60, 1800), random), products, random)
    hidden = _neighbours(_before(bought, "hide", 0.004, (60, 1800), random), products, random)
    hidden = _never_bought(hidden, lines)
    every = pd.concat([bought, viewed, shown, carted, looked, passed, hidden], ignore_index=True)
    every = every.sort_values(
        ["occurred_at", "kind", "product_id"], kind="stable", ignore_index=True
    )
    return _identified(every, random, seed=seed)


def _before(
    later: pd.DataFrame,
    kind: str,
    share: float,
    seconds: tuple[int, int],
    random: np.random.Generator,
) -> pd.DataFrame:
    """A share of the events had one of that kind some seconds before."""
    chosen = later[random.random(len(later)) < share]
    ago = pd.to_timedelta(random.integers(*seconds, len(chosen)), unit="s")
    return chosen.assign(kind=kind, occurred_at=chosen["occurred_at"] - ago)


def _neighbours(
    seen: pd.DataFrame, products: pd.DataFrame, random: np.random.Generator
) -> pd.DataFrame:
    """The events seen, each of another product of its shelf (two first parts of the category)."""
    shelf = products["category"].str.split("/").str[:2].str.join("/")
    order = np.argsort(shelf.to_numpy(dtype=str), kind="stable")
    names, starts, sizes = np.unique(
        shelf.to_numpy(dtype=str)[order], return_index=True, return_counts=True
    )
    own = pd.Index(products["product_id"]).get_indexer(pd.Index(seen["product_id"]))
    place = np.searchsorted(names, shelf.to_numpy(dtype=str)[own])
    drawn = starts[place] + (random.random(len(seen)) * sizes[place]).astype(int)
    return seen.assign(product_id=products["product_id"].to_numpy()[order][drawn])


def _never_bought(hidden: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Nobody hides what they buy."""
    bought = pd.MultiIndex.from_frame(lines[["account", "product_id"]])
    return hidden[~pd.MultiIndex.from_frame(hidden[["account", "product_id"]]).isin(bought)]


def _identified(every: pd.DataFrame, random: np.random.Generator, *, seed: int) -> pd.DataFrame:
    """Visitor ids by account and device; some visits before the purchase were not logged in."""
    accounts, place = np.unique(every["account"].to_numpy(dtype=str), return_inverse=True)
    visits = pd.factorize(every["order"])[0]
    phone = (random.random(visits.max() + 1) < 0.6)[visits]
    anonymous = (random.random(visits.max() + 1) < 0.2)[visits] & (every["kind"] != "purchase")
    names = np.array([[f"v-{token(seed, a, d)}" for d in (0, 1)] for a in accounts], dtype=object)
    shown = every["kind"] == "impression"
    list_ids = {order: token(seed, "list", order) for order in every["order"].unique()}
    return every.assign(
        event_id=[f"e{number:07d}" for number in range(len(every))],
        visitor_id=names[place, phone.astype(int)],
        account=every["account"].mask(anonymous),
        placement=pd.Series(random.choice(_PLACEMENTS, len(every))).where(shown),
        recommendation_id=("r-" + every["order"].map(list_ids)).where(shown),
    )
