"""What forecasts were worth: past ones beside what came, and beside the naive ones."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from data.money import minor_digits, to_base
from features.forecasting.grid import PAIR
from features.forecasting.periods import number, starts

SEASONS: Mapping[str, tuple[int, ...]] = {"day": (7,), "week": (13, 52), "month": (12,)}
_KEY = [*PAIR, "period_start"]
WAYS = ("naive", "seasonal_naive", "model", "final")


def outcomes(
    forecasts: pd.DataFrame, model_forecasts: pd.DataFrame, demand: pd.DataFrame
) -> pd.DataFrame:
    """Closed periods, with a full shelf, that a stored forecast said first of.

    forecasts, model_forecasts: history of these views; demand: history of `demand`.
    Columns: pair, period_start, actual, naive (the period before), seasonal_naive (a week, a year
    or, of weeks, a quarter before), model, final (with overrides), price and its currency.
    """
    said = _first(forecasts, "final")
    plain = _first(model_forecasts, "model")
    frame = _history(demand).merge(said, on=_KEY)
    if plain.empty:
        return frame.assign(model=frame["final"])
    frame = frame.merge(plain, how="left", on=_KEY)
    return frame.assign(model=frame["model"].fillna(frame["final"]))


def _first(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The mean of the first period of each forecast; of several for one period the newest."""
    newest = rows.sort_values("event_timestamp", kind="stable").drop_duplicates(_KEY, keep="last")
    return newest[_KEY].assign(**{name: [float(one[0]) for one in newest["mean"]]})


def _history(demand: pd.DataFrame) -> pd.DataFrame:
    rows = demand.sort_values([*PAIR, "event_timestamp"], kind="stable")
    units = rows["quantity"].astype(float)
    pairs = units.groupby([rows[name] for name in PAIR], sort=False)
    frequency = str(rows["frequency"].iloc[0]) if len(rows) else "week"
    periods = rows["period_start"].nunique()
    fitting = [one for one in SEASONS[frequency] if periods >= 1.25 * one] or [1]
    naive = pairs.shift(1)
    prices = rows["price"].astype(float).groupby([rows[name] for name in PAIR], sort=False)
    full = seen_in_full(rows) & units.notna()
    frame = rows[_KEY].assign(
        actual=units,
        naive=naive.fillna(0.0),
        seasonal_naive=pairs.shift(fitting[-1]).fillna(naive).fillna(0.0),
        price=prices.ffill(),
        currency=rows["currency"],
    )
    return frame[full.to_numpy()]


def seen_in_full(demand: pd.DataFrame) -> pd.Series:
    """Whether the shelf was full throughout each row's period, so that sales were demand."""
    share = pd.to_numeric(demand["in_stock"])
    full: pd.Series = (share.isna() | (share >= 1)) & ~demand["censored"].eq(True)
    return full


def within(forecasts: pd.DataFrame, demand: pd.DataFrame, share: float = 0.8) -> pd.Series:
    """Of each closed period with a full shelf whether it lay in the central interval of this share
    that its forecast gave, ends included; index: pair and period_start.

    forecasts: history of the `forecast` view; demand: history of the `demand` view; share: of
    outcomes that the interval should hold, between 0 and 1.
    """
    bounds = [(1 - share) / 2, (1 + share) / 2]
    newest = forecasts.sort_values("event_timestamp", kind="stable")
    said = newest.drop_duplicates(_KEY, keep="last").reset_index(drop=True)
    first = [
        np.interp(bounds, levels, quantiles[: len(levels)])
        for levels, quantiles in zip(said["levels"], said["quantiles"], strict=True)
    ]
    said[["low", "high"]] = np.array(first, dtype=float).reshape(-1, 2)
    beside = _history(demand).merge(said[[*_KEY, "low", "high"]], on=_KEY)
    inside = beside["actual"].between(beside["low"], beside["high"])
    return inside.set_axis(pd.MultiIndex.from_frame(beside[_KEY]))


def value_added(beside: pd.DataFrame) -> pd.DataFrame:
    """Forecast value added (Gilliland, 2010): way, periods, wape, bias, and value_added, by how
    much the WAPE is under that of the naive forecast.
    """
    actual = beside["actual"].to_numpy(dtype=float)
    total = max(float(actual.sum()), 1e-9)
    errors = {way: beside[way].to_numpy(dtype=float) - actual for way in WAYS}
    wape = {way: float(np.abs(one).sum()) / total for way, one in errors.items()}
    rows = [
        {
            "way": way,
            "periods": len(beside),
            "wape": wape[way],
            "bias": float(errors[way].sum()) / total,
            "value_added": wape["naive"] - wape[way],
        }
        for way in WAYS
    ]
    return pd.DataFrame(rows)


def exceptions(beside: pd.DataFrame, fx_rates: pd.DataFrame, base: str) -> pd.DataFrame:
    """Pairs whose forecasts err to one side, the most money first; then those without a price.

    bias: units a period, above 0 is too high. tracking_signal: sum of errors over their mean size
    (Trigg, 1964); beyond ±4 is no chance. money_at_stake: |sum of errors| × the newest price, in
    the base currency by the newest rate, in whole minor units; NaN where no price or rate is known.

    beside: a row a pair and closed period, as `outcomes` gives them: final and actual (units),
    price, currency; fx_rates: rate_date, currency, rate (units of `base` for one unit of
    `currency`); base: the base currency, ISO 4217.
    """
    groups = [beside[name] for name in PAIR]
    error = beside["final"] - beside["actual"]
    now = pd.Series(beside["period_start"].max(), index=beside.index)
    money = to_base(beside["price"], beside["currency"], now, fx_rates, base)
    table = pd.DataFrame(
        {
            "periods": error.groupby(groups).size(),
            "actual": beside["actual"].groupby(groups).sum(),
            "forecast": beside["final"].groupby(groups).sum(),
            "bias": error.groupby(groups).mean(),
            "size": error.abs().groupby(groups).mean(),
            "price": money.groupby(groups).last(),
        }
    ).reset_index()
    gap = table["forecast"] - table["actual"]
    table["tracking_signal"] = (gap / table.pop("size").where(lambda one: one > 0)).fillna(0.0)
    stake = gap.abs() * table.pop("price")
    table = table.assign(money_at_stake=stake.round(minor_digits(base)), gap=gap.abs())
    units = ["actual", "forecast", "bias", "tracking_signal"]
    table[units] = table[units].round(4)
    order = {"money_at_stake": False, "gap": False, **dict.fromkeys(PAIR, True)}
    ranked = table.sort_values(list(order), ascending=list(order.values()), ignore_index=True)
    return ranked.drop(columns="gap")


