"""Examples that the ranking learns from."""

from models.recommendation import Recommender
from models.recommendation.teaching import teaching_examples
from tests.models.recommendation.shoppers import shoppers


def test_older_windows_teach_too_and_one_person_is_always_of_one_half() -> None:
    model = Recommender(factors=4)
    for people, number in ((8, 8), (1000, 24)):
        found = teaching_examples(
            shoppers(), model._learn_sources, window_days=7, windows=2, people=people, seed=1
        )
        assert len(found) == number
    assert {example.fold for example in found} == {0, 1}
    assert [example.fold for example in found[:12]] == [example.fold for example in found[12:]]
