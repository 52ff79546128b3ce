"""Where Feast finds its registry and its stores: `feature_store.yaml` in the feature folder.

Whoever opens that folder with plain Feast reads what the store wrote. No Feast is needed here.
"""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from data.settings import Settings

FILE = "feature_store.yaml"


def configuration(settings: Settings) -> dict[str, Any]:
    """What Feast is configured with."""
    return {
        "project": settings.namespace,
        "provider": "local",
        "registry": _registry(settings),
        "online_store": _online(settings),
        "offline_store": {"type": "features.store.offline.AsofOfflineStore"},
        "entity_key_serialization_version": 3,
    }


def write_configuration(settings: Settings) -> None:
    """Write the file where it is not there or says something else; only its owner may read it."""
    file = settings.feature_folder / FILE
    text = json.dumps(configuration(settings), indent=2)  # JSON is YAML
    if not file.exists() or file.read_text() != text:
        file.touch(mode=0o600)  # the addresses may hold passwords
        file.write_text(text)


def _registry(settings: Settings) -> dict[str, Any]:
    """SQLite, or a PostgreSQL schema named by the namespace."""
    if settings.registry_url is None:
        path = f"sqlite:///{settings.feature_folder.resolve() / 'registry.db'}"
        return {"registry_type": "sql", "path": path}
    arguments = {"options": f"-csearch_path={settings.namespace}"}
    return {
        "registry_type": "sql",
        "path": settings.registry_url,
        "sqlalchemy_config_kwargs": {"echo": False, "connect_args": arguments},
    }


def _online(settings: Settings) -> dict[str, Any]:
    """SQLite or Redis."""
    if settings.online_store_url is None:
        return {"type": "sqlite", "path": str(settings.feature_folder.resolve() / "online.db")}
    url = urlsplit(settings.online_store_url)
    options = {
        "db": url.path.strip("/") or "0",
        "username": unquote(url.username or ""),
        "password": json.dumps(unquote(url.password)) if url.password else "",
        "ssl": "true" if url.scheme == "rediss" else "",
    }
    given = [f"{name}={value}" for name, value in options.items() if value]
    address = f"{url.hostname or 'localhost'}:{url.port or 6379}"
    return {"type": "redis", "connection_string": ",".join([address, *given])}
