"""Announced closures of suppliers and warehouses, as planners read them: first and last day."""

import pandas as pd

# Closures that begin later are of no use to an order of today.
AHEAD_DAYS = 400


def closures_ahead(
    keys: pd.Series, closures: pd.DataFrame, whose: str, moment: pd.Timestamp
) -> pd.Series:
    """The closures of each key that are known at a moment and not over everywhere: a list of texts,
    or None.

    A text is `2024-02-05/2024-02-18`, first and last day; the lists are in order of time.

    keys: ids of suppliers or warehouses; closures: the table; whose: its column that names them,
    `supplier_id` or `warehouse_id`; moment: a time in UTC.
    """
    known = closures[closures[whose].notna() & closures["starts_on"].notna()]
    known = known[known["announced_at"].isna() | (known["announced_at"] <= moment)]
    first, last = known["starts_on"], known["ends_on"].fillna(known["starts_on"])
    # A day lasts until noon of the next one in UTC where it ends last.
    ahead = (last + pd.Timedelta(days=1.5) > moment) & (
        first <= moment + pd.Timedelta(days=AHEAD_DAYS)
    )
    known = known[ahead & known[whose].isin(keys.unique())]
    if known.empty:
        return pd.Series(None, index=keys.index, dtype=object)
    texts = first.loc[known.index].dt.strftime("%Y-%m-%d") + "/"
    texts = (texts + last.loc[known.index].dt.strftime("%Y-%m-%d")).sort_values()
    lists = texts.groupby(known[whose].reindex(texts.index).to_numpy()).agg(list).to_dict()
    return keys.map(lambda key: lists.get(key)).astype(object)
