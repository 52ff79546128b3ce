"""A wrong variable is one message: which, its value, what it can be."""

import pytest

from data.environment import (
    SettingsError,
    as_variables,
    is_known,
    load_settings,
    origin_of,
    variables,
)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def told(monkeypatch: pytest.MonkeyPatch, **given: str) -> str:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    return str(error.value)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("ARGOSY_DATABASE_URI", "ARGOSY_DATABASE_URL"),
        ("ARGOSY_BASECURRENCY", "ARGOSY_BASE_CURRENCY"),
        ("ARGOSY_CURRENCY", "ARGOSY_BASE_CURRENCY"),
        ("ARGOSY_FREQUENZY", "ARGOSY_FREQUENCY"),
        ("ARGOSY_MAX_BAD_SHARES", "ARGOSY_MAX_BAD_SHARE"),
        ("ARGOSY_WORKER", "ARGOSY_WORKERS"),
    ],
)
def test_an_unknown_variable_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch, wrong: str, meant: str
) -> None:
    message = told(monkeypatch, **{wrong: "x"})
    assert message.startswith(f"{wrong} is no setting")
    assert meant in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ARGOSY_MAX_BAD_SHARE", "5"),
        ("ARGOSY_COUNTERS_URL", "127.0.0.1:6379"),
        ("ARGOSY_ONLINE_STORE_URL", "localhost"),
        ("ARGOSY_DATABASE_URL", "argosy.db"),
        ("ARGOSY_REGISTRY_URL", "http://host"),
        ("ARGOSY_MLFLOW_URL", "host:5000"),
        ("ARGOSY_BASE_CURRENCY", "EURO"),
        ("ARGOSY_BASE_CURRENCY", "EUX"),
        ("ARGOSY_FREQUENCY", "weekly"),
        ("ARGOSY_WORKERS", "none"),
        ("ARGOSY_AUTH", "perhaps"),
        ("ARGOSY_LABEL_MATURITY_DAYS", "-1"),
        ("ARGOSY_NAMESPACE", "My Shop"),
        ("ARGOSY_OIDC_ISSUER", "http://login.shop.example"),
        ("ARGOSY_OIDC_ISSUER", "http://localhost.evil.example"),
        ("ARGOSY_OIDC_SCOPES", "planners"),
        ("ARGOSY_OIDC_REQUEST", "email"),
        ("ARGOSY_CONSOLE_URL", "argosy.example"),
    ],
)
def test_a_value_out_of_range_is_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    message = told(monkeypatch, **{name: value})
    assert message.startswith(f"{name}={value}: ")
    assert len(message.splitlines()) == 1
    assert "pydantic" not in message


def test_all_faults_are_told_at_once_and_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    message = told(
        monkeypatch,
        ARGOSY_DATABASE_URL="mysql://shop:secret@db/argosy",
        ARGOSY_SEEDS="1",
        ARGOSY_FREQUENCY="hour",
    )
    assert len(message.splitlines()) == 3
    assert "secret" not in message


def test_what_is_right_is_taken_with_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGOSY_BASE_CURRENCY", "gbp")
    monkeypatch.setenv("ARGOSY_DATABASE_URL", "")
    settings = load_settings()
    assert settings.base_currency == "GBP"
    assert settings.database_url is None
    assert origin_of(settings, "base_currency") == "ARGOSY_BASE_CURRENCY"
    assert origin_of(settings, "seed") == "default"


def test_other_variables_are_none_of_ours() -> None:
    assert is_known("PATH")
    assert is_known("ARGOSY_TEST_REDIS_URL")
    assert not is_known("ARGOSY_TSET_REDIS_URL")


def test_a_fault_of_several_settings_names_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    message = told(monkeypatch, ARGOSY_AUTH="false", ARGOSY_SECOND_APPROVAL_ABOVE="50")
    assert message.startswith("ARGOSY_SECOND_APPROVAL_ABOVE takes two people")
    monkeypatch.delenv("ARGOSY_SECOND_APPROVAL_ABOVE")
    message = told(monkeypatch, ARGOSY_OIDC_ISSUER="https://login.shop.example")
    assert message.startswith("ARGOSY_OIDC_ISSUER needs ARGOSY_OIDC_CLIENT_ID")


def test_settings_are_read_again_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `argosy serve --workers 2` gives to its workers."""
    given = {
        "ARGOSY_USE_CASES": "fraud",
        "ARGOSY_TRANSFER_LANES": "DE1>FR1,DE1>GB1",
        "ARGOSY_OIDC_ISSUER": "https://login.shop.example",
        "ARGOSY_OIDC_CLIENT_ID": "argosy",
        "ARGOSY_OIDC_CLIENT_SECRET": "hush",
        "ARGOSY_OIDC_SCOPES": "/shop/planners>plan+approve,*>plan",
        "ARGOSY_SECOND_APPROVAL_ABOVE": "5000.5",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert "hush" not in repr(settings)
    for name, value in as_variables(settings).items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings
    assert settings.oidc_scopes == (("/shop/planners", "plan+approve"), ("*", "plan"))
