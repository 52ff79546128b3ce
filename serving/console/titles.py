"""Titles of products: people know these, not the ids."""

from collections.abc import Iterable, Mapping

from serving.console.api import ApiClient, ApiError, SignedOutError
from serving.console.view import ConsoleView

_MOST = 200  # ids of one request


async def find_titles(view: ConsoleView, product_ids: Iterable[str]) -> Mapping[str, str]:
    """The title of each product that has one; none where they cannot be read.

    view: who asks; product_ids: at most 200 different ones are looked up.
    """
    return await titles_of(view.api, product_ids)


async def titles_of(api: ApiClient, product_ids: Iterable[str]) -> Mapping[str, str]:
    """The title of each product that has one; none where they cannot be read.

    api: asked for them; product_ids: at most 200 different ones are looked up.
    """
    wanted = sorted(set(product_ids))[:_MOST]
    if not wanted:
        return {}
    try:
        found = await api.get("/v1/data/products", ids=wanted, limit=_MOST)
    except SignedOutError:
        raise
    except ApiError:  # ids alone tell less, but the page can be read
        return {}
    return {each["product_id"]: each["title"] for each in found["data"]}
