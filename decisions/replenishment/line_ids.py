"""The stable id of a line of the plan."""

import pandas as pd

LINE = ("warehouse_id", "product_id", "supplier_id")
TRANSFER = ("from_warehouse_id", "product_id", "to_warehouse_id")


def identity(lines: pd.DataFrame, columns: tuple[str, str, str] = LINE) -> pd.Series:
    """The stable id of each line: warehouse~product~supplier; a "~" in one of them is "=t", a "="
    is "=e", so that no two lines share an id.

    lines: of a plan; columns: TRANSFER for its transfers: from~product~to.
    """
    parts = [
        lines[name].fillna("").str.replace("=", "=e").str.replace("~", "=t") for name in columns
    ]
    return parts[0] + "~" + parts[1] + "~" + parts[2]
