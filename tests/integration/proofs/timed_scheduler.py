"""Airflow's scheduler, which writes at its end how long each of its loops took in which runs have ended.

A line has the seconds of a loop, and those of its thread's own work, which others on the machine change less.

Usage: python -m tests.integration.proofs.timed_scheduler FILE
"""

import sys
import time
from pathlib import Path

from airflow.__main__ import main
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.dagrun import DagRun

file = Path(sys.argv[1])
sys.argv[1:] = ["scheduler"]  # as the plugin reads it
durations = []
ended = 0
schedule, tell = SchedulerJobRunner._do_scheduling, DagRun.notify_dagrun_state_changed  # noqa: SLF001 - what is measured


def timed(self, session):
    before, begin, own = ended, time.perf_counter(), time.thread_time()
    try:
        return schedule(self, session)
    finally:
        if ended > before:
            durations.append((time.perf_counter() - begin, time.thread_time() - own))


def counted(self, *args, **kwargs):
    global ended  # noqa: PLW0603 - a script
    ended += 1
    return tell(self, *args, **kwargs)


SchedulerJobRunner._do_scheduling = timed  # noqa: SLF001 - as above
DagRun.notify_dagrun_state_changed = counted
try:
    main()
finally:
    file.write_text("\n".join(f"{loop} {own}" for loop, own in durations))
