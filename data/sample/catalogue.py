"""The catalogue of the sample merchant.

True: descriptions, packages, median prices, first and last sales. Generated: unit costs, HS
codes, volumes, and the weight where the package tells none.
"""

import numpy as np
import pandas as pd

from data.sample.plan import BASE, DAYS, day, stream

# Department -> HS heading (generated, for the shape only) and unit cost as a share of price.
_DEPARTMENTS = {
    "GROCERY": ("210690", 0.68),
    "DRUG GM": ("330499", 0.6),
    "PRODUCE": ("070999", 0.62),
    "MEAT": ("020130", 0.72),
    "MEAT-PCKGD": ("160100", 0.7),
    "DELI": ("160249", 0.58),
    "PASTRY": ("190590", 0.5),
    "NUTRITION": ("210610", 0.64),
    "COSMETICS": ("330420", 0.45),
    "SPIRITS": ("220300", 0.7),
    "FLORAL": ("060319", 0.5),
    "SEAFOOD": ("030289", 0.72),
    "SEAFOOD-PCKGD": ("160420", 0.7),
}
_OTHER = ("392690", 0.6)
_DENSITY = 400.0  # kg a cubic metre, packed


def products_of(goods: pd.DataFrame, bought: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """The catalogue in euros; a product sold first in late spring or after counts as launched.

    goods: the retailer's goods; bought: what was bought; seed: of the random draws.
    """
    goods = goods[goods["product_id"].isin(bought["source_product"])].reset_index(drop=True)
    sold = bought.assign(price=(bought["value"] + bought["saved"]) / bought["quantity"])
    by_product = sold.groupby("source_product").agg(
        price=("price", "median"), first=("at", "min"), last=("at", "max"), lines=("at", "size")
    )
    own = by_product.loc[goods["product_id"]].reset_index(drop=True)
    random = stream(seed, "products")
    share = goods["department"].map(lambda name: _DEPARTMENTS.get(name, _OTHER)[1]).to_numpy()
    share = np.clip(share + random.normal(0, 0.05, len(goods)), 0.3, 0.85)
    price = own["price"].clip(lower=0.1).round(2)
    weight = _weights(goods["package"], random)
    return pd.DataFrame(
        {
            "product_id": "p" + goods["product_id"].astype(str),
            "title": _titles(goods),
            "category": _categories(goods),
            "brand": np.where(
                goods["brand"] == "Private", "own brand", "maker " + goods["maker"].astype(str)
            ),
            "price": price,
            "currency": BASE,
            "unit_cost": (price * share).clip(lower=0.02).round(3),
            "weight_kg": weight,
            "volume_m3": (weight / _DENSITY).round(6),
            "hs_code": goods["department"].map(lambda name: _DEPARTMENTS.get(name, _OTHER)[0]),
            "launched_on": _launched(own),
            "discontinued_on": _discontinued(own),
        }
    )


def _titles(goods: pd.DataFrame) -> pd.Series:
    name = goods["kind"].fillna(goods["category"]).fillna(goods["department"])
    name = name.str.replace(r"\s+", " ", regex=True).str.strip().str.capitalize()
    package = goods["package"].str.strip().str.lower()
    return name.where(package.isna(), name + ", " + package)


def _categories(goods: pd.DataFrame) -> pd.Series:
    parts = [
        goods[name].str.lower().str.replace(r"\s*/\s*", " & ", regex=True).str.strip()
        for name in ("department", "category", "kind")
    ]
    path = parts[0]
    for part in parts[1:]:
        path = path.where(part.isna(), path + "/" + part)
    return path


_KILOGRAMS = {"OZ": 0.02835, "LB": 0.4536, "ML": 0.001, "LTR": 1.0, "L": 1.0, "GAL": 3.785}


def _weights(package: pd.Series, random: np.random.Generator) -> pd.Series:
    """The package's weight (fluids as water); generated where the package tells none."""
    found = package.str.extract(r"^\s*([\d.]+)\s*(OZ|LB|ML|LTR|L|GAL)\b")
    stated = pd.to_numeric(found[0], errors="coerce") * found[1].map(_KILOGRAMS)
    drawn = pd.Series(np.exp(random.normal(np.log(0.4), 0.6, len(package))), index=package.index)
    weight: pd.Series = stated.where(stated > 0, drawn).clip(0.01, 5).round(3)
    return weight


def _launched(own: pd.DataFrame) -> pd.Series:
    """The day of the first sale where that is after April and sales then kept coming."""
    selling = (own["last"] - own["first"]).dt.days
    clear = (day(own["first"]) > 120) & (own["lines"] >= 10) & (selling > 28)
    launched: pd.Series = own["first"].dt.floor("D").where(clear)
    return launched


def _discontinued(own: pd.DataFrame) -> pd.Series:
    """The day after the last sale where a steady seller then stayed away for three months."""
    selling = (own["last"] - own["first"]).dt.days.clip(lower=1)
    silence = DAYS - day(own["last"])
    clear = (own["lines"] >= 15) & (silence > 90) & (silence > 6 * selling / own["lines"])
    stopped: pd.Series = (own["last"].dt.floor("D") + pd.Timedelta(days=1)).where(clear)
    return stopped
