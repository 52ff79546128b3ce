"""Other shops' data, default settings: on average no worse than plain boosting on their columns."""

from collections.abc import Callable

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from data.tables import TABLES
from data.views import Terms
from features.fraud import amounts, history, model_inputs
from models.fraud import BoostedTrees

ROWS, CUT, DRAWS = 12_000, 8_400, 10
CHANCE = 0.005  # about what the mean of the draws differs by, by chance
RATES = pd.DataFrame(
    {"rate_date": pd.to_datetime(["2015-01-01"], utc=True), "currency": ["USD"], "rate": [0.9]}
)
Made = tuple[pd.DataFrame, np.ndarray, pd.DataFrame]
Make = Callable[[int], Made]


def anonymous_orders(seed: int) -> Made:
    """Amount, hour, state, a hashed address that comes again, columns without a name."""
    draw = np.random.default_rng(seed)
    at = np.sort(draw.integers(0, 120 * 86_400, ROWS))
    address = np.char.add("h", (draw.zipf(1.3, ROWS) % 3_000).astype(str))
    bad = np.isin(address, draw.choice(np.unique(address), 60, replace=False))
    signal = draw.normal(size=(ROWS, 6))
    state = draw.choice(list("ABCDEFGHIJ"), ROWS)
    odds = -4.0 + 3.0 * bad + signal[:, 0] + signal[:, 1] * signal[:, 2] + (state == "C")
    fraud = draw.random(ROWS) < 1 / (1 + np.exp(-odds))
    signal[draw.random(signal.shape) < 0.2] = np.nan
    payments = paid(at, draw.gamma(2, 40, ROWS).round(2))
    payments |= {f"x_v{n}": signal[:, n] for n in range(6)}
    payments |= {"x_state": state.astype(object), "x_email": address.astype(object)}
    payments["x_hour"] = (at // 3600 % 24).astype(float)
    customers = {"customer_id": payments["customer_id"], "signed_up_at": pd.NaT}
    return pd.DataFrame(payments), fraud, whole(customers)


def sign_ups(seed: int) -> Made:
    """Half the frauds buy within a second of signing up, from a device that many share; nothing
    tells the other half, so what two models differ by is chance."""
    draw = np.random.default_rng(seed)
    at = np.sort(draw.integers(0, 200 * 86_400, ROWS))
    fraud = draw.random(ROWS) < 0.09
    ring = fraud & (draw.random(ROWS) < 0.55)
    waited = np.where(ring, 1, draw.integers(60, 100 * 86_400, ROWS))
    shared, own = np.char.add("s", (at // 345_600).astype(str)), np.char.add("d", at.astype(str))
    payments = paid(at, draw.gamma(3, 12, ROWS).round())
    payments["device_id"] = payments["ip_address"] = np.where(ring, shared, own).astype(object)
    payments |= {"x_source": draw.choice(["SEO", "Ads"], ROWS).astype(object)}
    payments |= {"x_age": draw.integers(18, 70, ROWS).astype(float)}
    frame = pd.DataFrame(payments)
    since = frame["attempted_at"] - pd.to_timedelta(waited, unit="s")
    return frame, fraud, whole({"customer_id": frame["customer_id"], "signed_up_at": since})


def paid(at: np.ndarray, amount: np.ndarray) -> dict[str, object]:
    names = dict.fromkeys(TABLES["payments"].names)
    return names | {
        "payment_id": [f"p{n:05}" for n in range(ROWS)],
        "attempted_at": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(at, unit="s"),
        "customer_id": [f"c{n}" for n in range(ROWS)],
        "amount": amount,
        "currency": "EUR",
        "outcome": "captured",
        "address_match": pd.array([None] * ROWS, dtype="boolean"),
    }


def whole(columns: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(dict.fromkeys(TABLES["customers"].names) | columns).assign(
        signed_up_at=lambda frame: pd.to_datetime(frame["signed_up_at"], utc=True)
    )


def plain(frame: pd.DataFrame, fraud: np.ndarray, customers: pd.DataFrame) -> np.ndarray:
    """Boosting on the columns as they are, texts as numbers and by how often they come."""
    since = (frame["attempted_at"] - customers["signed_up_at"]).dt.total_seconds()
    columns: dict[str, object] = {"amount": frame["amount"], "since": since.fillna(-1.0)}
    for name in [n for n in frame if n.startswith("x_") or n in {"device_id", "ip_address"}]:
        is_text = frame[name].dtype == object
        columns[name] = pd.factorize(frame[name])[0] if is_text else frame[name]
        often = frame[name].iloc[:CUT].value_counts()
        columns[f"{name}_often"] = frame[name].map(often).fillna(0.0) if is_text else 0.0
    matrix = pd.DataFrame(columns).to_numpy(dtype=float)
    given = {"objective": "binary", "num_leaves": 15, "min_data_in_leaf": 40, "verbosity": -1}
    given |= {"learning_rate": 0.05, "feature_fraction": 0.6, "num_threads": 1, "seed": 7}
    data = lightgbm.Dataset(matrix[:6_300], fraud[:6_300].astype(float))
    judge = data.create_valid(matrix[6_300:CUT], fraud[6_300:CUT].astype(float))
    stop = [lightgbm.early_stopping(40, verbose=False)]
    trees = lightgbm.train(given, data, 400, valid_sets=[judge], callbacks=stop).best_iteration
    full = lightgbm.Dataset(matrix[:CUT], fraud[:CUT].astype(float))
    return np.asarray(lightgbm.train(given, full, max(trees, 10)).predict(matrix[CUT:]))


@pytest.mark.slow
@pytest.mark.parametrize("make", [anonymous_orders, sign_ups], ids=lambda make: make.__name__)
def test_default_settings_are_on_average_as_good_as_plain_boosting(make: Make) -> None:
    ours, theirs = np.mean([both(make(seed)) for seed in range(DRAWS)], axis=0)
    assert (ours > theirs - CHANCE).all(), (ours, theirs)


def both(made: Made) -> list[tuple[float, float]]:
    """Area under the curve and average precision: ours, and of plain boosting."""
    frame, fraud, customers = made
    told = frame.loc[fraud[: len(frame)], ["payment_id"]].assign(
        reported_at=frame["attempted_at"][fraud] + pd.Timedelta(days=10), is_fraud=True
    )
    told = told[told["reported_at"] <= frame["attempted_at"].iloc[CUT]]
    tables = {"payments": frame, "chargebacks": told, "customers": customers, "fx_rates": RATES}
    known = history(tables, frame["attempted_at"].max().to_pydatetime(), Terms())
    seen = model_inputs(known, amounts(known, RATES, "EUR")).reset_index(drop=True)
    more = pd.DataFrame({"attempted_at": known["attempted_at"], "is_fraud": fraud.astype(int)})
    seen = pd.concat([seen, more], axis=1)
    ours = BoostedTrees().fit(seen.iloc[:CUT]).predict(seen.iloc[CUT:])["probability"]
    label, given = fraud[CUT:], (ours, plain(frame, fraud, customers))
    return [(roc_auc_score(label, p), average_precision_score(label, p)) for p in given]