# What accuracy can be told by: of the pair, of the forecast, of the period.
ACCURACY_LEVELS = (
    "all",
    "warehouse",
    "product",
    "category",
    "country",
    "demand_class",
    "abc_xyz",
    "lag",
    "month",
)


def outcomes_by_lag(forecasts: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Closed periods, with a full shelf, beside every stored forecast of them.

    forecasts: history of the `forecast` view; demand: history of the `demand` view.
    Columns: pair, period_start, lag (1: the first period of the forecast), actual, mean, low and
    high (the ends of the central 80%), demand_class, abc_xyz, category, country, month. Of several
    forecasts of one period at one lag the newest counts.
    """
    rows = forecasts.sort_values("event_timestamp", kind="stable")
    rows = rows.drop_duplicates([*PAIR, "period_start"], keep="last")
    kinds = [rows["frequency"], rows["levels"].map(tuple), rows["mean"].map(len)]
    alike = [_each_lag(group) for _, group in rows.groupby(kinds, sort=False)]
    said = pd.concat(alike or [pd.DataFrame()], ignore_index=True)
    if said.empty:
        return pd.DataFrame(columns=[*_KEY, "lag", "actual", "mean", "low", "high"])
    about = demand.drop_duplicates(PAIR, keep="last")[[*PAIR, "category", "country"]]
    known = _history(demand)[[*_KEY, "actual"]]
    frame = said.merge(known, on=_KEY).merge(about, how="left", on=PAIR)
    return frame.assign(month=frame["period_start"].str[:7])


def _each_lag(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a period of forecasts of one frequency, one length and the same levels."""
    levels, frequency = list(rows["levels"].iloc[0]), str(rows["frequency"].iloc[0])
    mean = np.stack([np.asarray(one, dtype=float) for one in rows["mean"]])
    wide = np.stack([np.asarray(one, dtype=float) for one in rows["quantiles"]])
    count, length = mean.shape
    # An interpolation between fixed levels is a weighted sum of the quantiles.
    weights = [np.interp((0.1, 0.9), levels, one) for one in np.eye(len(levels))]
    low, high = (wide.reshape(count * length, -1) @ np.array(weights)).T
    begun, which = np.unique(rows["period_start"].to_numpy(dtype=str), return_inverse=True)
    dates = []
    for start in begun:
        first = number(pd.Timestamp(str(start), tz="UTC").to_pydatetime(), frequency)
        dates.append(starts(np.arange(first, first + length), frequency).strftime("%Y-%m-%d"))
    about = [name for name in ("demand_class", "abc_xyz") if name in rows]
    told = {name: np.repeat(rows[name].to_numpy(), length) for name in [*PAIR, *about]}
    return pd.DataFrame(
        {
            "demand_class": None,
            "abc_xyz": None,
            **told,
            "period_start": np.array(dates)[which].ravel(),
            "lag": np.tile(np.arange(1, length + 1), count),
            "mean": mean.ravel(),
            "low": low,
            "high": high,
        }
    )


def accuracy(beside: pd.DataFrame, level: str) -> pd.DataFrame:
    """How well forecasts did: key, periods, actual and forecast (units), wape, bias, coverage_80.

    beside: as `outcomes_by_lag` gives them; level: one of ACCURACY_LEVELS. wape and bias are shares
    of the demand of all periods, missing where there was none; a bias above 0 is too high;
    coverage_80: share of periods within the central 80%. Keys that are not known are "".
    """
    if beside.empty:
        columns = ["key", "periods", "actual", "forecast", "wape", "bias", "coverage_80"]
        return pd.DataFrame(columns=columns)
    names = {"warehouse": "warehouse_id", "product": "product_id"}
    if level == "all":
        key = pd.Series("", index=beside.index, dtype=object)
    else:
        key = beside[names.get(level, level)].astype(object)
    key = key.where(key.notna(), "")
    error = beside["mean"] - beside["actual"]
    rows = pd.DataFrame(
        {
            "actual": beside["actual"],
            "forecast": beside["mean"],
            "size": error.abs(),
            "inside": beside["actual"].between(beside["low"], beside["high"]).astype(float),
            "periods": 1,
        }
    )
    sums = rows.groupby(key, sort=True).sum()
    demand = sums["actual"].where(sums["actual"] > 0)
    return pd.DataFrame(
        {
            "key": sums.index.astype(str),
            "periods": sums["periods"].to_numpy(),
            "actual": sums["actual"].to_numpy(),
            "forecast": sums["forecast"].to_numpy(),
            "wape": (sums["size"] / demand).to_numpy(),
            "bias": ((sums["forecast"] - sums["actual"]) / demand).to_numpy(),
            "coverage_80": (sums["inside"] / sums["periods"]).to_numpy(),
        }
    )
