"""What Airflow's configuration says to us."""

import datetime as dt
from collections.abc import Mapping

from airflow.configuration import conf
from airflow.settings import TIMEZONE

SECTION = "airflow_api_plugin"


def section() -> Mapping[str, str]:
    """Return our section as Airflow resolves it: airflow.cfg, environment, ``_cmd`` and ``_secret`` forms."""
    return {key: str(value) for key, value in (conf.getsection(SECTION) or {}).items()}


def default_timezone() -> dt.tzinfo:
    """Return ``[core] default_timezone``, in which dates without an offset are meant."""
    return TIMEZONE


def run_id_pattern() -> str:
    """Return ``[scheduler] allowed_run_id_pattern``."""
    return str(conf.get("scheduler", "allowed_run_id_pattern")).strip()


def max_active_runs_per_dag() -> int:
    """Return ``[core] max_active_runs_per_dag``, which a DAG has that sets no ``max_active_runs``."""
    return int(conf.getint("core", "max_active_runs_per_dag"))
