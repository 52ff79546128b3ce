import pandas as pd
import pytest

from features.fraud.networks import bin_of, derived_columns, network_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.9", " 203.0.113.200 "),
        ("2001:db8:0:ff::1", "2001:DB8:0:0:2::"),
        ("::ffff:203.0.113.9", "203.0.113.1"),
    ],
)
def test_addresses_of_one_network(one: str, other: str) -> None:
    assert network_of(one) == network_of(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [("203.0.113.9", "203.0.114.9"), ("2001:db8::1", "2001:db8:0:100::1")],
)
def test_addresses_of_two_networks(one: str, other: str) -> None:
    assert network_of(one) != network_of(other)


@pytest.mark.parametrize("text", ["", "localhost", "203.0.113", "203.0.113.9/24"])
def test_what_is_no_address_has_no_network(text: str) -> None:
    assert network_of(text) is None


def test_first_digits_of_cards() -> None:
    found = [bin_of(text) for text in ("411111", "4111-11 11", "411", "411111111", "visa", "")]
    assert found == ["411111", "41111111", None, None, None, None]


def test_columns_of_payments() -> None:
    frame = pd.DataFrame({"ip_address": ["203.0.113.9", None, "odd"]})
    made = derived_columns(frame)
    assert made["ip_network"].tolist()[0] == "203.0.113.0"
    assert made["ip_network"].isna().tolist() == [False, True, True]
    assert made["bin"].isna().all()
