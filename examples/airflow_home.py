"""The show's own Airflow: a home inside the project folder, on SQLite, with the example DAGs in it."""

from __future__ import annotations

import base64
import configparser
import contextlib
import fcntl
import importlib.metadata
import json
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_ENVIRONMENT = Path(sys.prefix)
HOME = PROJECT / ("airflow-home" if _ENVIRONMENT == PROJECT / ".venv" else f"airflow-home-{_ENVIRONMENT.name}")
"""A home for each environment of the project: the database of one Airflow is not that of another."""
LOGS = HOME / "logs"


class InUse(Exception):
    """Another show runs on this home."""

    def __init__(self) -> None:
        super().__init__(f"Another `make run` uses {HOME}: stop it first.")


@contextlib.contextmanager
def claimed() -> Iterator[None]:
    """Have the home for this process alone.

    :raises InUse: when another process has it.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InUse from error
        yield


def configure(*, airflow_port: int) -> None:
    """Write airflow.cfg; the secrets in it stay as they are once they exist, so that tokens and connections stay readable."""
    path = HOME / "airflow.cfg"
    known = configparser.ConfigParser(interpolation=None)
    known.read(path)
    airflow = f"http://127.0.0.1:{airflow_port}"
    config = configparser.ConfigParser(interpolation=None)
    config.read_dict(
        {
            "core": {
                "dags_folder": PROJECT / "examples" / "dags",
                "load_examples": False,
                "dags_are_paused_at_creation": False,
                "executor": "LocalExecutor",
                "parallelism": 4,
                "execution_api_server_url": f"{airflow}/execution/",
                "simple_auth_manager_all_admins": True,
                "simple_auth_manager_passwords_file": HOME / "passwords.json",
                "fernet_key": known.get("core", "fernet_key", fallback=_fernet_key()),
            },
            # a new file in examples/dags is there within seconds, not within five minutes
            "dag_processor": {"refresh_interval": 5, "min_file_process_interval": 10},
            "database": {"sql_alchemy_conn": f"sqlite:///{HOME / 'airflow.db'}"},
            "logging": {"base_log_folder": LOGS},
            "api": {
                "base_url": airflow,
                "host": "127.0.0.1",
                "port": airflow_port,
                "workers": 1,
                "secret_key": known.get("api", "secret_key", fallback=secrets.token_hex(32)),
            },
            # a busy machine takes longer to answer a task than the five seconds after which Airflow fails it
            "workers": {"execution_api_timeout": 60},
            "api_auth": {"jwt_secret": known.get("api_auth", "jwt_secret", fallback=secrets.token_hex(32))},
        }
    )
    with path.open("w") as file:
        path.chmod(0o600)
        config.write(file)


def environment(*, service_url: str) -> dict[str, str]:
    """Return the environment of every process of the show: no setting but this home's, and no proxy in between.

    The DAGs that create groups find the service by the connection in it.
    """
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "_AIRFLOW_", "GUNICORN_"))
    }
    connection = json.dumps({"conn_type": "airflow_run_groups", "host": service_url})
    return kept | {
        "AIRFLOW_CONN_AIRFLOW_RUN_GROUPS_DEFAULT": connection,
        "AIRFLOW_HOME": str(HOME),
        "NO_PROXY": "*",
        "no_proxy": "*",
        "PYTHONUNBUFFERED": "1",
    }


def is_migrated() -> bool:
    """Tell whether the database has been brought to the installed version of Airflow."""
    stamp = _migrated()
    return (HOME / "airflow.db").exists() and stamp.exists() and stamp.read_text() == _airflow_version()


def mark_migrated() -> None:
    """Note that it has."""
    _migrated().write_text(_airflow_version())


def _migrated() -> Path:
    return HOME / "migrated"


def _airflow_version() -> str:
    return importlib.metadata.version("apache-airflow-core")


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
