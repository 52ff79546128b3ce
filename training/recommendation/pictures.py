"""Pictures of a recommender on its test window."""

from pathlib import Path

import numpy as np

from models.base import Model
from training.job import Split
from training.metrics import ndcg_at_k, recall_at_k
from training.plots import drawing, line
from training.recommendation.judge import SHOWN, asked, found, segments

_DEPTHS = (1, 2, 5, 10, 20, 50)


def plots(fitted: Model, halves: Split, folder: Path) -> None:
    """Recall and NDCG by depth, NDCG by kind of customer, how far down the range we reach.

    fitted: of `halves.train`; halves: the split whose test is foretold; folder: where the pictures
    are written.
    """
    shown = fitted.predict(asked(halves, max(_DEPTHS)))
    by_depth = {depth: found(shown, halves.test, depth) for depth in _DEPTHS}
    line(
        folder / "by_depth.png",
        "Found among the first k shown",
        list(_DEPTHS),
        {
            "recall": [recall_at_k(*by_depth[depth]) for depth in _DEPTHS],
            "NDCG": [ndcg_at_k(*by_depth[depth]) for depth in _DEPTHS],
        },
    )
    hits, wanted = by_depth[SHOWN]
    inside = segments(halves)
    title = "NDCG@10 by orders before the test: none, 1 to 9, 10 and more"
    with drawing(folder / "by_segment.png", title) as axes:
        figures = [ndcg_at_k(hits[mask], wanted[mask]) for mask in inside.values()]
        axes.bar_label(axes.bar(list(inside), figures), fmt="%.3f")
    times = shown[shown["rank"] <= SHOWN]["product_id"].value_counts().to_numpy()
    share = np.cumsum(times) / times.sum()
    line(
        folder / "coverage.png",
        "Share of all places shown, by number of products (most shown first)",
        list(range(1, len(share) + 1)),
        {"share of places": share.tolist()},
    )
