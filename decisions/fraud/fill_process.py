"""Fill the fraud counters in another process: `python -m decisions.fraud.fill_process < FILE`."""

import sys
from dataclasses import asdict

import orjson

from data.settings import Settings
from decisions.fraud.filling import fill
from decisions.runtime import Runtime
from features.counters import open_counters
from features.fraud import PLAN


def main() -> None:
    """Fill the counters that the settings name; the last line says `Filled`, or null, as JSON."""
    settings = Settings.model_validate_json(sys.stdin.buffer.read())
    runtime = Runtime(settings)
    counters = open_counters(
        settings.counters_url, settings.home, PLAN, namespace=settings.namespace
    )
    try:
        filled = fill(counters, runtime)
    finally:
        counters.close()
        runtime.store.close()
        runtime.records.close()
    sys.stdout.write(f"\n{orjson.dumps(asdict(filled) if filled else None).decode()}\n")


if __name__ == "__main__":
    main()
