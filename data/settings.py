"""The settings: environment variables `ARGOSY_…`, read once into one frozen object."""

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from data.bucket import SCHEMES as BUCKETS
from data.iso_codes import currency_codes
from data.use_cases import USE_CASES, UseCaseName
from data.views import Frequency, Terms


class Settings(BaseSettings):
    """Everything that may differ between two installations; the defaults need no server."""

    model_config = SettingsConfigDict(
        env_prefix="ARGOSY_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    home: Path = Field(
        Path(".argosy"),
        description="Folder of the lake and all embedded stores; or s3://bucket/prefix, where "
        "machines share the lake, the features and the models' files, each with a copy of them "
        "under ARGOSY_CACHE.",
    )
    cache: Path = Field(
        Path("~/.cache/argosy"),
        description="Where the copy of a home in a bucket lies, with all embedded stores.",
    )
    bucket: str | None = Field(
        None, description="Set by a home in a bucket: s3://bucket/prefix, gs://…, az://…."
    )
    base_currency: str = Field(
        "EUR", pattern="^[A-Za-z]{3}$", description="Currency of all decisions."
    )
    seed: int = Field(7, description="Seed of every random choice.")
    training_processes: int = Field(
        0, ge=0, description="Use cases trained at once; 0: one a core, three at most."
    )
    engine: str = Field(
        "local",
        description="Where batch scores are computed: local, or spark://host:7077, a Spark master "
        "(pip install 'argosy[spark]').",
    )

    online_store_url: str | None = Field(None, description="redis://… ; SQLite when not set.")
    registry_url: str | None = Field(
        None, description="postgresql+psycopg://… of Feast's registry; SQLite when not set."
    )
    mlflow_url: str | None = Field(
        None, description="MLflow tracking server or database; SQLite when not set."
    )
    database_url: str | None = Field(
        None,
        description="postgresql+psycopg://… of decisions, labels, events; else SQLite.",
    )
    counters_url: str | None = Field(
        None, description="redis://… of the live fraud counters; SQLite when not set."
    )
    namespace: str = Field(
        "argosy",
        pattern="^[a-z][a-z0-9_]{0,30}$",
        description="Prefix of everything kept on shared servers; two installations, two names.",
    )

    max_bad_share: float = Field(
        0.05, ge=0, le=1, description="A file with a larger share of bad rows is refused whole."
    )
    frequency: Frequency | None = Field(
        None, description="Period of the forecasts; found from the data when not set."
    )
    label_maturity_days: int = Field(
        30,
        ge=0,
        description="Days after which an unreported payment counts as honest; in training sooner, "
        "where nearly all reports come sooner.",
    )

    fraud_budget: float = Field(
        0.005, gt=0, le=1, description="Frauds among the payments taken, at most: a share."
    )
    fraud_rate: float = Field(
        0.01,
        gt=0,
        lt=1,
        description="Share of payments that are fraud, as you know or guess it, while there are "
        "too few chargebacks to learn it from.",
    )
    fraud_most_stopped: float = Field(
        0.15,
        gt=0,
        le=1,
        description="Share of honest payments challenged, reviewed or blocked, at most.",
    )
    fraud_review_share: float = Field(
        0.05, ge=0, le=1, description="Share of payments that people can review, at most."
    )
    fraud_reviews_per_day: int | None = Field(
        None, ge=0, description="Payments that people can review in a day; instead of the share."
    )
    fraud_chargeback_fee: float = Field(
        20.0, ge=0, description="Lost with each fraud taken, besides its amount (base currency)."
    )
    fraud_margin: float = Field(
        0.25, ge=0, le=1, description="Of the amount, lost with an honest customer turned away."
    )
    fraud_goodwill: float = Field(
        5.0, ge=0, description="Lost besides with an honest customer turned away (base currency)."
    )
    fraud_decline_loses: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Of what a customer is expected to bring in a year, lost where they are turned "
        "away wrongly; instead of the goodwill, where it is more.",
    )
    fraud_most_customer_value: float = Field(
        500.0,
        ge=0,
        description="What a customer is expected to bring counts up to this (base currency), so "
        "that a good customer's name buys no blind trust.",
    )
    fraud_review_cost: float = Field(
        4.0, ge=0, description="An analyst's time for one payment (base currency)."
    )
    fraud_challenge_loses: float = Field(
        0.08, ge=0, le=1, description="Share of honest customers who leave when challenged."
    )
    fraud_most_blocks: float = Field(
        0.2, gt=0, le=1, description="Share of payments blocked, above which the rest is reviewed."
    )
    fraud_control_share: float = Field(
        0.0,
        ge=0,
        le=0.05,
        description="Share of the payments that the model alone would challenge or block that are "
        "let through, to learn how often it is wrong; at most 0.05, and none unless set.",
    )
    fraud_control_most_amount: float = Field(
        50.0, ge=0, description="No payment of a larger amount is let through so (base currency)."
    )
    fraud_hours_to_ship: float = Field(
        24.0, gt=0, description="Hours after a payment in which its review should be done."
    )

    transfers: bool = Field(True, description="Whether moves between warehouses are proposed.")
    transfer_days: float = Field(7.0, ge=0, description="Days that such a move takes.")
    transfer_freight_share: float = Field(
        0.08, ge=0, description="Freight of a move, as a share of the cost of the goods."
    )
    transfer_cost: float = Field(
        2.0, ge=0, description="Cost of each move, whatever it carries (base currency)."
    )
    transfer_least_gain: float = Field(
        1.0, ge=0, description="No move that gains less is proposed (base currency)."
    )
    transfer_lanes: Annotated[tuple[tuple[str, str], ...], NoDecode] = Field(
        (), description="Lanes between which goods move, `DE1>FR1,DE1>GB1`; all when not set."
    )
    second_approval_above: float | None = Field(
        None,
        ge=0,
        description="Orders from one supplier above this value (base currency), or of unknown "
        "value, wait until a second person approves them; never when not set.",
    )
    broker_url: str | None = Field(
        None,
        description="amqp://user:password@host:5672/ of RabbitMQ or nats://host:4222 of NATS, for "
        "argosy consume (pip install 'argosy[streams]').",
    )
    webhook_private_addresses: bool = Field(
        False, description="Whether webhooks may go to addresses within your own network."
    )
    smtp_url: str | None = Field(
        None,
        description="smtp://user:password@host:587 or smtps://…, for subscriptions to mailto:….",
    )
    smtp_from: str = Field("argosy@localhost", description="The sender of e-mails.")

    auth: bool = Field(True, description="Whether the API asks for a key.")
    docs_key: bool = Field(
        False, description="Whether /openapi.json, and so /docs and /redoc, ask for a key."
    )
    oidc_issuer: str | None = Field(
        None,
        description="https://… of the OpenID Connect provider whose people may sign in, too; "
        "nobody's when not set.",
    )
    oidc_client_id: str | None = Field(
        None, description="The name under which the provider knows the console."
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="The console's secret with the provider; none for a public client."
    )
    oidc_audience: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="For whom a token must be made out to be taken by the API, parted by commas; "
        "the client id when not set.",
    )
    oidc_owner_claim: str = Field(
        "email",
        min_length=1,
        description="The claim that names the person in the audit log, as keys name their owner.",
    )
    oidc_roles_claim: str = Field(
        "groups",
        min_length=1,
        description="The claim that lists a person's roles; a.b is b within a.",
    )
    oidc_scopes: Annotated[tuple[tuple[str, str], ...], NoDecode] = Field(
        (),
        description="What a role may do, `planners>plan+approve,ops>admin`; the role * is "
        "everybody who signs in.",
    )
    oidc_request: str = Field(
        "openid email profile",
        pattern=r"^(.* )?openid( .*)?$",
        description="The scopes that the console asks the provider for.",
    )
    console_url: str | None = Field(
        None,
        description="Where people open the console, such as https://argosy.example, without "
        "/console: the provider leads them back there.",
    )
    use_cases: Annotated[tuple[UseCaseName, ...], NoDecode] = Field(
        USE_CASES,
        min_length=1,
        description="The use cases that are built, trained and served, parted by commas.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins whose pages may ask from the browser, such as https://shop.example, "
        "parted by commas; give them keys of the scope `public`.",
    )
    console_idle_minutes: float = Field(
        480.0, gt=0, description="Minutes without a step after which the console asks to sign in."
    )
    workers: int = Field(1, ge=1, description="Processes that serve; `argosy serve` sets it.")
    reload_seconds: float = Field(
        5.0, gt=0, description="How often the server looks for a newly promoted model."
    )
    request_seconds: float = Field(
        10.0, gt=0, description="A request that takes longer is answered 503."
    )
    most_requests: int = Field(
        100, ge=1, description="Requests under way in a worker; further ones are answered 503."
    )
    store_seconds: float = Field(
        0.25, gt=0, description="How long a request waits for Redis before it goes without."
    )
    traces: bool = Field(
        False, description="Whether OpenTelemetry spans are sent (pip install 'argosy[traces]')."
    )
    idempotency_hours: float = Field(
        24.0, gt=0, description="How long the answer to an Idempotency-Key is kept."
    )

    @model_validator(mode="before")
    @classmethod
    def _home_in_a_bucket(cls, given: Any) -> Any:
        """A home such as s3://bucket/prefix: the bucket, and the folder of its copy here."""
        home = given.get("home") if isinstance(given, dict) else None
        if not isinstance(home, str) or not home.startswith(BUCKETS):
            return given
        cache = Path(given.get("cache") or cls.model_fields["cache"].default).expanduser()
        name = hashlib.sha256(home.rstrip("/").encode()).hexdigest()[:16]
        return {**given, "bucket": home, "home": cache / name}

    @field_validator("home", mode="before")
    @classmethod
    def _is_home(cls, value: Any) -> Any:
        """A folder, and none with the name of an address that was mistyped."""
        if isinstance(value, str) and re.match(r"\w+:?//", value):
            raise ValueError("it is no home; write a folder, or s3://bucket/prefix")
        return value

    @field_validator("bucket")
    @classmethod
    def _is_bucket(cls, value: str | None) -> str | None:
        return value and str(_of_scheme(value, BUCKETS, "s3://bucket/prefix")).rstrip("/")

    @field_validator("use_cases", "cors_origins", "oidc_audience", mode="before")
    @classmethod
    def _parted(cls, value: Any) -> Any:
        """The parts of `a,b`, as an environment variable has it."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(","))
        return value

    @field_validator("transfer_lanes", mode="before")
    @classmethod
    def _lanes(cls, value: Any) -> Any:
        """The lanes of `DE1>FR1,DE1>GB1`, as an environment variable has them."""
        if not isinstance(value, str):
            return value
        lanes = [part.strip().split(">") for part in value.split(",") if part.strip()]
        if any(len(lane) != 2 or not all(end.strip() for end in lane) for lane in lanes):
            raise ValueError("write lanes as FROM>TO, parted by commas, such as DE1>FR1,DE1>GB1")
        return tuple((start.strip(), end.strip()) for start, end in lanes)

    @field_validator("oidc_scopes", mode="before")
    @classmethod
    def _roles(cls, value: Any) -> Any:
        """The pairs of `planners>plan+approve,ops>admin`, as an environment variable has them."""
        if not isinstance(value, str):
            return value
        pairs = [part.rpartition(">") for part in value.split(",") if part.strip()]
        if any(not (role.strip() and scopes.strip()) for role, _, scopes in pairs):
            raise ValueError(
                "write roles as ROLE>SCOPE+SCOPE, parted by commas, such as "
                "planners>plan+approve,ops>admin"
            )
        return tuple((role.strip(), scopes.strip()) for role, _, scopes in pairs)

    @field_validator("oidc_issuer", "console_url")
    @classmethod
    def _is_safe_address(cls, value: str | None) -> str | None:
        """Who signs in is told over this address: it must be encrypted, or stay on this machine."""
        own = r"http://(127\.0\.0\.1|localhost)([:/]|$)"
        if value is None or re.match(rf"https://[^/\s]|{own}", value):
            return value
        raise ValueError("it is no such address; write one such as https://login.shop.example")

    @field_validator("base_currency")
    @classmethod
    def _is_currency(cls, value: str) -> str:
        if value.upper() not in currency_codes():
            raise ValueError("it is no currency; write its ISO 4217 code, such as EUR")
        return value.upper()

    @field_validator("engine")
    @classmethod
    def _is_engine(cls, value: str) -> str:
        """Here or a Spark master: the two whose answers are tested to be equal."""
        if value == "local" or re.fullmatch(r"spark://[^\s/]+", value):
            return value
        raise ValueError("it is no engine that is supported; write local or spark://host:7077")

    @field_validator("online_store_url", "counters_url")
    @classmethod
    def _is_redis(cls, value: str | None) -> str | None:
        return _of_scheme(value, ("redis://", "rediss://", "unix://"), "redis://host:6379/0")

    @field_validator("database_url", "registry_url")
    @classmethod
    def _is_database(cls, value: str | None) -> str | None:
        schemes = ("postgresql", "sqlite://")
        return _of_scheme(value, schemes, "postgresql+psycopg://user@host/argosy")

    @field_validator("broker_url")
    @classmethod
    def _is_broker(cls, value: str | None) -> str | None:
        return _of_scheme(
            value, ("amqp://", "amqps://", "nats://"), "amqp://user:password@host:5672/"
        )

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: str | None) -> str | None:
        return _of_scheme(value, ("smtp://", "smtps://"), "smtp://host:587")

    @field_validator("mlflow_url")
    @classmethod
    def _is_mlflow(cls, value: str | None) -> str | None:
        schemes = ("http://", "https://", "postgresql", "mysql", "sqlite://")
        return _of_scheme(value, schemes, "http://host:5000")

    @model_validator(mode="after")
    def _has_people(self) -> "Settings":
        """Two people can be told apart by their keys only."""
        if self.second_approval_above is not None and not self.auth:
            raise ValueError(
                "second_approval_above takes two people, whom only their keys tell apart: set "
                "ARGOSY_AUTH=true"
            )
        return self

    @model_validator(mode="after")
    def _has_roles(self) -> "Settings":
        """Nobody who signs in may do anything unless it is said what, and for whom tokens are."""
        if self.oidc_issuer is None:
            return self
        if not (self.oidc_client_id or self.oidc_audience):
            raise ValueError("oidc_issuer needs ARGOSY_OIDC_CLIENT_ID, or ARGOSY_OIDC_AUDIENCE")
        if not self.oidc_scopes:
            raise ValueError(
                "oidc_issuer needs ARGOSY_OIDC_SCOPES, such as planners>plan+approve,ops>admin"
            )
        return self

    @field_validator("use_cases")
    @classmethod
    def _known(cls, value: tuple[UseCaseName, ...]) -> tuple[UseCaseName, ...]:
        """In the order in which they need each other; each must be one of the list."""
        if unknown := sorted(set(value) - set(USE_CASES)):
            raise ValueError(f"{', '.join(unknown)}: no use case; there are {', '.join(USE_CASES)}")
        return tuple(name for name in USE_CASES if name in value)

    @property
    def terms(self) -> Terms:
        """The part of the settings with which feature views are built."""
        return Terms(base_currency=self.base_currency, frequency=self.frequency)

    @property
    def lake(self) -> Path:
        """Folder of the validated tables."""
        return self.home / "lake"

    @property
    def fraud_costs(self) -> dict[str, float]:
        """What right and wrong decisions on payments cost, by the names of the fraud policy."""
        names = (
            "chargeback_fee",
            "margin",
            "goodwill",
            "review_cost",
            "challenge_loses",
            "decline_loses",
            "most_customer_value",
        )
        return {name: getattr(self, f"fraud_{name}") for name in names}

    @property
    def feature_folder(self) -> Path:
        """Folder of the offline features."""
        return self.home / "features"

    @property
    def database(self) -> str:
        """SQLAlchemy URL of decisions, labels and events."""
        return self.database_url or f"sqlite:///{self.home / 'argosy.db'}"

    @property
    def mlflow(self) -> str:
        """Tracking and registry address of MLflow."""
        return self.mlflow_url or f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path | str:
        """Where MLflow's artifacts are when MLflow is no server: a folder, or a bucket's
        address."""
        return self.home / "artifacts" if self.bucket is None else f"{self.bucket}/artifacts"


def _of_scheme(url: str | None, schemes: tuple[str, ...], example: str) -> str | None:
    """The address as it is; ValueError unless it begins as one of its kind does."""
    if url is None or ("://" in url and url.startswith(schemes)):
        return url
    raise ValueError(f"it is no such address; write one such as {example}")
