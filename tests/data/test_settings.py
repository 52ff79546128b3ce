"""Settings: what is refused, with its remedy; what follows from them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from data.settings import Settings
from data.use_cases import USE_CASES


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"base_currency": "EUX"}, "ISO 4217"),
        ({"use_cases": "fraud,astrology"}, "astrology: no use case; there are recommendation"),
        ({"counters_url": "localhost:6379"}, "redis://host"),
        ({"database_url": "mysql://host/x"}, "postgresql"),
        ({"smtp_url": "http://host"}, "smtp://host:587"),
        ({"mlflow_url": "host:5000"}, "http://host:5000"),
        ({"namespace": "Shop"}, "namespace"),
        ({"max_bad_share": 1.1}, "max_bad_share"),
        ({"workers": 0}, "workers"),
        ({"engine": "ray://host:10001"}, "no engine that is supported; write local or spark://"),
        ({"engine": "spark://"}, "spark://host:7077"),
    ],
)
def test_what_cannot_be_is_refused_with_what_could(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**given)  # type: ignore[arg-type]


def test_use_cases_stand_in_the_order_of_the_list() -> None:
    settings = Settings(use_cases="fraud, recommendation")  # type: ignore[arg-type]
    assert settings.use_cases == tuple(name for name in USE_CASES if name in settings.use_cases)
    assert set(settings.use_cases) == {"fraud", "recommendation"}


def test_the_embedded_stores_lie_at_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for place in (settings.lake, settings.feature_folder, settings.artifacts):
        assert Path(place).parent == tmp_path
    assert str(tmp_path) in settings.database
    assert Settings(database_url="postgresql://h/x").database == "postgresql://h/x"


def test_a_home_in_a_bucket_has_a_copy_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGOSY_HOME", "s3://shop/argosy/")
    monkeypatch.setenv("ARGOSY_CACHE", str(tmp_path))
    settings = Settings()
    assert settings.bucket == "s3://shop/argosy"
    assert settings.artifacts == "s3://shop/argosy/artifacts"
    assert settings.lake.is_relative_to(tmp_path)
    for mistyped in ("ftp://shop/argosy", "s3//shop/argosy"):
        with pytest.raises(ValidationError, match="a folder, or s3://bucket/prefix"):
            Settings(home=mistyped)  # type: ignore[arg-type]
    assert Settings(home=tmp_path).bucket is None


def test_a_currency_is_written_in_capitals() -> None:
    assert Settings(base_currency="usd").terms.base_currency == "USD"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().seed = 1  # type: ignore[misc]
