"""Exchange rates of the sample merchant."""

from data.sample.assemble import Merchant


def test_every_fact_has_an_exchange_rate_and_rates_are_smooth(made: Merchant) -> None:
    rates = made.tables["fx_rates"].pivot_table(
        index="rate_date", columns="currency", values="rate"
    )
    used = {*made.tables["orders"]["currency"], *made.tables["supply_terms"]["currency"]} - {"EUR"}
    assert used <= set(rates.columns)
    assert rates.index.min() < made.tables["orders"]["ordered_at"].min()
    assert rates.pct_change().abs().max().max() < 0.01
