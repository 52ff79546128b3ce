"""Money of many currencies in one: dated exchange rates, minor units."""

import pandas as pd

# ISO 4217: digits behind the point, where they are not two.
_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BYR", "ESP", "ITL", "LUF", "TRL"), 0),  # withdrawn
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def minor_digits(currency: str) -> int:
    """Digits behind the point of a currency's amounts.

    >>> minor_digits("JPY"), minor_digits("EUR"), minor_digits("KWD")
    (0, 2, 3)
    """
    return _DIGITS.get(currency, 2)


def rounded(amount: float, currency: str) -> float:
    """An amount as it is paid: in whole minor units of its currency; NaN stays NaN.

    >>> rounded(12.345, "JPY"), rounded(12.3456, "KWD")
    (12.0, 12.346)
    """
    return round(amount, minor_digits(currency))


def to_base(
    amount: pd.Series,
    currency: pd.Series,
    when: pd.Series,
    fx_rates: pd.DataFrame,
    base: str,
) -> pd.Series:
    """Amounts in the base currency, by the newest rate at or before `when`.

    fx_rates: rate_date, currency, rate (units of `base` for one unit of `currency`).
    A missing currency means the base currency; where no rate is known the answer is NaN.
    The index is that of `amount`.
    """
    asked = pd.DataFrame(
        {
            "row": range(len(amount)),
            "when": pd.to_datetime(when, utc=True).to_numpy(dtype="datetime64[ns]"),
            "currency": currency.fillna(base).astype(object).to_numpy(),
        }
    ).sort_values("when", kind="stable")
    rates = pd.DataFrame(
        {
            "when": pd.to_datetime(fx_rates["rate_date"], utc=True).to_numpy(
                dtype="datetime64[ns]"
            ),
            "currency": fx_rates["currency"].astype(object).to_numpy(),
            "rate": fx_rates["rate"].to_numpy(dtype=float),
        }
    ).sort_values("when", kind="stable")
    found = pd.merge_asof(asked, rates, on="when", by="currency").sort_values("row")
    rate = found["rate"].mask(found["currency"] == base, 1.0).to_numpy(dtype=float)
    return pd.Series(amount.to_numpy(dtype=float) * rate, index=amount.index, name=amount.name)
