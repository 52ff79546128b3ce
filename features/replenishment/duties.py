"""Duty by dated tariffs, beside the rate that supply terms name themselves."""

import numpy as np
import pandas as pd

from data.customs import is_customs_border
from data.tables import EVERYWHERE
from features.replenishment.ledger import Floats

_LANE = ["hs_code", "origin_country", "destination_country"]
_ALWAYS = pd.Timestamp(0, tz="UTC")


def duty_rates(rows: pd.DataFrame, tariffs: pd.DataFrame, when: pd.Series) -> Floats:
    """The duty of each row at its moment, a share of the unit cost; NaN where none is known.

    Goods that cross a customs border between supplier and warehouse pay the newest tariff of their
    hs_code, origin and destination that holds by then; where there is none for their origin, that
    of every origin. Where the terms name a duty too, the one that holds since later counts; of the
    same day, the terms'.

    rows: n, with hs_code, origin_country and supplier_country (None: not known), country (the
    warehouse's), duty_rate and valid_from of the terms; tariffs: the table; when: n times by
    the clock of each warehouse, written as UTC.
    """
    own = rows["duty_rate"].to_numpy(dtype=float)
    if tariffs.empty:
        return own
    rate, since = _newest(_asked(rows, rows["origin"]), tariffs, when)
    wide, wide_since = _newest(_asked(rows, EVERYWHERE), tariffs, when)
    rate, since = np.where(np.isnan(rate), wide, rate), since.fillna(wide_since)
    later = (since > rows["valid_from"].fillna(_ALWAYS)).to_numpy() | np.isnan(own)
    return np.where(rows["taxed"] & ~np.isnan(rate) & later, rate, own)


def with_origin(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `origin`, the country whose tariff holds, and `taxed`, whether goods cross a
    customs border. rows: with origin_country, supplier_country and country."""
    made, sent = rows["origin_country"], rows["supplier_country"]
    origin, sent_from = made.where(made.notna(), sent), sent.where(sent.notna(), made)
    known = sent_from.notna().to_numpy() & rows["country"].notna().to_numpy()
    border = is_customs_border(sent_from.to_numpy(), rows["country"].to_numpy())
    return rows.assign(origin=origin, taxed=known & border)


def next_tariff_days(rows: pd.DataFrame, tariffs: pd.DataFrame, now: pd.Series) -> Floats:
    """Days until the next tariff of each row's lane begins to hold; NaN: none is announced.

    rows: of `with_origin`; tariffs: the table; now: n times by the clock of each warehouse, written
    as UTC.
    """
    days = np.full(len(rows), np.nan)
    for moment in now.unique():  # one a time zone
        mine = (now == moment).to_numpy()
        coming = tariffs[tariffs["valid_from"] > moment]
        if not coming.empty:
            days[mine] = _days_until(rows[mine], coming, moment)
    return days


def _days_until(rows: pd.DataFrame, coming: pd.DataFrame, moment: pd.Timestamp) -> Floats:
    """Days from a moment until the first of some tariffs of each row's lane."""
    first = coming.groupby(_LANE)["valid_from"].min()
    days = [
        (_asked(rows, origin).merge(first.reset_index(), on=_LANE, how="left")["valid_from"])
        for origin in (rows["origin"], EVERYWHERE)
    ]
    soonest = pd.concat(days, axis=1).min(axis=1)
    ahead = (soonest - moment).dt.total_seconds().to_numpy(dtype=float) / 86_400
    return np.where(rows["taxed"], ahead, np.nan)


def _asked(rows: pd.DataFrame, origin: pd.Series | str) -> pd.DataFrame:
    lanes = rows[["hs_code"]].assign(origin_country=origin, destination_country=rows["country"])
    return lanes.reset_index(drop=True)


def _newest(
    asked: pd.DataFrame, tariffs: pd.DataFrame, when: pd.Series
) -> tuple[Floats, pd.Series]:
    """The newest tariff of each lane at its moment: its rate, and since when it holds."""
    rows = asked.assign(when=when.to_numpy(dtype="datetime64[ns]"), row=range(len(asked)))
    known = tariffs[[*_LANE, "valid_from", "duty_rate"]].dropna(subset=["valid_from"])
    known = known.assign(since=known["valid_from"].to_numpy(dtype="datetime64[ns]"))
    found = pd.merge_asof(
        rows.sort_values("when", kind="stable"),
        known.drop(columns="valid_from").sort_values("since", kind="stable"),
        left_on="when",
        right_on="since",
        by=_LANE,
    ).sort_values("row")
    since = pd.Series(pd.to_datetime(found["since"].to_numpy(), utc=True))
    return found["duty_rate"].to_numpy(dtype=float), since
