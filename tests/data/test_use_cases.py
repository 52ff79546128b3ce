"""The one list of use cases."""

import pytest

from data.tables import TABLES
from data.use_cases import USE_CASES, after_of, load_features, load_part, needs_of


@pytest.mark.parametrize("use_case", USE_CASES)
def test_each_is_trained_after_those_it_reads(use_case: str) -> None:
    place = USE_CASES.index(use_case)
    assert all(USE_CASES.index(before) != place for before in after_of(use_case))
    assert all(before in USE_CASES for before in after_of(use_case))


@pytest.mark.parametrize("use_case", USE_CASES)
def test_each_says_which_tables_it_needs(use_case: str) -> None:
    needs = needs_of(use_case)
    assert needs
    assert {name for need in needs for name in need.split("|")} <= set(TABLES)


def test_a_view_has_one_owner() -> None:
    names = [view.name for use_case in USE_CASES for view in load_features(use_case).VIEWS]
    assert len(names) == len(set(names))


def test_no_circle_of_use_cases_that_wait_for_each_other() -> None:
    def waits_for(use_case: str) -> set[str]:
        return {each for before in after_of(use_case) for each in (before, *waits_for(before))}

    assert all(use_case not in waits_for(use_case) for use_case in USE_CASES)


def test_a_use_case_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="astrology"):
        load_part("features", "astrology")
