"""Classes of demand."""

import numpy as np

from models.forecasting.classes import CLASSES, classify
from models.forecasting.panel import panel
from tests.models.forecasting.series import frame


def test_classes_by_interval_and_variability() -> None:
    made = panel(
        frame(
            {
                "a_smooth": [5, 6, 5, 6, 5, 6, 5, 6, 5, 6],
                "b_erratic": [1, 20, 1, 1, 25, 1, 1, 30, 1, 1],
                "c_intermittent": [0, 0, 2, 0, 0, 2, 0, 0, 2, 0],
                "d_lumpy": [0, 0, 1, 0, 0, 40, 0, 0, 1, 0],
                "e_new": [np.nan] * 5 + [1.0] * 5,
                "f_dead": [0] * 10,
            }
        ),
        horizon=1,
    )
    found = [CLASSES[place] for place in classify(made)]
    assert found == ["smooth", "erratic", "intermittent", "lumpy", "new", "intermittent"]
