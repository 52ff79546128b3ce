"""The order of candidates: a linear first look, trees over the best of it, and every source.

Both are learned from what people bought in a window, of candidates made by sources that know only
what was before it. How much each says is chosen on people who did not teach, apart for those who
buy things again and those who do not, and apart for lists of new products only: any of them may
rank alone, so that a list is never worse than that of its best source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.recommendation.blends import (
    CELLS,
    LINEAR,
    PARTS,
    TREES,
    BlendGains,
    Cell,
    all_blends,
    choose_blends,
    choose_durable_below,
    measure_gains,
    searched_blends,
)
from models.recommendation.candidate_features import FEATURES, FINE
from models.recommendation.selection import top_positions
from models.recommendation.teaching import TeachingExample

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# What the weights are where there is too little to learn them from: what learning found on grocery
# purchases, rounded.
DEFAULT_WEIGHTS: Mapping[str, float] = {
    "count": 0.6,
    "decayed_14d": 0.1,
    "decayed_90d": 0.15,
    "decayed_180d": 0.3,
    "rate": 0.1,
    "looked": 0.2,
    "graph_filter": 0.3,
    "random_walk": 0.25,
    "co_purchase": 0.1,
    "sold_28d": 0.2,
    "sold_market": 0.15,
    "trend": 0.1,
}
# The candidates the trees look at: the best by the linear score.
DEPTH = 200
# Fewer bought candidates than this say too little to learn weights from, or to grow trees from.
_ENOUGH, _ENOUGH_FOR_TREES = 50, 500
# Inverse of the L2 penalty: strong enough that a few hundred buyers do not overfit.
_STRENGTH = 0.03
# A score below every candidate the trees looked at.
_BELOW = 100.0
# Of a person's candidates that were not bought, so many teach: of their own, of the others.
_OTHERS = 40
# Where nothing tells how surely things must be bought again to be shown to who has them.
DURABLE_BELOW = 0.1
_TREE_PARAMETERS = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 50,
    "num_iterations": 100,
    "lambda_l2": 20.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 127,
    "deterministic": True,
    "num_threads": 1,  # so little work that threads wait for each other longer than they do any
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class LinearScore:
    """Log-odds of a purchase from standardised features."""

    mean: Array
    scale: Array
    weight: Array
    bias: float

    def score(self, rows: Floats) -> Array:
        """One score a row (rows × FEATURES)."""
        slope = self.weight / self.scale
        return np.asarray(rows @ slope + (self.bias - self.mean @ slope), dtype=np.float64)


@dataclass(frozen=True)
class CandidateRanking:
    """Linear score, trees (None: too little to grow them, or no say), and what each part says.

    blends: by cell (CELLS) and part (PARTS); spreads: what the linear score and the trees are
    divided by. durable_below: what fewer than this share of its buyers buy again is not shown to
    who has it. gains: of all blends that were compared, None once the ranking was saved.
    """

    linear: LinearScore
    trees: lgb.Booster | None
    blends: Array
    spreads: Array
    durable_below: float
    gains: BlendGains | None = None

    def score(self, rows: Floats, scores: Floats, cell: Cell) -> Array:
        """One score a candidate.

        rows: candidates × FEATURES; scores: candidates × SOURCE_SCORES; cell: for whom and for
        which list. Where trees have a say they look at the first DEPTH by the linear score, and
        what is behind follows in its order.
        """
        blend = self.blends[CELLS.index(cell)]
        first = self.linear.score(rows)
        if blend[TREES] == 0 or self.trees is None or len(first) <= DEPTH:
            return self._mixed(rows, scores, first, blend)
        ahead = top_positions(first, DEPTH)
        score: Array = first - float(first.max(initial=0.0)) - _BELOW
        score[ahead] = self._mixed(rows[ahead], scores[ahead], first[ahead], blend)
        return score

    def _mixed(self, rows: Floats, scores: Floats, first: Array, blend: Array) -> Array:
        trees = self.trees if blend[TREES] else None
        mixed: Array = ranking_parts(trees, rows, scores, first, self.spreads) @ blend
        return mixed


def ranking_parts(
    trees: lgb.Booster | None, rows: Floats, scores: Floats, first: Array, spreads: Array
) -> Array:
    """Candidates × PARTS: the linear score and the trees' by their spread, then every source's.

    trees: None leaves their column 0; rows: candidates × FEATURES; scores: candidates ×
    SOURCE_SCORES; first: the linear score; spreads: of the linear score and of the trees'.
    """
    said = np.zeros((len(rows), len(PARTS)))
    said[:, LINEAR] = first / spreads[LINEAR]
    said[:, TREES + 1 :] = scores
    if len(rows) and trees is not None:
        said[:, TREES] = trees.predict(rows, raw_score=True, num_threads=1) / spreads[TREES]
    return said


def default_ranking(rows: Floats) -> CandidateRanking:
    """DEFAULT_WEIGHTS over features standardised on the rows given (candidates × FEATURES)."""
    mean, scale = _standard(rows)
    weight = np.array([DEFAULT_WEIGHTS.get(name, 0.0) for name in FEATURES])
    return _linear_alone(LinearScore(mean, scale, weight, 0.0))


def _linear_alone(linear: LinearScore) -> CandidateRanking:
    blends = np.zeros((len(CELLS), len(PARTS)))
    blends[:, LINEAR] = 1.0
    return CandidateRanking(linear, None, blends, np.ones(2), DURABLE_BELOW)


def learn_ranking(
    examples: Sequence[TeachingExample], *, seed: int, durable_below: float = DURABLE_BELOW
) -> CandidateRanking:
    """Learn linear score, trees and blends from examples of one or more windows.

    examples: candidates of people, and which of them were bought. seed: of all that is drawn.
    durable_below: below which share of buyers who buy again a product is held back from who has it,
    where that cannot be learned. The blends are chosen by halves: what one half of the people
    teaches ranks for the other; then all teach. With too little bought the default weights speak
    alone.
    """
    if not _is_enough(examples, _ENOUGH):
        return replace(default_ranking(_rows(examples)), durable_below=durable_below)
    halves = [[e for e in examples if e.fold == fold] for fold in (0, 1)]
    linear = learn_linear(examples, seed=seed)
    if not all(_is_enough(half, _ENOUGH) for half in halves):
        return replace(_linear_alone(linear), durable_below=durable_below)
    judged = [part for fold in (0, 1) for part in _judged(halves[1 - fold], halves[fold], seed)]
    spreads = np.maximum(np.concatenate([each[:, :2] for each in judged]).std(axis=0), 1e-9)
    for each in judged:
        each[:, :2] /= spreads
    ordered = [*halves[0], *halves[1]]
    durable_below = choose_durable_below(judged, ordered)
    tried = np.concatenate(
        [
            all_blends(trees=any(bool(part[:, TREES].any()) for part in judged)),
            searched_blends(judged, ordered, durable_below=durable_below),
        ]
    )
    gains = measure_gains(tried, judged, ordered, durable_below=durable_below)
    blends = choose_blends(gains)
    trees = grow_trees(examples, seed=seed) if blends[:, TREES].any() else None
    return CandidateRanking(linear, trees, blends, spreads, durable_below, gains)


def settled_ranking(
    ranking: CandidateRanking, judges: Sequence[TeachingExample]
) -> CandidateRanking:
    """The ranking with its blends chosen again, on one more window.

    ranking: as learned; judges: examples of a window after all that it was learned from. They
    count beside those it was chosen on; for them nothing is worse than the best source alone.
    """
    if not judges:
        return ranking
    known = ranking.gains
    if known is not None and ranking.trees is None:
        known = known.without_trees()
    tried = all_blends(trees=False) if known is None else known.blends
    parts = [_parts_for(ranking, example) for example in judges]
    gains = measure_gains(tried, parts, judges, durable_below=ranking.durable_below)
    blends = choose_blends(gains if known is None else known.joined(gains), gains)
    trees = ranking.trees if blends[:, TREES].any() else None
    return replace(ranking, blends=blends, trees=trees)


def _parts_for(ranking: CandidateRanking, example: TeachingExample) -> Array:
    first = ranking.linear.score(example.rows)
    parts = ranking_parts(None, example.rows, example.scores, first, ranking.spreads)
    if ranking.trees is not None:
        _add_trees(parts, ranking.trees, example.rows, first)
        parts[:, TREES] /= ranking.spreads[TREES]
    return parts


def _add_trees(parts: Array, trees: lgb.Booster, rows: Floats, first: Array) -> None:
    """Put in what the trees say of the first DEPTH; what is behind keeps a place behind."""
    ahead = top_positions(first, DEPTH)
    said = np.asarray(trees.predict(rows[ahead], raw_score=True, num_threads=1))
    parts[:, TREES] = said.min(initial=0.0)
    parts[ahead, TREES] = said


def _judged(
    teach: Sequence[TeachingExample], judge: Sequence[TeachingExample], seed: int
) -> list[Array]:
    """The parts of the ranking for the people of one half, taught by the other; not yet scaled.

    What the trees do not look at keeps a place behind what they look at.
    """
    linear = learn_linear(teach, seed=seed)
    trees = grow_trees(teach, seed=seed)
    found = []
    for example in judge:
        first = linear.score(example.rows)
        part = ranking_parts(None, example.rows, example.scores, first, np.ones(2))
        if trees is not None:
            _add_trees(part, trees, example.rows, first)
        found.append(part)
    return found


def learn_linear(examples: Sequence[TeachingExample], *, seed: int) -> LinearScore:
    """Logistic regression of "bought" on the standardised features, but the FINE ones.

    They are near doubles of others, and of few purchases it would make too much of them.

    examples: candidates of people, and which of them were bought; seed: of the draw of candidates
    that were not bought.
    """
    rows, bought, weight = lessons(examples, seed=seed)
    mean, scale = _standard(rows)
    seen = ((rows - mean) / scale)[:, :-FINE]
    model = LogisticRegression(C=_STRENGTH, max_iter=200).fit(seen, bought, sample_weight=weight)
    slope = np.r_[model.coef_[0].astype(np.float64), np.zeros(FINE)]
    return LinearScore(mean, scale, slope, float(model.intercept_[0]))


def grow_trees(examples: Sequence[TeachingExample], *, seed: int) -> lgb.Booster | None:
    """Trees that learn the log-odds of a purchase; None with too few bought.

    examples: candidates of people, and which of them were bought; seed: of the draw of candidates
    that were not bought, and of the trees.
    """
    if not _is_enough(examples, _ENOUGH_FOR_TREES):
        return None
    rows, bought, weight = lessons(examples, seed=seed)
    data = lgb.Dataset(
        rows,
        label=bought.astype(np.float32),
        weight=weight,
        params={"max_bin": _TREE_PARAMETERS["max_bin"], "verbosity": -1},
    )
    return lgb.train(_TREE_PARAMETERS | {"seed": seed}, data)


def lessons(
    examples: Sequence[TeachingExample], *, seed: int
) -> tuple[NDArray[np.float32], Mask, NDArray[np.float32]]:
    """Rows to learn from, whether each was bought, and its weight.

    Of each person all that was bought, and by chance _OTHERS of their own products and of all
    others that were not; each of these stands for several.

    examples: candidates of people, and which of them were bought; seed: of the draw.
    """
    random = np.random.default_rng(seed)
    rows, bought, weight = [], [], []
    for example in examples:
        kept, stands_for = _chosen(example, random)
        rows.append(example.rows[kept])
        bought.append(example.bought[kept])
        weight.append(stands_for)
    return np.concatenate(rows), np.concatenate(bought), np.concatenate(weight)


def _chosen(
    example: TeachingExample, random: np.random.Generator
) -> tuple[Ints, NDArray[np.float32]]:
    kept, weight = [np.flatnonzero(example.bought)], [np.ones(int(example.bought.sum()))]
    for owned in (example.owned, ~example.owned):
        others = np.flatnonzero(~example.bought & owned)
        some = others if len(others) <= _OTHERS else random.choice(others, _OTHERS, replace=False)
        kept.append(some)
        weight.append(np.full(len(some), len(others) / max(len(some), 1)))
    return np.concatenate(kept), np.concatenate(weight).astype(np.float32)


def _is_enough(examples: Sequence[TeachingExample], fewest: int) -> bool:
    bought = sum(int(example.bought.sum()) for example in examples)
    others = sum(int((~example.bought).sum()) for example in examples)
    return min(bought, others) >= fewest


def _rows(examples: Sequence[TeachingExample]) -> NDArray[np.float32]:
    none = np.empty((0, len(FEATURES)), dtype=np.float32)
    return np.concatenate([none, *(example.rows for example in examples)])


def _standard(rows: Floats) -> tuple[Array, Array]:
    if not len(rows):
        return np.zeros(len(FEATURES)), np.ones(len(FEATURES))
    mean, scale = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    return mean, np.where(scale > 1e-6, scale, 1.0)
