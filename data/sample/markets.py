"""Daily exchange rates of the sample merchant: generated, smooth, around fixed centres."""

import numpy as np
import pandas as pd

from data.sample.plan import CENTRE_RATES, DAYS, START, stream

# A month before the year, so that every fact has a rate at or before it.
_BEFORE = 31


def fx_rates(*, seed: int) -> pd.DataFrame:
    """Euros for one unit, each day: the log rate is drawn back to its centre, then smoothed."""
    days = pd.date_range(START - pd.Timedelta(days=_BEFORE), periods=DAYS + _BEFORE, freq="D")
    frames = []
    for currency, centre in CENTRE_RATES.items():
        drawn = stream(seed, f"fx {currency}").normal(0, 0.003, len(days))
        # Pegged to the euro in life, too.
        width = 0.05 if currency == "DKK" else 1.0
        away = np.zeros(len(days))
        for today in range(1, len(days)):
            away[today] = 0.985 * away[today - 1] + width * drawn[today]
        smooth = pd.Series(away).rolling(5, min_periods=1).mean().to_numpy()
        rate = (centre * np.exp(smooth)).round(6)
        frames.append(pd.DataFrame({"rate_date": days, "currency": currency, "rate": rate}))
    return pd.concat(frames, ignore_index=True)
