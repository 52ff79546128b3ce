"""Payments with holes, learned from beside the whole ones: so that missing is missing.

Where every account is known in training, a model never sees an unknown one, and takes it for
whatever its trees do with a missing number: often the youngest account there is.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# What a source brings or does not bring, as a whole: the account, and each of the payment's facts.
ACCOUNT = (
    "account_age_days",
    "home_country",
    "segment",
    "home_differs_billing",
    "home_differs_shipping",
    "home_differs_ip",
    "email_differs",
    "past_payments",
    "past_declines",
    "past_frauds",
    "usual_amount",
    "amount_spread",
    "amount_above_usual",
)
GROUPS: tuple[tuple[str, ...], ...] = (
    ACCOUNT,
    ("account_age_days",),
    ("address_match",),
    ("ip_country", "billing_differs_ip", "shipping_differs_ip", "home_differs_ip"),
    ("amount_base", "amount_above_usual"),
)
SHARE = 0.02  # of the payments, for each group that is never missing
RARE = 0.01  # a group missing this often is known to the trees already


def with_holes(
    names: tuple[str, ...],
    matrix: NDArray[np.float32],
    label: Floats,
    weight: Floats,
    *,
    seed: int,
) -> tuple[NDArray[np.float32], Floats, Floats]:
    """The payments, and after them copies with a group of columns emptied, for each of GROUPS that
    is hardly ever missing.

    seed: of the random draws; names: of the columns; matrix: payments × columns, NaN is missing;
    label and weight: of each payment. A payment and its copies weigh together what the payment
    weighed.
    """
    place = {name: number for number, name in enumerate(names)}
    random = np.random.default_rng(seed)
    copies, sources = [], []
    for group in GROUPS:
        columns = [place[name] for name in group if name in place]
        if len(columns) < len(group) or np.isnan(matrix[:, columns[0]]).mean() > RARE:
            continue
        rows = np.flatnonzero(random.random(len(matrix)) < SHARE)
        holed = matrix[rows]
        holed[:, columns] = np.nan
        copies.append(holed)
        sources.append(rows)
    if not copies:
        return matrix, label, weight
    source = np.concatenate([np.arange(len(matrix)), *sources])
    times = np.bincount(source, minlength=len(matrix))
    return np.concatenate([matrix, *copies]), label[source], (weight / times)[source]
