"""Groups asked for by many clients at once, under Airflow's own engines scaled out; then with one of each kind killed."""

import os
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from statistics import median

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import func, select, text

from tests.integration.airflow.conftest import HOME
from tests.integration.airflow.processes import wait_until
from tests.integration.faults.audit import audit
from tests.integration.proofs.scale.clients import Clients, Group
from tests.integration.proofs.scale.deployment import deployed

GROUPS = int(os.environ.get("SCALE_GROUPS") or 20)
DAGS = int(os.environ.get("SCALE_DAGS") or 5)
CLIENTS = int(os.environ.get("SCALE_CLIENTS") or 5)
RUNS = int(os.environ.get("SCALE_RUNS") or 2)
"""Of a group."""
DAG_IDS = [f"scaled_{number}" for number in range(DAGS)]
EXECUTED = HOME / "executed"
PATIENCE = 1800
"""Seconds until all runs have to have ended."""
FILE = """
import os

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, get_current_context, task

START = pendulum.datetime(2019, 1, 1, tz="UTC")


@task
def work():
    context = get_current_context()
    line = f"{{context['dag'].dag_id}}/{{context['run_id']}}\\n"
    file = os.open({executed!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)


for dag_id in {dag_ids!r}:
    with DAG(dag_id, schedule="@daily", start_date=START, catchup=False, max_active_runs=4, is_paused_upon_creation=False):
        EmptyOperator(task_id="begin") >> work() >> EmptyOperator(task_id="end")

with DAG("minutely", schedule="* * * * *", start_date=START, catchup=False, is_paused_upon_creation=False):
    EmptyOperator(task_id="a")
"""


def test_every_run_of_every_group_is_executed_once_and_after_a_death_of_each_kind_none_is_lost(world, tmp_path, capsys):
    file = HOME / "dags" / "scale.py"
    file.write_text(FILE.format(executed=str(EXECUTED), dag_ids=DAG_IDS))
    with deployed(tmp_path, os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]) as deployment:
        wait_until(lambda: known(world) == DAGS + 1, seconds=240, what="the DAGs in Airflow's database")

        alive = Phase(world, deployment, "alive", first=0)
        alive.create()
        alive.wait()
        wrong = [*alive.audit(), *(f"{run} was executed {n} times" for run, n in alive.executions() if n != 1)]
        alive.say(capsys, "all alive")

        killed = Phase(world, deployment, "killed", first=GROUPS)
        deaths = threading.Thread(target=kill_one_of_each, args=[deployment, killed.clients])
        deaths.start()
        killed.create()
        deaths.join()
        killed.wait()
        wrong += [*killed.audit(), *(f"{run} was never executed" for run, n in killed.executions() if n == 0)]
        killed.say(capsys, "a replica, a scheduler and the Redis killed")

        late, left_out = delay_of_the_schedule(world)
        wrong += ["the DAG of every minute was left waiting for a minute or longer"] if left_out else []
        with capsys.disabled():
            sys.stdout.write(f"a DAG of every minute beside them: {late}, {left_out} left out\n")
        deployment.check()
    file.unlink()
    assert wrong == []


def known(world):
    with world.sessions() as session:
        return session.scalar(select(func.count()).select_from(DagModel))


