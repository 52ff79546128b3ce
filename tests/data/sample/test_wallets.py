"""Cards, devices and addresses of the sample merchant."""

import ipaddress

import pandas as pd


def test_addresses_are_from_the_documentation_block(payments: pd.DataFrame) -> None:
    block = ipaddress.ip_network("2001:db8::/32")
    assert all(ipaddress.ip_address(text) in block for text in payments["ip_address"].unique())
