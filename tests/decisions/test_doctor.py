from pathlib import Path

import pandas as pd

from data.lake import Lake
from data.settings import Settings
from decisions.doctor import Finding, examine
from models.registry import Registry
from tests.oidc_provider import running_provider


def by_check(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def test_a_new_installation_is_told_what_to_run(settings: Settings, registry: Registry) -> None:
    found = by_check(examine(settings.model_copy(update={"use_cases": ("fraud",), "auth": True})))
    assert {found[name].status for name in ("home", "disk", "database", "online store")} == {"ok"}
    assert found["lake"].remedy == "argosy ingest DIR"
    assert found["model of fraud"].remedy.startswith("ingest `payments` (payment_id,")
    assert found["model of fraud"].remedy.endswith(", then argosy train fraud")
    assert found["keys"].remedy.startswith("argosy keys add")
    assert not any(finding.status == "failed" for finding in found.values())


def test_real_servers_are_asked_for_version_and_time(
    settings: Settings, registry: Registry, redis_url: str, postgres_url: str, namespace: str
) -> None:
    given = {"counters_url": redis_url, "database_url": postgres_url, "namespace": namespace}
    found = by_check(examine(settings.model_copy(update={**given, "mlflow_url": registry.url})))
    assert found["counters"].found.startswith("Redis ")
    assert found["clock of the database"].status == found["clock of the counters"].status == "ok"


def test_what_is_away_is_told_and_hides_nothing_else(
    settings: Settings, registry: Registry
) -> None:
    away = {
        "counters_url": "redis://127.0.0.1:9/0",
        "database_url": "postgresql+psycopg://nobody@127.0.0.1:9/none",
        "mlflow_url": "http://127.0.0.1:9",
    }
    found = by_check(examine(settings.model_copy(update=away)))
    failed = {name for name, finding in found.items() if finding.status == "failed"}
    assert failed == {"counters", "database", "registry"}
    assert found["lake"].status == "warning"


def test_an_engine_that_is_away_is_told_with_the_remedy(
    settings: Settings, registry: Registry
) -> None:
    assert by_check(examine(settings))["engine"] == Finding("engine", "ok", "this machine")
    away = settings.model_copy(update={"engine": "spark://127.0.0.1:9"})
    found = by_check(examine(away))["engine"]
    assert found.status == "failed"
    assert found.remedy.endswith("unset ARGOSY_ENGINE")


def test_the_sign_in_provider_must_be_the_one_that_it_says(
    settings: Settings, registry: Registry, tmp_path: Path
) -> None:
    assert by_check(examine(settings))["sign-in provider"].found.startswith("none")
    with running_provider(tmp_path) as provider:
        for issuer, status in ((provider.issuer, "ok"), (f"{provider.issuer}/", "failed")):
            given = settings.model_copy(update={"oidc_issuer": issuer})
            assert by_check(examine(given))["sign-in provider"].status == status
    away = settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    assert by_check(examine(away))["sign-in provider"].found.startswith("no answer")


def test_a_home_that_cannot_be_made(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "file").write_text("")
    found = by_check(examine(settings.model_copy(update={"home": tmp_path / "file" / "home"})))
    assert found["home"].status == "failed"


def test_every_setting_is_told_with_its_origin_and_the_database_by_name(
    settings: Settings, registry: Registry
) -> None:
    given = Settings(home=settings.home, auth=False, use_cases=("fraud",), base_currency="GBP")
    found = examine(given)
    told = [finding.found for finding in found if finding.check == "setting"]
    assert "ARGOSY_BASE_CURRENCY = GBP (ARGOSY_BASE_CURRENCY)" in told
    assert "ARGOSY_SEED = 7 (default)" in told
    assert str(settings.home / "argosy.db") in by_check(found)["database"].found


def test_amounts_without_a_rate_ask_for_the_base_currency(
    settings: Settings, registry: Registry
) -> None:
    payment = {"payment_id": ["1"], "attempted_at": pd.Timestamp("2024-05-01", tz="UTC")}
    frame = pd.DataFrame({**payment, "customer_id": "c", "amount": 1.0, "currency": "GBP"})
    Lake(settings.lake).append("payments", frame)
    found = by_check(examine(settings.model_copy(update={"use_cases": ("fraud",)})))
    assert "ARGOSY_BASE_CURRENCY=GBP" in found["currencies"].remedy


def test_a_lake_of_lists_alone_is_not_called_empty(settings: Settings, registry: Registry) -> None:
    Lake(settings.lake).append("products", pd.DataFrame({"product_id": ["a"]}))
    found = by_check(examine(settings.model_copy(update={"use_cases": ("fraud",)})))
    assert found["lake"].found == "nothing with a time: only products"


def test_a_home_in_a_bucket_says_what_is_on_one_machine_alone(
    settings: Settings, registry: Registry, bucket: str
) -> None:
    found = examine(settings.model_copy(update={"bucket": bucket}))
    told = [each for each in found if each.check == "bucket"]
    assert told[0].status == "ok"
    assert "set ARGOSY_DATABASE_URL" in {each.remedy for each in told}
