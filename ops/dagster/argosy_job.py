"""Dagster: each step of the schedule an op of one job, in order, every day at seven (UTC).

`dagster dev -f argosy_job.py` opens it. It needs `argosy` on the machine that does the ops, and two
variables of the environment: SCHEDULE_FILE, the schedule's file, and ARGOSY_HOME. A run that is
repeated changes nothing: a step is done once for each of its windows, and one whose window is a
week is done once a week.
"""

import os
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster

FILE = Path(os.environ.get("SCHEDULE_FILE", "/etc/argosy/schedule.toml"))
AT = "argosy/at"  # the tag of a run that says for which time it is


def op_of(step: dict[str, Any]) -> dagster.OpDefinition:
    """One step as an op, which waits for the step before it."""

    @dagster.op(
        name=step["name"].replace(" ", "_"),
        ins={"before": dagster.In(dagster.Nothing)},
        out=dagster.Out(dagster.Nothing),
        retry_policy=dagster.RetryPolicy(max_retries=2, delay=600),
    )
    def run(context: dagster.OpExecutionContext) -> None:
        at = context.get_tag(AT) or datetime.now(UTC).isoformat()
        command = ["argosy", "schedule", "run", str(FILE), "--step", step["name"], "--at", at]
        code = subprocess.run(command, check=False).returncode  # noqa: S603  # the merchant's own
        if code and not step.get("optional", False):
            raise dagster.Failure(f"exit code {code}: {' '.join(command)}")

    return run


@dagster.job
def argosy() -> None:
    """Data in, features, models, batch answers."""
    before: Any = None
    for step in tomllib.loads(FILE.read_text())["step"]:
        op = op_of(step)
        before = op(before) if before else op()


@dagster.schedule(job=argosy, cron_schedule="0 7 * * *", execution_timezone="UTC")
def daily(context: dagster.ScheduleEvaluationContext) -> dagster.RunRequest:
    """One run a day, for the time at which it is due."""
    at = context.scheduled_execution_time.isoformat()
    return dagster.RunRequest(run_key=at, tags={AT: at})


definitions = dagster.Definitions(jobs=[argosy], schedules=[daily])
