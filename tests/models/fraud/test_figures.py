import math

import pytest

from models.fraud.figures import Figure, duration, with_singulars


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (0.126, ".0%", "13%"),
        (0.0126, ".0%", "1.3%"),
        (0.000_012, ".2f", "0.000012"),
        (-0.042, "+.1f", "-0.042"),
        (1_234.567, ",.2f", "1,234.57"),
        (7.0, ",.0f", "7"),
        (0.0, ".1%", "0.0%"),
        (math.inf, ".1f", "inf"),
        (1e-30, ".1f", "0.0000000000"),
    ],
)
def test_no_figure_loses_its_first_digits(value: float, spec: str, text: str) -> None:
    assert format(Figure(value), spec) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.0, "1 second"),
        (0.5, "0.5 seconds"),
        (119.0, "119 seconds"),
        (3_600.0, "60 minutes"),
        (7_200.0, "2 hours"),
        (172_800.0, "2 days"),
        (1e8, "1,157.4 days"),
    ],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_one_is_not_many() -> None:
    assert with_singulars("1 times before") == "1 time before"
    assert (
        with_singulars("11 payments, 2.1 times, 1 paymentsx")
        == "11 payments, 2.1 times, 1 paymentsx"
    )
