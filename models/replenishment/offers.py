"""Which supplier to order from: the one of the least total cost, or one that comes in time."""

import numpy as np
import pandas as pd

from models.replenishment import breaks
from models.replenishment.protection_interval import PERIOD_DAYS, Floats

YEAR_DAYS = 365.0
# Normal score of the safety stock that an offer's lead time is charged with; variance of demand
# over its mean where nothing better is known.
_SAFETY, _SPREAD = 1.645, 1.5
EMERGENCY = " {fast} is dearer than {usual}, but comes {days} days sooner: {units} are not lost."
UNCOMPARED = " Not compared, for its cost or exchange rate is unknown: {suppliers}."


def chosen_offers(offers: pd.DataFrame) -> pd.DataFrame:
    """The offer of each pair, in order of the pairs, with `_note`: what to tell about the choice.

    The unblocked offer of the least cost of a year; of equals, the soonest. Where the shelf would
    be empty before that one can deliver, a faster one is taken once if the sales it saves are worth
    more than it is dearer. Offers without a known cost come last, and are told.

    offers: n rows, one a pair and supplier, with the columns of the planning frame and `_landed`
    and `_goods` (money of a unit in the base currency, NaN: unknown; _goods: what price breaks
    lower), `_holding_rate` (share of the cost a year), `_shortage` (money of a lost unit),
    `_blocked`.
    """
    pair = ["warehouse_id", "product_id"]
    lead = offers["lead_time_mean"].fillna(offers["lead_time_days"]).fillna(0.0)
    several = offers.duplicated(pair, keep=False).to_numpy()
    rows = offers.assign(_lead=lead, _cost=offers["_landed"], _note="")
    if several.any():
        rows.loc[several, "_cost"] = yearly_cost(rows[several])
    ranked = rows.sort_values([*pair, "_blocked", "_cost", "_lead", "supplier_id"], kind="stable")
    first = ranked.drop_duplicates(pair).reset_index(drop=True)
    if not several.any():
        return first
    rest = ranked[~ranked.index.isin(ranked.drop_duplicates(pair).index)]
    return _told(_in_time(first, rest), rest)


def yearly_cost(offers: pd.DataFrame) -> Floats:
    """What a unit costs by each offer, all costs of a year shared among the units sold in it.

    Price with the lot that is best (`breaks.best_lot`, at least the smallest order), duty, freight,
    orders, and holding of the lot, of what is on its way and of the safety stock. Of pairs that
    sell nothing: the landed cost.

    offers: see `chosen_offers`, with `_lead` in days.
    """
    demand_rate = daily_demand_rate(offers)
    rate = offers["fx_rate"].fillna(1.0).to_numpy(dtype=float)
    landed, goods = (offers[name].to_numpy(dtype=float) for name in ("_landed", "_goods"))
    holding = landed * offers["_holding_rate"].to_numpy(dtype=float) / YEAR_DAYS
    order_cost = offers["order_cost"].fillna(0.0).to_numpy(dtype=float) * rate
    review = offers["review_period_days"].fillna(7.0).to_numpy(dtype=float)
    pack = offers["pack_size"].fillna(1.0).to_numpy(dtype=float)
    least = np.maximum(offers["min_order_quantity"].fillna(0.0).to_numpy(dtype=float), pack)
    steps, shares, _ = breaks.tables(offers["price_breaks"])
    lot = breaks.best_lot(
        demand_rate,
        order_cost=order_cost,
        unit_cost=np.nan_to_num(goods),
        holding=np.nan_to_num(holding),
        least=np.maximum(demand_rate * review, least),
        most=np.maximum(demand_rate * offers["_longest_days"].to_numpy(dtype=float), least),
        quantities=steps,
        shares=shares,
    )
    price = landed - goods * (1.0 - breaks.share_at(steps, shares, lot))
    spread = offers["lead_time_spread"].fillna(offers["lead_time_sd"]).fillna(0.0)
    lead = offers["_lead"].to_numpy(dtype=float)
    variance = _SPREAD * demand_rate * (lead + review) + np.square(
        demand_rate * spread.to_numpy(dtype=float)
    )
    stock = lot / 2 + demand_rate * lead + _SAFETY * np.sqrt(variance)
    yearly = order_cost * demand_rate / lot + holding * stock
    sold = demand_rate > 1e-6
    return np.where(sold, price + yearly / np.where(sold, demand_rate, 1.0), landed)


