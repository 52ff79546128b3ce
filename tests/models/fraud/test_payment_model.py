"""Which models can decide on single payments, and how they answer for them."""

import numpy as np
import pytest

from models.fraud import MODELS, PaymentModel
from tests.models.fraud.payments import FRAME, made


def test_what_is_served_can_judge_one_payment() -> None:
    served = {name for name in MODELS if isinstance(made(name), PaymentModel)}
    assert {"BoostedTrees", "PaymentScorecard", "StagedFraudModel"} <= served
    assert "Rules" not in served


@pytest.mark.parametrize("name", ["PaymentScorecard"])
def test_one_payment_has_the_probability_it_has_among_others(name: str) -> None:
    model = made(name).fit(FRAME)
    assert isinstance(model, PaymentModel)
    facts = FRAME.head(3).drop(columns="is_fraud").to_dict("records")
    rows = np.concatenate([model.row(one) for one in facts])
    together = model.probabilities(rows)
    alone = [float(model.probabilities(model.row(one))[0]) for one in facts]
    assert together == pytest.approx(alone)
    assert ((together > 0) & (together < 1)).all()
