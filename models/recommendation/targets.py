"""What is to be foretold: purchases; where a shop has too few, its carts, else its views."""

import pandas as pd

# Kinds of events from the strongest to the weakest sign of interest; each step adds one.
_SIGNS = ("purchase", "cart", "click", "view")
# So many purchases are enough to foretell purchases.
FEWEST_TARGETS = 500


def target_kinds(kinds: pd.Series) -> tuple[str, ...]:
    """The kinds of events to foretell: the strongest that together are at least FEWEST_TARGETS.

    kinds: one an interaction. All of them, where even they are fewer.

    >>> target_kinds(pd.Series(["view"] * 600 + ["purchase"]))
    ('purchase', 'cart', 'click', 'view')
    """
    counts = kinds.value_counts()
    found = 0
    for place, kind in enumerate(_SIGNS, 1):
        found += int(counts.get(kind, 0))
        if found >= FEWEST_TARGETS:
            return _SIGNS[:place]
    return _SIGNS[:1] if counts.get("purchase", 0) else _SIGNS


def with_targets_as_purchases(frame: pd.DataFrame) -> pd.DataFrame:
    """Interactions with the events to foretell as purchases of weight 1.

    frame: columns as features.recommendation.INTERACTIONS. Where purchases are foretold it is
    given back as it is.
    """
    kinds = target_kinds(frame["kind"])
    if kinds == ("purchase",):
        return frame
    target = frame["kind"].isin(kinds)
    return frame.assign(
        kind=frame["kind"].astype(object).where(~target, "purchase"),
        weight=frame["weight"].where(~target, 1.0),
    )
