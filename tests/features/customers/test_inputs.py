"""What is served of a customer is what is trained on: by the store, online and offline."""

import pandas as pd
import pytest

from data.lake import open_lake
from features.customers import LEDGER_FEATURES, model_inputs
from features.store import Store
from tests.decisions.customers.shop import trained_shop


def test_the_value_served_is_the_value_of_the_view() -> None:
    settings = trained_shop()
    lake = open_lake(settings)
    store, now = Store(settings, lake), lake.clock()
    offline = store.latest("customer_ledger", now).set_index("customer_id")
    customers = offline.index[:40].tolist()
    asked = [{"customer_id": name} for name in customers]
    online = store.online_values("customers", asked, now)
    past = store.training_frame("customers", pd.DataFrame(asked).assign(event_timestamp=now), now)
    for place, name in enumerate(customers):
        for feature in LEDGER_FEATURES:
            told, kept = online[place][feature], offline.loc[name, feature]
            trained = past[feature].iloc[place]
            if pd.isna(kept):
                assert told is None, feature
                assert pd.isna(trained), feature
            else:
                assert told == (kept if isinstance(kept, str) else pytest.approx(kept)), feature
                assert trained == (kept if isinstance(kept, str) else pytest.approx(kept)), feature


def test_a_customer_without_an_order_has_no_age() -> None:
    known = pd.DataFrame(
        {name: [None if kind == "str" else float("nan")] for name, kind in LEDGER_FEATURES.items()}
    )
    made = model_inputs(known, pd.Series([pd.Timestamp("2024-01-01", tz="UTC")]))
    assert made["age_days"].isna().all()
    assert made["repeat_orders"].isna().all()
