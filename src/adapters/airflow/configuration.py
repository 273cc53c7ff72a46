"""The parts of Airflow's configuration that matter here."""

import datetime as dt
import re
from collections.abc import Iterable
from configparser import InterpolationError

from airflow.configuration import conf
from airflow.exceptions import AirflowConfigException
from airflow.providers_manager import ProvidersManager
from airflow.settings import TIMEZONE

SECTION = "airflow_api_plugin"


class Unresolved(Exception):
    """Airflow cannot tell the value of an option, such as when the command that prints it fails.

    Airflow's own message is left out: it quotes airflow.cfg, the command, and what the command has printed.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"Airflow cannot resolve [{SECTION}] {name}: {reason}. `airflow config get-value {SECTION} {name}` shows it whole"
        )


def resolved(names: Iterable[str]) -> dict[str, str]:
    """Return those of our options that are set: environment, airflow.cfg, and their ``_cmd`` and ``_secret`` forms.

    :raises Unresolved: when Airflow fails to.
    """
    # Our entry as a provider tells Airflow which forms an option has; 3.0 and 3.1 have to be asked to read the entries.
    ProvidersManager().initialize_providers_configuration()  # type: ignore[no-untyped-call]
    options = {}
    for name in names:
        value, reason = None, ""
        try:
            value = conf.get(SECTION, name, fallback=None)
        except InterpolationError:
            reason = "a % that stands for itself is written %% in airflow.cfg"
        except AirflowConfigException as error:
            code = re.search(r"Error code is: (-?\d+)", str(error))
            reason = (
                f"its command ends with the code {code[1]}" if code else "a secrets backend or a command has failed"
            )
        if reason:
            raise Unresolved(name, reason)  # out here, where no traceback has the error behind it
        if value is not None:
            options[name] = str(value).rstrip("\r\n")  # a command ends its output with a line break
    return options


def names_in_file() -> list[str]:
    """Return the names that airflow.cfg has in our section, known ones or not."""
    return list(conf.options(SECTION)) if conf.has_section(SECTION) else []


def default_timezone() -> dt.tzinfo:
    """Return ``[core] default_timezone``, in which dates without an offset are meant."""
    return TIMEZONE


def run_id_pattern() -> str:
    """Return ``[scheduler] allowed_run_id_pattern``."""
    return str(conf.get("scheduler", "allowed_run_id_pattern")).strip()


def max_active_runs_per_dag() -> int:
    """Return ``[core] max_active_runs_per_dag``, which a DAG has that sets no ``max_active_runs``."""
    return int(conf.getint("core", "max_active_runs_per_dag"))


def runs_per_loop() -> int:
    """Return ``[scheduler] max_dagruns_per_loop_to_schedule``."""
    return int(conf.getint("scheduler", "max_dagruns_per_loop_to_schedule"))


def everybody_is_admin() -> bool:
    """Tell whether Airflow's API server takes requests without a token for the admin's, and adds one to them."""
    return bool(conf.getboolean("core", "simple_auth_manager_all_admins", fallback=False))


def base_url() -> str:
    """Return ``[api] base_url``, the address of Airflow's API server as browsers have it, ``""`` where it is not set."""
    return str(conf.get("api", "base_url", fallback=None) or "").strip()


def knows_creators() -> bool:
    """Tell whether this Airflow writes down who created a run, as 3.1 and newer do."""
    from airflow.models.dagrun import DagRun  # noqa: PLC0415 - the models take long to load

    return "triggering_user_name" in DagRun.__table__.c
