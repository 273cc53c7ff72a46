"""Mixed load on two workers while everything fails that can fail, and an audit of database and processes at the end.

TORTURE_SECONDS is how long, TORTURE_SEED which faults in which order; the seed is printed.
"""

import json
import os
import random
import re
import time
from collections import Counter, defaultdict
from contextlib import suppress
from functools import partial

import psutil
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from sqlalchemy import select, text

from airflow_run_groups.adapters.airflow.database.engine import APPLICATION
from airflow_run_groups.adapters.airflow.queries.groups.membership import KEY
from tests.integration.airflow.processes import wait_until
from tests.integration.faults.audit import audit
from tests.integration.faults.client import LIMITS, Client
from tests.integration.faults.torture.faults import Faults
from tests.integration.faults.torture.load import DAG_IDS, PREFIXES, Load

MIB = 1024 * 1024
tell = partial(print, flush=True)


def test_nothing_is_lost_or_doubled_and_nothing_hangs(server, proxy, postgres, dags):
    seconds = float(os.environ.get("TORTURE_SECONDS", "30"))
    seed = os.environ.get("TORTURE_SEED") or str(random.randrange(10**6))
    tell(f"\ntorture for {seconds:.0f} seconds, TORTURE_SEED={seed}")
    for dag_id in DAG_IDS:
        dags.dag(dag_id, schedule="*/5 * * * *", tasks=3)
    chance = random.Random(seed)
    load = Load(server, seed)
    with load.going_on():
        time.sleep(5)
        memory = resident(server)
        peak = 0
        end = time.monotonic() + seconds - 5
        for fault in Faults(server, proxy, postgres).inject(seed):
            mended = time.monotonic()
            wait_until(lambda: server.answers("/health/ready"), seconds=20, what=f"recovery after {fault}")
            recovery = time.monotonic() - mended
            tell(f"{end - mended:5.0f} s left, {load.statuses.total():7} answers: {fault}; {recovery:.1f} s to recover")
            time.sleep(chance.uniform(0.2, 2))
            peak = max(peak, resident(server))
            if time.monotonic() > end:
                break
    tell(f"answers: {dict(load.statuses)}; batches: {len(load.created)}, {len(load.unknown)} of unknown fate")
    tell(f"memory of the largest process: {memory / MIB:.0f} MiB at the beginning, {peak / MIB:.0f} at most")
    for own in load.own:
        own.look()
    for request_id in re.findall("request id ([0-9a-f]+)", str(load.wrong)):
        tell("\n".join(line for line in server.output.splitlines() if request_id in line))
    tell(*load.wrong, sep="\n")
    assert load.wrong == []
    assert load.statuses[200] > load.statuses.total() / 4, "most of the time there is no fault"
    assert audit(dags) == []
    assert audit_batches(dags, load) == []
    assert audit_own_groups(dags, load) == []
    assert audit_processes(server, dags) == []
    assert peak < 1.2 * memory + 50 * MIB


def audit_batches(dags, load) -> list[str]:
    """Return where the database and the answers disagree: each batch is there as a whole, or not at all."""
    with dags.sessions() as session:
        written = defaultdict(set)
        batches = select(DagRun.dag_id, DagRun.run_id, DagRun.conf).where(DagRun.run_id.not_like("own%"))
        for dag_id, run_id, conf in session.execute(batches):
            written[conf["batch"]].add((dag_id, run_id))
        logged = [entry["dag_runs"] for entry in creations(session) if entry["prefix"] in PREFIXES]
    wrong = [
        f"batch {number} has {sorted(written[number])}, its answer said {sorted(runs)}"
        for number, runs in load.created.items()
        if written[number] != runs
    ]
    wrong += [
        f"batch {number} was answered 503 and has {sorted(runs)}"
        for number, runs in written.items()
        if runs and number not in load.created and number not in load.unknown
    ]
    if sorted(logged) != sorted(len(runs) for runs in written.values() if runs):
        wrong.append("batches are not as large as their entries in the audit log say")
    return wrong


def audit_own_groups(dags, load) -> list[str]:
    """Return where the rows of groups that one client has for itself differ from what its responses said."""
    wrong = []
    with dags.sessions() as session:
        logged = creations(session)
        for own in load.own:
            in_group = (DagRun.dag_id == own.dag_id) & DagRun.run_id.startswith(f"{own.prefix}_", autoescape=True)
            runs = session.execute(select(DagRun.id, DagRun.state, DagRun.backfill_id).where(in_group)).all()
            if Counter(run.state for run in runs) != +Counter(
                queued=own.expected.queued, failed=own.expected.cancelled
            ):
                wrong.append(f"{own.prefix} has {runs}, not {own.expected}")
            if sum(entry["dag_runs"] for entry in logged if entry["prefix"] == own.prefix) != len(runs):
                wrong.append(f"the audit log has not as many runs of {own.prefix} as there are")
            links = session.execute(
                select(BackfillDagRun.backfill_id, BackfillDagRun.dag_run_id).where(
                    BackfillDagRun.dag_run_id.in_([run.id for run in runs])
                )
            ).all()
            linked = {(run.backfill_id, run.id) for run in runs if run.backfill_id is not None}
            if len({*links}) < len(links) or not linked <= {tuple(link) for link in links}:
                wrong.append(f"the runs of {own.prefix} are {runs}, and their links {links}")
        records = session.execute(select(Backfill.dag_id, Backfill.dag_run_conf)).all()
    names = Counter((dag_id, facts[KEY]["prefix"]) for dag_id, facts in records)
    return wrong + [f"{name} has {number} records" for name, number in names.items() if number > 1]


def creations(session):
    """Return what Airflow's audit log says of creations."""
    entries = select(Log.extra).where(Log.dag_id.in_(DAG_IDS), Log.event == "trigger_dag_run")
    return [json.loads(extra) for extra in session.scalars(entries)]


def audit_processes(server, dags) -> list[str]:
    """Return what is wrong with the workers, their threads and their connections to the database."""
    answers = Client(server).burst(Client(server).get, 64)
    wrong = [f"an answer took {seconds:.1f} s and was a {status}" for status, seconds, _ in answers if status != 200]
    master = psutil.Process(server.popen.pid)
    wait_until(
        lambda: len(master.children()) == 2, seconds=40, what="two workers, and the end of those that were replaced"
    )
    workers = master.children()
    wait_until(
        lambda: all(one.num_threads() <= 40 and one.num_fds() <= 60 for one in workers),
        seconds=20,
        what="the end of the threads and of the idle connections of a crowd",
    )
    with dags.sessions() as session:
        states = session.scalars(
            text(f"SELECT state FROM pg_stat_activity WHERE application_name = '{APPLICATION}'")
        ).all()
    if len(states) > 2 * LIMITS["pool_size"] or {*states} - {"idle"}:
        wrong.append(f"connections to the database are {states}")
    wrong += [line for line in server.output.splitlines() if "WORKER TIMEOUT" in line or "Exception in worker" in line]
    return wrong


def resident(server) -> int:
    """Return the memory that the largest of the server's processes has."""
    master = psutil.Process(server.popen.pid)
    sizes = []
    for process in (master, *master.children()):
        with suppress(psutil.NoSuchProcess):  # a worker that has just been killed
            sizes.append(process.memory_info().rss)
    return max(sizes)
