"""Every code of the planner's pages has a word of its own."""

from data.purchasing import TRANSITIONS
from models.replenishment.plan import WATERFALL
from serving.console.replenishment import words
from tests.serving.console.nobodys_page import view


def test_every_state_of_a_line_and_every_step_of_its_sum_has_a_word() -> None:
    assert set(words.states(view("en"))) == set(TRANSITIONS)
    assert set(words.waterfall_names(view("en"))) <= set(WATERFALL)


def test_words_are_told_apart_in_both_languages() -> None:
    for language in ("en", "zh-CN"):
        for named in (words.states, words.urgencies, words.waterfall_names):
            told = list(named(view(language)).values())
            assert len(set(told)) == len(told), (language, told)


def test_each_section_has_an_address_of_its_own() -> None:
    addresses = [address for _, address in words.sections(view("en"))]
    assert len(set(addresses)) == len(addresses)
    assert all(address.startswith("/orders") for address in addresses)
