"""The commands without a service, on Airflow's database, and as commands of Airflow's own."""

import datetime as dt
import getpass
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.models.dagrun import DagRun
from sqlalchemy import select

from tests.integration.airflow.processes import service

BIN = Path(sys.executable).parent
OURS, AIRFLOWS = (str(BIN / "airflow-groups"),), (str(BIN / "airflow"), "groups")


@pytest.fixture
def dags(world):
    world.dag("example_daily", start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc))
    return world


def start(program, *words, **environ):
    return subprocess.Popen(
        [*program, *words], env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process, status=0):
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == status, stderr
    return stdout, stderr


def january(prefix, last):
    return "--dag-id", "example_daily", "--prefix", prefix, "--from-date", "2020-01-01", "--to-date", f"2020-01-{last}"


def test_local_creates_runs_in_the_name_of_the_os_user(dags):
    stdout, stderr = ended(start(OURS, "create", *january("p", "05"), "--local", "-o", "json"))
    assert len(json.loads(stdout)["dag_run_ids"]) == 5
    assert stderr == ""
    _, stderr = ended(start(AIRFLOWS, "create", *january("p", "10"), "--local", "--step", "2"))
    (warning,) = [line for line in stderr.splitlines() if "created, " not in line]
    assert "group 'p' of DAG 'example_daily' exists already, with 5 runs since" in warning
    with dags.sessions() as session:
        runs = session.scalars(select(DagRun)).all()
    assert {run.triggering_user_name for run in runs} == {getpass.getuser()}
    assert {run.state for run in runs} == {"queued"}


def test_airflow_groups_create(dags, tmp_path):
    with service(tmp_path / "service.log") as server:
        options = january("p", "05")
        url = {"AIRFLOW_GROUPS_URL": server.url, "NO_PROXY": "*"}
        created = start(
            AIRFLOWS, "create", *options, "--dag-run-conf", '{"a": "-b"}', "--step", "2", "-o", "json", **url
        )
        known = {
            "AIRFLOW__API__BASE_URL": server.url,
            "NO_PROXY": "*",
        }  # where the plugin serves, unless a URL is given
        refused = start(AIRFLOWS, "create", "--dag-id", "nowhere", **known)
        stdout, _ = ended(created)
        _, stderr = ended(refused, 3)
    assert len(json.loads(stdout)["dag_run_ids"]) == 5
    assert "refused: Dag id 'nowhere' not found" in stderr
    with dags.sessions() as session:
        assert [run.conf for run in session.scalars(select(DagRun))] == [{"a": "-b"}] * 5


def test_airflow_groups_help():
    texts = [" ".join(ended(start(AIRFLOWS, *words, "--help"))[0].split()) for words in ((), ("create",))]
    assert "watch, cancel and retry them" in texts[0]
    for command in ("create", "plan", "status", "wait", "cancel", "retry", "note", "coverage", "list", "dags"):
        assert f" {command} " in texts[0]
    assert "--run-backwards" in texts[1]
    assert "--output {table,json,yaml,plain}" in texts[1]
    for default in ("manual_", "500", "60.0", "table"):
        assert f"default: {default}" in texts[1]
    assert "airflow groups create --dag-id" in texts[1]


def test_airflow_groups_takes_listed_dates_and_refuses_a_wrong_command_line(dags):
    words = ("create", "--dag-id", "example_daily", "--date", "2020-02-01", "--date", "2020-02-03", "--local")
    several = start(AIRFLOWS, *words, "-o", "plain")
    wrong = start(AIRFLOWS, "create", "--dag-id", "example_daily", "--dag-run-conf", "{")
    stdout, _ = ended(several)
    assert stdout.splitlines() == ["manual_0000001_2020-02-01T00:00:00", "manual_0000002_2020-02-03T00:00:00"]
    ended(wrong, 2)
