"""The frames that recommenders are asked with and answer."""

import numpy as np
import pandas as pd

from models.recommendation.listing import ProductListing, frame_of_listings, questions


def test_listings_stand_one_after_another_with_ranks_of_their_own() -> None:
    found = frame_of_listings(
        [
            ProductListing("anna", ["tea", "pan"], np.array([2.0, 1.0]), ["a", "b"]),
            ProductListing("ben", [], np.empty(0), []),
            ProductListing("cleo", ["toy"], np.array([3.0]), ["c"]),
        ]
    )
    assert found["customer_id"].tolist() == ["anna", "anna", "cleo"]
    assert found["rank"].tolist() == [1, 2, 1]
    nothing = frame_of_listings([])
    assert list(nothing.columns) == list(found.columns)
    assert nothing.empty


def test_questions_have_defaults() -> None:
    assert questions(pd.DataFrame({"customer_id": ["anna"]})) == [("anna", 10, False)]
    asked = pd.DataFrame({"customer_id": ["anna"], "limit": [3], "new_only": [True]})
    assert questions(asked) == [("anna", 3, True)]
