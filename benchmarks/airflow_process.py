"""Work inside a process with Airflow: preparing its database, and what is measured without HTTP."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from benchmarks.in_process import bodies

T = TypeVar("T")


class AirflowProcess:
    """A process of its own for one database: Airflow reads its environment when it is imported, and never again."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        """Start it when it is first needed; what Airflow prints goes into this file."""
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, context, _set_up, (dict(environment), log))

    def prepare(self, template: str) -> None:
        """Migrate the database, store the DAGs, and one successful run of the busy one under this run id."""
        self._pool.submit(_prepare, template).result()

    def create_in_a_loop(self, dag_id: str, first: dt.datetime, runs: int) -> float:
        """Return the seconds for creating daily runs with Airflow's ``create_dagrun``, in one transaction."""
        return self._pool.submit(_create_in_a_loop, dag_id, first, runs).result()

    def list_runs(self, limit: int, repeats: int) -> tuple[list[float], list[float]]:
        """Return the seconds for one page of runs by our WSGI application, and by the driver alone, in turn."""
        return self._pool.submit(_list_runs, limit, repeats).result()

    def call(self, work: Callable[..., T], *arguments: object) -> T:
        """Do work of another module there, and return its result."""
        return self._pool.submit(work, *arguments).result()

    def versions(self) -> dict[str, str]:
        """Return the versions of what both are made of."""
        return self._pool.submit(_versions).result()

    def stop(self) -> None:
        self._pool.shutdown()


def _set_up(environment: dict[str, str], log: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())


# All that follows runs in that process, where Airflow finds its environment.


def _prepare(template: str) -> None:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    initdb()
    with create_session() as session:
        bundles = DagBundlesManager()  # type: ignore[no-untyped-call]
        bundles.sync_bundles_to_db(session=session)
        session.commit()
        for bundle in bundles.get_all_dag_bundles():
            bundle.initialize()
            bag = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
            sync_bag_to_db(bag, bundle.name, bundle_version=None, session=session)
    date = dt.datetime.fromisoformat(template.removeprefix("scheduled__"))
    with create_session() as session:
        stored = SerializedDagModel.get("busy", session=session)
        assert stored is not None
        run = stored.dag.create_dagrun(
            run_id=template,
            logical_date=date,
            data_interval=(date, date),
            run_after=date,
            run_type=DagRunType.SCHEDULED,
            triggered_by=DagRunTriggeredByType.TIMETABLE,
            state=DagRunState.SUCCESS,
            session=session,
        )
        for task_instance in run.get_task_instances(session=session):
            task_instance.state = TaskInstanceState.SUCCESS
            task_instance.start_date, task_instance.end_date = date, date + dt.timedelta(seconds=3)


def _create_in_a_loop(dag_id: str, first: dt.datetime, runs: int) -> float:
    from airflow import settings
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy.orm import Session

    with Session(settings.engine, autoflush=False, expire_on_commit=False) as session:
        stored = SerializedDagModel.get(dag_id, session=session)
        assert stored is not None
        dag = stored.dag
        begin = time.perf_counter()
        for number in range(runs):
            date = first + dt.timedelta(days=number)
            dag.create_dagrun(
                run_id=f"loop_{number:07}",
                logical_date=date,
                data_interval=(date, date),
                run_after=date,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.REST_API,
                state=DagRunState.QUEUED,
                session=session,
            )
        session.commit()
        return time.perf_counter() - begin


def _list_runs(limit: int, repeats: int) -> tuple[list[float], list[float]]:
    import orjson
    import psycopg2  # type: ignore[import-untyped]
    from sqlalchemy import make_url

    send = bodies()
    names = ("id", "dag_id", "run_id", "state", "run_type", "execution_date", "start_date", "end_date")
    columns = ", ".join(names).replace("execution_date", "logical_date")
    url = make_url(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]).set(drivername="postgresql")
    connection = psycopg2.connect(url.render_as_string(hide_password=False))
    connection.autocommit = True
    statement = f"SELECT {columns} FROM dag_run WHERE id > %s ORDER BY id LIMIT %s"

    def floor() -> bytes:
        with connection.cursor() as cursor:
            cursor.execute(statement, (0, limit + 1))
            rows = [dict(zip(names, row, strict=False)) for row in cursor.fetchall()[:limit]]
        return orjson.dumps({"response": {"dag_runs": rows}})

    def response() -> bytes:
        return send("GET", "/api/v1/dag_runs", f"limit={limit}", b"")

    found = orjson.loads(response())["response"]
    assert len(found.get("dag_runs", [])) == limit, found
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for work, seconds in zip((response, floor), times, strict=True):
            begin = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begin)
    connection.close()
    return times


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = {"Airflow": "apache-airflow-core", "SQLAlchemy": "sqlalchemy", "psycopg2": "psycopg2-binary"}
    names |= {"gunicorn": "gunicorn", "Falcon": "falcon", "marshmallow": "marshmallow"}
    return {shown: version(name) for shown, name in names.items()}
