"""What is foretold: purchases, and where there are too few, what people look at."""

import pandas as pd
import pytest

from models.recommendation.targets import target_kinds, with_targets_as_purchases


@pytest.mark.parametrize(
    ("kinds", "targets"),
    [
        ({"purchase": 600, "view": 9000}, ("purchase",)),
        ({"purchase": 5}, ("purchase",)),
        ({"cart": 700, "view": 9000}, ("purchase", "cart")),
        ({"view": 9000}, ("purchase", "cart", "click", "view")),
        ({"view": 3}, ("purchase", "cart", "click", "view")),
    ],
)
def test_the_strongest_sign_that_is_frequent_enough(
    kinds: dict[str, int], targets: tuple[str, ...]
) -> None:
    rows = [kind for kind, number in kinds.items() for _ in range(number)]
    assert target_kinds(pd.Series(rows)) == targets


def test_views_become_what_is_foretold_and_hides_do_not() -> None:
    frame = pd.DataFrame({"kind": ["view"] * 600 + ["hide"], "weight": [0.1] * 600 + [0.0]})
    found = with_targets_as_purchases(frame)
    assert found["kind"].value_counts().to_dict() == {"purchase": 600, "hide": 1}
    assert found["weight"].tolist() == [1.0] * 600 + [0.0]
    assert with_targets_as_purchases(found) is found
