"""The rules a shop starts with."""

from pathlib import Path

import numpy as np
import pandas as pd

from models.fraud import Rules


def payments(**changes: object) -> pd.DataFrame:
    """Twenty plain payments of old accounts, the last as told."""
    frame = pd.DataFrame(
        {
            "amount_base": np.arange(20.0),
            "account_age_days": 400.0,
            "billing_differs_shipping": 0.0,
            "address_match": 1.0,
            "card_count_1h": 1.0,
            "ip_count_1h": 1.0,
            "is_fraud": 0.0,
        }
    )
    for name, value in changes.items():
        frame.loc[19, name] = value
    return frame


def test_each_sign_raises_the_risk_and_more_signs_raise_it_more() -> None:
    signs = {"account_age_days": 1.0, "address_match": 0.0, "card_count_1h": 9.0}
    risky = payments(is_fraud=1.0, **signs)
    model = Rules().fit(risky)
    said = model.predict(risky)["probability"].to_numpy()
    assert said[19] > said[18]
    assert (np.diff(said[:19]) > 0).all()  # of equal points the larger amount is first
    assert ((said >= 0) & (said <= 1)).all()


def test_an_account_of_unknown_age_is_a_sign_and_an_unknown_label_no_honest_one() -> None:
    model = Rules().fit(payments(is_fraud=np.nan))
    unknown = payments(account_age_days=np.nan)
    assert model._points(unknown)[19] == model._points(payments())[19] + 1
    assert (model.predict(unknown)["probability"] < 0.5).all()


def test_it_comes_back_from_its_folder(tmp_path: Path) -> None:
    model = Rules(large_share=0.5).fit(payments())
    model.save(tmp_path)
    again = Rules.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(payments()), model.predict(payments()))