def kill_one_of_each(deployment, clients):
    """Kill a replica when a quarter of the groups are there, a scheduler and the Redis when half of them are."""
    for _ in range(GROUPS // 4):
        clients.created.acquire()
    deployment.kill(deployment.replicas[0])
    for _ in range(GROUPS // 4):
        clients.created.acquire()
    deployment.kill(deployment.schedulers[0])
    deployment.kill_redis()


def delay_of_the_schedule(world):
    """Return by how much the scheduled runs began late, as text, and how many of them the schedule has left out.

    It leaves out a run that could not be made before the next was due, a minute later.
    """
    query = select(DagRun.run_after, DagRun.start_date).order_by(DagRun.run_after)
    query = query.where(DagRun.dag_id == "minutely", DagRun.start_date.is_not(None))

    def begun():
        with world.sessions() as session:
            return session.execute(query).all()[1:]  # the first was due before the DAG was known

    wait_until(begun, seconds=180, what="a scheduled run")
    runs = begun()
    late = sorted(began - due for due, began in runs)
    shown = [f"{delay / timedelta(seconds=1):.1f} s" for delay in (late[len(late) // 2], late[-1])]
    left_out = (runs[-1].run_after - runs[0].run_after) // timedelta(minutes=1) + 1 - len(runs)
    return f"{len(runs)} runs, {shown[0]} late in the median, {shown[1]} at most", left_out


class Phase:
    """Groups with one prefix, that are created, waited for and looked through."""

    def __init__(self, world, deployment, name, *, first):
        """Let their dates begin with number ``first``; of each DAG, every second group is under control."""
        self.world = world
        self.deployment = deployment
        self.name = name
        self.clients = Clients(deployment.proxy.url, CLIENTS)
        self.groups = [
            Group(
                dag_id=DAG_IDS[number % DAGS],
                prefix=f"{name}_{number}",
                runs=RUNS,
                number=first + number,
                controlled=number // DAGS % 2 == 1,
            )
            for number in range(GROUPS)
        ]
        self.begin = time.monotonic()
        self.made = []
        self.created_after = self.ended_after = 0.0
        self.connections = 0

    def create(self):
        self.made = self.clients.create(self.groups)
        self.created_after = time.monotonic() - self.begin

    def wait(self):
        wait_until(self._has_ended, seconds=PATIENCE, what="the end of all runs")
        self.ended_after = time.monotonic() - self.begin

    def _has_ended(self):
        time.sleep(1)
        with self.world.sessions() as session:
            self.connections = max(self.connections, session.scalar(text("SELECT count(*) FROM pg_stat_activity")))
        return not any(state in {"queued", "running"} for _, state in self._runs())

    def _runs(self):
        query = select(DagRun.dag_id + "/" + DagRun.run_id, DagRun.state).where(DagRun.run_id.like(f"{self.name}%"))
        with self.world.sessions() as session:
            return [tuple(row) for row in session.execute(query).all()]

    def audit(self):
        """Return what is wrong: counts that are not those that were asked for, runs that have not succeeded."""
        wrong = [f"a request found or made {number} runs, not {RUNS}" for number in self.made if number != RUNS]
        for group in self.groups:
            path = f"/api/v1/groups/{group.dag_id}/{group.prefix}"
            response = self.deployment.proxy.client.get(path)
            assert response.status_code == 200, response.text
            found = response.json()["response"]["group"]
            if (found["runs"], found["states"]["success"]) != (RUNS, RUNS):
                wrong.append(f"{path} has {found['runs']} runs, {found['states']}")
        number = len(self._runs())
        return [*wrong, *([] if number == GROUPS * RUNS else [f"there are {number} runs"]), *audit(self.world)]

    def executions(self):
        """Return how many times the task of each run was executed."""
        counted = Counter(EXECUTED.read_text().splitlines())
        return [(run, counted[run]) for run, _ in self._runs()]

    def say(self, capsys, what):
        seconds = sorted(self.clients.seconds)
        repeated = sum(number - 1 for _, number in self.executions() if number > 1)
        lines = (
            f"{what}: {GROUPS} groups of {RUNS} runs of {DAGS} DAGs, {CLIENTS} clients at once",
            f"  all created and resumed after {self.created_after:.1f} s, all ended after {self.ended_after:.1f} s",
            f"  a creation took {median(seconds):.2f} s in the median, {seconds[-1]:.2f} s at most",
            f"  sent again: {dict(Counter(self.clients.again))}; tasks executed once more: {repeated}",
            f"  requests of each replica: {self.deployment.requests()}; connections of the database: {self.connections}",
            f"  load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs",
        )
        with capsys.disabled():
            sys.stdout.write("\n" + "\n".join(lines) + "\n")
