"""Policies compared over past weeks."""

from pathlib import Path

from models.registry import Registry
from training.job import Context
from training.replenishment import backtest, log


def test_the_backtest_compares_policies_and_is_kept(context: Context, tmp_path: Path) -> None:
    done = backtest(context)
    rows = done.policies.set_index("policy")
    assert list(rows.index) == ["argosy", "moving average", "min-max"]
    assert rows.loc["moving average", "cost_ratio"] == 1.0
    inside = rows["cost_ratio"].between(rows["cost_ratio_low"] - 1e-9, rows["cost_ratio_high"])
    assert inside.all()
    assert rows["fill_rate"].between(0, 1).all()
    assert rows["stockouts"].between(0, 1).all()
    assert len(done.weeks) == 3 * done.panel.demand.shape[1]
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "artifacts")
    assert log(done, context, registry)