def daily_demand_rate(rows: pd.DataFrame) -> Floats:
    """Units asked for a day by the forecast, else by recent sales. rows: of the planning frame."""
    demand_rate: Floats = rows["weekly_sales"].fillna(0.0).to_numpy(dtype=float) / 7.0
    known = np.flatnonzero(rows["window_mean"].notna().to_numpy())
    means, names = rows["window_mean"], rows["frequency"]
    for row in known:
        window = means.iloc[row]
        demand_rate[row] = window[-1] / (len(window) * PERIOD_DAYS[str(names.iloc[row])])
    return demand_rate


def _in_time(first: pd.DataFrame, rest: pd.DataFrame) -> pd.DataFrame:
    """The offers chosen, each replaced by a faster one where that saves more than it costs."""
    pair = ["warehouse_id", "product_id"]
    usual = first[[*pair, "supplier_id", "_lead", "_landed", "_shortage"]]
    both = (
        rest[~rest["_blocked"]]
        .reset_index(drop=True)
        .merge(usual, on=pair, suffixes=("", "_usual"))
    )
    both = both[(both["_lead"] < both["_lead_usual"]) & both["_landed"].notna()]
    if both.empty:
        return first
    demand_rate = daily_demand_rate(both)
    slow, fast = both["_lead_usual"].to_numpy(float), both["_lead"].to_numpy(float)
    saved = _lost(both, demand_rate, slow) - _lost(both, demand_rate, fast)
    review = both["review_period_days"].fillna(7.0).to_numpy(dtype=float)
    least = both["min_order_quantity"].fillna(0.0).to_numpy(dtype=float)
    quantity = np.maximum(demand_rate * (slow - fast + review), least)
    order_cost = both["order_cost"].fillna(0.0) * both["fx_rate"].fillna(1.0)
    dearer = (both["_landed"] - both["_landed_usual"]).to_numpy(float) * quantity
    gain = saved * both["_shortage_usual"].to_numpy(float) - dearer - order_cost.to_numpy(float)
    both = both.assign(_gain=gain, _saved=saved)
    better = (
        both[gain > 0]
        .sort_values([*pair, "_gain"], kind="stable")
        .drop_duplicates(pair, keep="last")
    )
    if better.empty:
        return first
    notes = [
        EMERGENCY.format(
            fast=row["supplier_id"],
            usual=row["supplier_id_usual"],
            days=f"{row['_lead_usual'] - row['_lead']:.0f}",
            units=f"{row['_saved']:.0f}",
        )
        for row in better.to_dict("records")
    ]
    instead = better.assign(_note=notes)[first.columns]
    kept = ~pd.MultiIndex.from_frame(first[pair]).isin(pd.MultiIndex.from_frame(instead[pair]))
    return pd.concat([first[kept], instead]).sort_values(pair, kind="stable", ignore_index=True)


def _lost(rows: pd.DataFrame, demand_rate: Floats, days: Floats) -> Floats:
    """Units asked for within the days that neither shelf nor open orders meet, at an even pace."""
    stock = (rows["on_hand"].fillna(0.0) - rows["reserved"].fillna(0.0)).to_numpy(dtype=float)
    answer = np.zeros(len(rows))
    lists = zip(rows["open_due_days"], rows["open_quantities"], strict=True)
    for row, (due, units) in enumerate(lists):
        have, since, lost = max(stock[row], 0.0), 0.0, 0.0
        coming = sorted(zip(due, units, strict=True)) if isinstance(due, list) else []
        for day, quantity in [*coming, (days[row], 0.0)]:
            until = min(max(day, 0.0), days[row])
            asked = demand_rate[row] * max(until - since, 0.0)
            lost, have = lost + max(asked - have, 0.0), max(have - asked, 0.0)
            have, since = have + (quantity if day <= days[row] else 0.0), max(until, since)
        answer[row] = lost
    return answer


def _told(first: pd.DataFrame, rest: pd.DataFrame) -> pd.DataFrame:
    """The offers chosen, with the names of those that could not be compared."""
    pair = ["warehouse_id", "product_id"]
    unknown = rest[rest["_cost"].isna() & ~rest["_blocked"]]
    if unknown.empty:
        return first
    names = unknown.groupby(pair)["supplier_id"].agg(lambda each: ", ".join(map(str, each)))
    found = names.reindex(pd.MultiIndex.from_frame(first[pair])).to_numpy()
    notes = ["" if pd.isna(text) else UNCOMPARED.format(suppliers=text) for text in found]
    return first.assign(_note=first["_note"] + notes)
