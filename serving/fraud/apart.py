"""Filling the counters in a process of its own: `python -m serving.fraud.apart < settings.json`."""

import sys
from dataclasses import asdict

import orjson

from features.counters import open_counters
from features.fraud import PLAN
from features.settings import Settings
from serving.fraud.filling import fill
from serving.live import Live


def main() -> None:
    """Fill the counters that the settings name; the last line says `Filled`, or null, as JSON."""
    settings = Settings.model_validate_json(sys.stdin.buffer.read())
    live = Live(settings)
    counters = open_counters(
        settings.counters_url, settings.home, PLAN, namespace=settings.namespace
    )
    try:
        filled = fill(counters, live)
    finally:
        counters.close()
        live.store.close()
        live.records.close()
    sys.stdout.write(f"\n{orjson.dumps(asdict(filled) if filled else None).decode()}\n")


if __name__ == "__main__":
    main()
