"""What options may say, and what is said of others."""

from datetime import UTC, datetime

import pytest
import typer

from data.use_cases import USE_CASES
from serving.command.app import app
from serving.command.options import (
    parse_levels,
    parse_pairs,
    parse_time,
    parse_use_case,
    parse_use_case_or_all,
)


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_time("2017-12-01") == datetime(2017, 12, 1, tzinfo=UTC)
    assert parse_time("2017-12-01T18:00:00+02:00") == datetime(2017, 12, 1, 16, tzinfo=UTC)
    with pytest.raises(typer.BadParameter, match="say 2017-12-01"):
        parse_time("yesterday")


def test_levels_lie_between_nothing_and_one() -> None:
    assert parse_levels("0.1,0.9") == (0.1, 0.9)
    for text, said in (("0.1;0.9", "say 0.1,0.5,0.9"), ("0", "between"), ("0.5,1", "between")):
        with pytest.raises(typer.BadParameter, match=said):
            parse_levels(text)


def test_values_may_hold_an_equals_sign() -> None:
    assert parse_pairs(["a=1", "b=x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(typer.BadParameter, match="--set rounds: say key=value"):
        parse_pairs(["rounds"])


def test_a_use_case_is_one_of_the_list() -> None:
    assert [parse_use_case(name) for name in USE_CASES] == list(USE_CASES)
    assert parse_use_case_or_all("all") == "all"
    with pytest.raises(typer.BadParameter, match="there are recommendation"):
        parse_use_case("all")


def spoken_options(command: object) -> list[str]:
    """The options of a command and of all commands below it."""
    below = [*getattr(command, "commands", {}).values()]
    own = [text for one in getattr(command, "params", []) for text in one.opts if text[0] == "-"]
    return own + [text for one in below for text in spoken_options(one)]


def test_options_are_lower_case() -> None:
    """Typer takes `metavar` of an option with a parser for its name."""
    options = spoken_options(typer.main.get_command(app))
    assert {"--day", "--as-of"} <= set(options)
    assert [text for text in options if text != text.lower()] == []
