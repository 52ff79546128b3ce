"""Airflow: each step of the schedule a task, once a day, in order.

Put this file into Airflow's folder of DAGs. It needs `argosy` on the machine that does the tasks,
and two variables of the environment: SCHEDULE_FILE, the schedule's file, and ARGOSY_HOME. A task
that is cleared and done again changes nothing: a step is done once for each of its windows, and one
whose window is a week is done once a week.
"""

import os
import shlex
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow import DAG

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:  # Airflow 2
    from airflow.operators.bash import BashOperator

FILE = Path(os.environ.get("SCHEDULE_FILE", "/etc/argosy/schedule.toml"))
# The time that a run is for; one that was started by hand has no interval.
AT = "{{ (data_interval_end or dag_run.run_after).isoformat() }}"

with DAG(
    "argosy",
    description="Data in, features, models, batch answers.",
    schedule="0 7 * * *",  # after the last step's own `after`
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
) as dag:
    before = None
    for step in tomllib.loads(FILE.read_text())["step"]:
        name, file = shlex.quote(step["name"]), shlex.quote(str(FILE))
        command = f"argosy schedule run {file} --step {name} --at {AT}"
        task = BashOperator(
            task_id=step["name"].replace(" ", "_"),
            # An optional step that fails is skipped (99), and the next one goes on.
            bash_command=f"{command} || exit 99" if step.get("optional") else command,
            trigger_rule="none_failed",
        )
        if before:
            before >> task
        before = task
