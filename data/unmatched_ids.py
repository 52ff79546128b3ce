"""Ids and categories that a table names and that the table of their own does not have, in words.

A promotion of a category that was renamed, or supply terms of `de1` for a warehouse `DE1`, change
nothing: that is told, as nothing else shows it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.dataset as pads

from data.tables import EVERYWHERE

if TYPE_CHECKING:
    from data.lake import Lake

# The table of each id, and who names it. Products that were sold count as known for plans of them.
_NAMED_BY = {
    "product_id": (
        "products",
        ("orders", "prices", "promotions", "stock", "supply_terms", "purchase_orders"),
    ),
    "warehouse_id": (
        "warehouses",
        ("orders", "promotions", "closures", "stock", "supply_terms", "purchase_orders"),
    ),
    "supplier_id": ("suppliers", ("closures", "supply_terms", "purchase_orders")),
}
_MOST_TOLD = 5


@dataclass(frozen=True)
class UnmatchedIds:
    """What one column of one table names in vain, and what to do about it."""

    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.found}; {self.remedy}"


def unmatched_ids(lake: "Lake") -> list[UnmatchedIds]:
    """Columns that name what the table of their own does not have.

    lake: with the tables as they are now; a table that has no row asks for nothing.
    """
    return [*_categories(lake), *_ids(lake)]


def _categories(lake: "Lake") -> Iterator[UnmatchedIds]:
    paths = [path.split("/") for path in _counts(lake, "products", "category")]
    known = {"/".join(path[: end + 1]) for path in paths for end in range(len(path))}
    counts = _counts(lake, "promotions", "category")
    if known and (unknown := counts.keys() - known):
        told = _told(counts, unknown)
        yield UnmatchedIds(
            f"promotions: the category of {told[0]} is of no product ({told[1]}), "
            "and they change nothing",
            "correct it, or the categories of products",
        )


def _ids(lake: "Lake") -> Iterator[UnmatchedIds]:
    for column, (home, tables) in _NAMED_BY.items():
        own = _counts(lake, home, column).keys()
        if not own:
            continue
        named = {table: _counts(lake, table, column) for table in tables}
        sold = named["orders"].keys() if column == "product_id" else own
        for table, counts in named.items():
            unknown = counts.keys() - own - (sold if table != "orders" else own)
            if unknown:
                rows, names = _told(counts, unknown)
                yield UnmatchedIds(
                    f"{table}: the {column} of {rows} is in no row of {home} ({names})",
                    f"add them to {home}, or correct the ids (case and leading zeros count)",
                )


def _counts(lake: "Lake", table: str, column: str) -> Counter[str]:
    """How many rows of a table name each text of a column; EVERYWHERE and nothing are no names."""
    files = [str(path) for path in lake.files(table)]
    if not files:
        return Counter()
    # Counted by Arrow: as Python objects the ids of many lines would fill the memory.
    found = pads.dataset(files, format="parquet").to_table(columns=[column])[column]
    pairs = pc.value_counts(found.drop_null()).to_pylist()
    return Counter({one["values"]: one["counts"] for one in pairs if one["values"] != EVERYWHERE})


def _told(counts: Counter[str], unknown: set[str]) -> tuple[str, str]:
    """How many rows name what is unknown, and what: the most frequent first."""
    names = sorted(unknown, key=lambda name: (-counts[name], name))
    more = f" and {len(names) - _MOST_TOLD:,} more" if len(names) > _MOST_TOLD else ""
    rows = sum(counts[name] for name in names)
    return f"{rows:,} of {counts.total():,} rows", ", ".join(names[:_MOST_TOLD]) + more
