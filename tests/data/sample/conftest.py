"""Fixtures of the tests beside."""

from pathlib import Path

import pandas as pd
import pytest

from data.sample import build, merchant
from data.sample.assemble import Merchant
from data.sample.plan import PLANS


@pytest.fixture(scope="session")
def made() -> Merchant:
    return merchant(PLANS["small"], seed=7, progress=lambda text, share: None)


@pytest.fixture(scope="session")
def steps() -> list[tuple[str, float]]:
    """What the build of `folder` told about its progress."""
    return []


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float]]) -> Path:
    target = tmp_path_factory.mktemp("sample") / "small"
    build(target, size="small", seed=7, progress=lambda text, share: steps.append((text, share)))
    return target


@pytest.fixture(scope="session")
def orders(made: Merchant) -> pd.DataFrame:
    return made.tables["orders"]


@pytest.fixture(scope="session")
def payments(made: Merchant) -> pd.DataFrame:
    """Payments with the pattern behind them and whether they were ever reported as fraud."""
    paid = made.tables["payments"]
    reports = pd.concat([made.tables["chargebacks"], made.truth["later_chargebacks"]])
    return paid.assign(
        pattern=paid["payment_id"].map(made.truth["fraud"].set_index("payment_id")["pattern"]),
        reported=paid["payment_id"].isin(reports.loc[reports["is_fraud"], "payment_id"]),
    )
