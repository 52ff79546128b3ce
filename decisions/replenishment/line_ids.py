"""The stable id of a line of the plan."""

import pandas as pd


def identity(lines: pd.DataFrame) -> pd.Series:
    """The stable id of each line: warehouse~product~supplier; a "~" in one of them is "=t", a "="
    is "=e", so that no two lines share an id."""
    parts = [
        lines[name].fillna("").str.replace("=", "=e").str.replace("~", "=t")
        for name in ("warehouse_id", "product_id", "supplier_id")
    ]
    return parts[0] + "~" + parts[1] + "~" + parts[2]
