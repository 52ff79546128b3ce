"""Why a product is shown, in words."""

from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.reasons import TEXTS, likeness, worded


def test_every_reason_is_a_sentence_with_a_title_where_it_wants_one(index: ProductIndex) -> None:
    place = index.place["tea"]
    title = index.titles[place].as_py() or "tea"
    for code, text in TEXTS.items():
        said = worded(index, code, place)
        assert "{" not in said.text
        assert (title in said.text) is ("{title}" in text)
        assert said.product_id == "tea"
    assert worded(index, "popular").product_id is None


def test_what_makes_two_alike_is_said_as_it_is(index: ProductIndex) -> None:
    tea, milk, toy = (index.place[name] for name in ("tea", "milk", "toy"))
    alike = likeness(index, "similar_to", tea, milk).text
    assert "same category" in alike
    assert "category" not in likeness(index, "similar_to", tea, toy).text
    assert likeness(index, "bought_together", tea, milk) == worded(index, "bought_together", tea)
    assert likeness(index, "similar_to", None, milk).product_id is None
