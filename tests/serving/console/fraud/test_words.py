"""Every code of the fraud pages has a word of its own."""

from decisions.fraud.lists import COLUMNS
from models.fraud import ACTIONS
from serving.console.fraud import words
from serving.console.texts import translate
from tests.serving.console.nobodys_page import view


def test_every_action_and_every_column_of_a_list_has_a_word() -> None:
    assert tuple(words.actions(view("en"))) == ACTIONS
    assert set(words.listed(view("en"))) == set(COLUMNS)
    assert {"open", "approved", "rejected"} <= set(words.statuses(view("en")))


def test_words_are_told_apart_in_both_languages() -> None:
    for language in ("en", "zh-CN"):
        for named in (words.actions, words.statuses, words.steps, words.listed):
            told = list(named(view(language)).values())
            assert len(set(told)) == len(told), (language, told)
        assert words.actions(view(language))["block"] == translate("Block", language)
