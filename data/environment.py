"""Settings from environment variables: every unknown name and every bad value in one message."""

import difflib
import os
import re
from collections.abc import Mapping

from pydantic import SecretStr, ValidationError

from data.errors import ArgosyError
from data.settings import Settings

PREFIX = "ARGOSY_"
# Read elsewhere: by the metrics of several workers, by compose.yaml, by the tests.
_OTHERS = frozenset(
    {
        "ARGOSY_METRICS_FOLDER",
        "ARGOSY_POSTGRES_PASSWORD",
        "ARGOSY_REQUIRE_SERVICES",
        "ARGOSY_FUZZ",
        "ARGOSY_FAULTS",
    }
)
_OF_TESTS = "ARGOSY_TEST_"
_RENAMED: Mapping[str, str] = {"ARGOSY_ROWS": "ARGOSY_USE_CASES"}
_PASSWORD = re.compile(r"(?<=:)[^:/@\s]+(?=@)")


class SettingsError(ArgosyError):
    """An environment variable of ours is unknown, or its value cannot be used."""


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives; what it leaves out has its default.

    environment: names and values; only those that begin with ARGOSY_ are looked at.

    Raises SettingsError with a line for each fault: the variable, its value, what it can be.
    """
    faults = [_unknown(name) for name in sorted(environment) if not is_known(name)]
    try:
        settings = Settings()
    except ValidationError as error:
        faults += [_bad(dict(fault)) for fault in error.errors()]
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


def is_known(name: str) -> bool:
    """Whether a variable is none of ours, or a setting, or read by another part of the house.

    >>> is_known("PATH"), is_known("ARGOSY_HOME"), is_known("ARGOSY_HOUSE")
    (True, True, False)
    """
    ours = name.upper().startswith(PREFIX)
    return not ours or name.upper() in variables() or name in _OTHERS or name.startswith(_OF_TESTS)


def variables() -> Mapping[str, str]:
    """Variable -> name of its setting."""
    return {f"{PREFIX}{name.upper()}": name for name in Settings.model_fields}


def without_password(text: str) -> str:
    """The text with the password of an address in it hidden.

    >>> without_password("postgresql://shop:secret@db/argosy")
    'postgresql://shop:***@db/argosy'
    """
    return _PASSWORD.sub("***", text)


def as_variables(settings: Settings) -> Mapping[str, str]:
    """The settings as environment variables from which they can be read again, secrets too."""
    given = {name: getattr(settings, name) for name in Settings.model_fields}
    return {
        f"{PREFIX}{name.upper()}": _written(value)
        for name, value in given.items()
        if value is not None
    }


def _written(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        pairs = (">".join(each) if isinstance(each, tuple) else str(each) for each in value)
        return ",".join(pairs)
    return str(value)


def origin_of(settings: Settings, name: str) -> str:
    """Where the value of a setting comes from: its variable, or `default`.

    settings: the settings; name: the field of Settings.
    """
    return f"{PREFIX}{name.upper()}" if name in settings.model_fields_set else "default"


def _unknown(name: str) -> str:
    if name in _RENAMED:
        return f"{name} is not a setting any more; it is {_RENAMED[name]} now"
    # Compared without the prefix, which all names share.
    short = {known.removeprefix(PREFIX): known for known in variables()}
    near = difflib.get_close_matches(name.upper().removeprefix(PREFIX), short, n=1, cutoff=0.0)
    return f"{name} is no setting; did you mean {short[near[0]]}? Else unset it"


def _bad(fault: dict[str, object]) -> str:
    place = fault["loc"]
    assert isinstance(place, tuple)
    told = str(fault["msg"]).removeprefix("Value error, ")
    if not place:  # a fault of several settings together begins with the name of one of them
        name, _, rest = told.partition(" ")
        return f"{PREFIX}{name.upper()} {rest}"
    name = str(place[0])
    described = Settings.model_fields[name].description or ""
    value = without_password(str(fault["input"]))
    return f"{PREFIX}{name.upper()}={value}: {told[:1].lower()}{told[1:]}. It is: {described}"
