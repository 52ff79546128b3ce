"""Which items next: the retrieval the recommender serves, on Gowalla; and its speed at scale.

Usage: python tests/benchmarks/recommendation.py DIR   (train_pairs.parquet, test.txt.gz, or a
       folder gowalla with them)
       python tests/benchmarks/recommendation.py --scale [CUSTOMERS PRODUCTS]
       python tests/benchmarks/recommendation.py --tastes

Gowalla: for every user of the test all items that are not in their training set are ranked by the
product's own graph filter (default settings), evaluated as an answer is: the sum of a few rows. The
settings were chosen on a split of the training pairs; the test pairs are read for the figures only.

--scale: a synthetic shop (default 1,000,000 customers × 100,000 products, ten purchases each, 128
factors) is learned and saved; a fresh process maps it, answers with filters on (candidates of every
source, 200 of them ranked) and says how long that took on one core and what memory it holds.

--tastes: eight made-up shops whose customers follow a rule of their own each; the release, trained
as the command trains it, beside each of its sources alone, in weeks that it has not seen.
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from parts.made_up_tastes import made_up_tastes
from scipy.sparse import csr_matrix

from models.base import parameters
from models.recommendation import Recommender
from models.recommendation.graph_filter import fit_graph_filter
from models.recommendation.neighbours import Neighbours
from models.recommendation.selection import select_best
from training.metrics import ndcg_at_k, recall_at_k

PUBLISHED = {
    "published: ItemCF": (0.1570, 0.1214),
    "published: EASE": (0.1765, 0.1467),
    "published: LightGCN": (0.1830, 0.1554),
    "published: GF-CF": (0.1849, 0.1518),
    "published: UltraGCN": (0.1862, 0.1580),
    "published: SimpleX": (0.1872, 0.1557),
    "published: BSPM-EM": (0.1920, 0.1597),
}
SHOWN = 20
MARKETS = ("DE", "FR", "NL", "PL")


def read(folder: Path) -> tuple[csr_matrix, dict[int, list[int]]]:
    """Users × items of the training pairs, and the items to find by user."""
    folder = folder if (folder / "test.txt.gz").exists() else folder / "gowalla"
    pairs = pd.read_parquet(folder / "train_pairs.parquet")
    with gzip.open(folder / "test.txt.gz", "rt") as lines:
        rows = [[int(number) for number in line.split()] for line in lines]
    wanted = {row[0]: row[1:] for row in rows if len(row) > 1}
    shape = (
        1 + max(int(pairs["user"].max()), *wanted),
        1 + max(int(pairs["item"].max()), *(max(items) for items in wanted.values())),
    )
    ones = np.ones(len(pairs), dtype=np.float32)
    return csr_matrix((ones, (pairs["user"], pairs["item"])), shape=shape), wanted


def hits(taste: Neighbours, likes: csr_matrix, wanted: dict[int, list[int]]) -> np.ndarray:
    """Users × SHOWN: 1 where the item at that rank is to be found."""
    found = np.zeros((len(wanted), SHOWN))
    everything = np.ones(likes.shape[1], dtype=bool)
    for place, (user, items) in enumerate(wanted.items()):
        liked = likes.indices[likes.indptr[user] : likes.indptr[user + 1]]
        score = taste.spread(liked, np.ones(len(liked)), likes.shape[1])
        everything[liked] = False
        shown = select_best(score, SHOWN, everything, above=0.0)
        everything[liked] = True
        found[place, : len(shown)] = np.isin(shown, items)
    return found


def gowalla(folder: Path) -> dict[str, float]:
    """Learn, rank, judge."""
    likes, wanted = read(folder)
    defaults = parameters(Recommender())
    started = time.perf_counter()
    taste = fit_graph_filter(
        likes,
        factors=int(str(defaults["factors"])),
        keep=int(str(defaults["ties"])),
        seed=int(str(defaults["seed"])),
    )
    fitted = time.perf_counter()
    found = hits(taste, likes, wanted)
    ended = time.perf_counter()
    relevant = [len(set(items)) for items in wanted.values()]
    size = sum(array.nbytes for array in vars(taste).values())
    return {
        "recall_at_20": recall_at_k(found, relevant),
        "ndcg_at_20": ndcg_at_k(found, relevant),
        "seconds": ended - started,
        "fit_seconds": fitted - started,
        "answer_ms": 1000 * (ended - fitted) / len(wanted),
        "table_mb": size / 1e6,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def shop(customers: int, products: int, *, each: int = 10, seed: int = 7) -> pd.DataFrame:
    """Purchases of a year: tastes of 500 kinds, some products far more popular than others."""
    random = np.random.default_rng(seed)
    size = customers * each
    person = np.repeat(np.arange(customers), each)
    kind = random.integers(0, 500, customers)[person]
    popular = (products * random.random(size) ** 3).astype(np.int64)
    product = np.where(random.random(size) < 0.7, popular // 500 * 500 + kind, popular) % products
    day = 365 * random.random(size)
    names = np.array([f"p{number:07}" for number in range(products)])
    aisle = np.array([f"a{number % 40}/c{number % 2000}" for number in range(products)])
    return pd.DataFrame(
        {
            "customer_id": pd.Categorical.from_codes(
                person, [f"c{number:07}" for number in range(customers)]
            ),
            "product_id": pd.Categorical.from_codes(product, names),
            "occurred_at": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(day, unit="D"),
            "kind": pd.Categorical(["purchase"]).repeat(size),
            "weight": 1.0,
            "order_id": None,
            "market": np.array(MARKETS, dtype=object)[person % len(MARKETS)],
            "price": 1.0 + product % 97,
            "category": pd.Categorical(aisle).take(product),
            "brand": pd.Categorical.from_codes(product % 300, [f"b{n}" for n in range(300)]),
        }
    )


def scale(customers: int, products: int) -> dict[str, float]:
    """Learn and save here, answer in a fresh process."""
    frame = shop(customers, products)
    started = time.perf_counter()
    cpu = time.process_time()
    model = Recommender(factors=128).fit(frame)
    figures = {
        "fit_seconds": time.perf_counter() - started,
        "fit_cpu_seconds": time.process_time() - cpu,
        "fit_peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        answer = subprocess.run(
            [sys.executable, __file__, "--answer", folder], capture_output=True, check=True
        )
    return figures | {"files_gb": size / 1e9} | json.loads(answer.stdout)


def answer(folder: Path, *, times: int = 3000, seed: int = 11) -> dict[str, float]:
    """Times of answers to customers by chance, and what this process holds after them."""
    model = Recommender.load(folder)
    random = np.random.default_rng(seed)
    products = len(model.sources.products)
    eligible = random.random(products) < 0.6
    people = model.sources.people.text(random.integers(0, len(model.sources.people), times))
    took = []
    for name in people:
        started = time.process_time()
        session = [(model.sources.products.text(random.integers(0, products, 1))[0], 0.5)]
        shopper = model.find_shopper(name, session=session)
        mask = eligible & (model.sources.catalogue.aisle != random.integers(0, 40))
        model.rank(shopper, limit=20, eligible=mask)
        took.append(1000 * (time.process_time() - started))
    held = {
        line.split(":")[0]: int(line.split()[1]) / 1e6
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith(("RssAnon", "RssFile"))
    }
    return {
        "answer_p50_ms": float(np.quantile(took[50:], 0.5)),
        "answer_p99_ms": float(np.quantile(took[50:], 0.99)),
        "worker_own_gb": held["RssAnon"],
        "worker_mapped_gb": held["RssFile"],
    }


def main() -> None:
    """Print our figures, beside the published ones; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--scale", type=int, nargs="*", metavar="N")
    parser.add_argument("--tastes", action="store_true")
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.answer:
        print(json.dumps(answer(given.answer)))
        return
    if given.tastes:
        figures = made_up_tastes()
    elif given.scale is not None:
        customers, products = given.scale or (1_000_000, 100_000)
        figures = scale(customers, products)
        print(f"{customers:,} customers × {products:,} products")
        for name, value in figures.items():
            print(f"{name:20}{value:10.3f}")
    else:
        figures = gowalla(given.folder)
        print(f"{'':24}{'Recall@20':>11}{'NDCG@20':>9}")
        for name, (recall, ndcg) in PUBLISHED.items():
            print(f"{name:24}{recall:11.4f}{ndcg:9.4f}")
        print(f"{'ours':24}{figures['recall_at_20']:11.4f}{figures['ndcg_at_20']:9.4f}")
        print(
            f"\nfit {figures['fit_seconds']:.0f} s, {figures['answer_ms']:.2f} ms an answer, "
            f"table {figures['table_mb']:.0f} MB, peak memory {figures['peak_gb']:.1f} GB"
        )
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
