"""A wrong variable is one message: which, its value, what it can be."""

import pytest

from data.environment import SettingsError, is_known, load_settings, origin_of, variables


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
