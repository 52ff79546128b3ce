"""Compute the forecast reports in a process: `python -m … FOLDER < SETTINGS`."""

import sys
from pathlib import Path

from data.settings import Settings
from decisions.forecasting.reports import write
from decisions.runtime import Runtime


def main() -> None:
    """Write the reports of the settings given as JSON into the folder named."""
    runtime = Runtime(Settings.model_validate_json(sys.stdin.buffer.read()))
    try:
        write(runtime, Path(sys.argv[1]))
    finally:
        runtime.store.close()
        runtime.records.close()


if __name__ == "__main__":
    main()
