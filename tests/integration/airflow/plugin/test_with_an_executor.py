"""A whole Airflow whose executor comes out of its plugins folder, as the service's own plugin comes out of an entry point.

Each process writes down which modules of the service it has loaded.
"""

from contextlib import ExitStack

import pytest

from tests.integration.airflow.conftest import HOME
from tests.integration.airflow.plugin.installed import api_server, component, environment
from tests.integration.airflow.processes import stop, wait_until

EXECUTOR = """
from pathlib import Path

from airflow.executors.local_executor import LocalExecutor
from airflow.plugins_manager import AirflowPlugin


class OwnExecutor(LocalExecutor):
    def start(self):
        super().start()
        Path(__file__).with_name("started").touch()


class OwnExecutorPlugin(AirflowPlugin):
    name = "own_executor"
"""
WITNESS = """
import os
import sys
import threading
import time
from pathlib import Path

FOLDER = Path(__file__).with_name("loaded")
OURS = {"airflow_run_groups", "falcon", "marshmallow", "dependency_injector"}


def watch():
    while True:
        names = sorted(name for name in list(sys.modules) if name.partition(".")[0] in OURS)
        new = FOLDER / f"{os.getpid()}.new"
        new.write_text("\\n".join([sys.argv[1], *names]))
        new.replace(FOLDER / f"{os.getpid()}.txt")
        time.sleep(0.3)


def start():
    threading.Thread(target=watch, daemon=True).start()


start()
os.register_at_fork(after_in_child=start)
"""
DAG_FILE = """
import pendulum
from airflow.sdk import DAG, task

with DAG(
    "executed",
    schedule="0 0 * * *",
    start_date=pendulum.datetime(2024, 1, 1),
    end_date=pendulum.datetime(2024, 1, 31),
    catchup=False,
    is_paused_upon_creation=False,
):

    @task
    def work():
        return 1

    work()
"""
LIGHT = {
    "airflow_run_groups",
    "airflow_run_groups.adapters",
    "airflow_run_groups.adapters.database_limits",
    "airflow_run_groups.entrypoints",
    "airflow_run_groups.entrypoints.airflow",
    "airflow_run_groups.entrypoints.airflow.plugin",
    "airflow_run_groups.entrypoints.airflow.provider",
    "airflow_run_groups.entrypoints.http",
    "airflow_run_groups.entrypoints.http.security",
    "airflow_run_groups.entrypoints.http.security.token_file",
    "airflow_run_groups.entrypoints.http.security.tokens",
    "airflow_run_groups.entrypoints.airflow_cfg",
    "airflow_run_groups.entrypoints.settings",
    "airflow_run_groups.entrypoints.terminal",
    "airflow_run_groups.entrypoints.terminal.command_line",
    "airflow_run_groups.entrypoints.airflow.commands",
    "airflow_run_groups.entrypoints.terminal.command_line.commands",
    "airflow_run_groups.entrypoints.terminal.exits",
    "airflow_run_groups.entrypoints.terminal.command_line.service_command",
    "airflow_run_groups.entrypoints.airflow.operators",
    "airflow_run_groups.entrypoints.airflow.operators.connection",  # the forms of connections
    "airflow_run_groups.entrypoints.airflow.operators.webhook",
    "airflow_run_groups.adapters.notifier_classes",
    "airflow_run_groups.entrypoints.option_values",
    *(
        f"airflow_run_groups.entrypoints.terminal.command_line.{name}"
        for name in ("json_value", "notify", "options", "rerun", "short_help", "stop_after", "wording")
    ),
}
"""What Airflow asks of the package in any component: the plugin, and the descriptions of its options and its commands."""


@pytest.fixture
def airflow(site, _migrated, tmp_path):
    plugins = tmp_path / "plugins"
    (plugins / "loaded").mkdir(parents=True)
    (plugins / "own_executor.py").write_text(EXECUTOR)
    (plugins / "witness.py").write_text(WITNESS)
    file = HOME / "dags" / "executed_with_a_plugin.py"
    file.write_text(DAG_FILE)
    shared = {
        **environment(site, tmp_path, auth="none"),
        "AIRFLOW__CORE__EXECUTOR": "own_executor.OwnExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
    }
    server = api_server(tmp_path / "api-server.log", shared)
    shared["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = f"{server.url}/execution/"
    others = [component(name, tmp_path / f"{name}.log", shared) for name in ("scheduler", "dag-processor")]
    try:
        server.wait("/api/v2/version", seconds=180)
        yield server, plugins
        for process in others:
            process.check()
    finally:
        file.unlink()
        with ExitStack() as at_last:
            at_last.callback(server.stop)  # the scheduler waits for tasks that run, and they for the API server
            stop(*others)


def loaded(plugins):
    """Return the modules of ours in each component, all of its processes together."""
    components = {}
    for file in (plugins / "loaded").glob("*.txt"):
        name, *modules = file.read_text().splitlines()
        components.setdefault(name, set()).update(modules)
    return components


def test_a_group_is_executed_and_only_the_api_server_has_loaded_the_service(airflow):
    server, plugins = airflow

    def dags():
        return [dag["dag_id"] for dag in server.client.get("/api/v1/dags").json()["response"]["dags"]]

    def states():
        runs = server.client.get("/api/v1/dag_runs?prefix=p_").json()["response"]["dag_runs"]
        return {run["state"] for run in runs}

    wait_until(lambda: "executed" in dags(), seconds=120, what="the DAG in our list")
    body = {"dag_id": "executed", "prefix": "p", "start_date": "2024-01-01", "end_date": "2024-01-02"}
    answer = server.client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text
    wait_until(lambda: states() <= {"success", "failed"}, seconds=150, what="the end of the group")
    assert states() == {"success"}
    assert (plugins / "started").exists()
    components = loaded(plugins)
    assert set(components) == {"api-server", "scheduler", "dag-processor"}
    assert {"airflow_run_groups.entrypoints.http.app", "falcon"} < components["api-server"]
    for name in ("scheduler", "dag-processor"):
        assert "airflow_run_groups.entrypoints.airflow.plugin" in components[name], name
        assert components[name] <= LIGHT, name
