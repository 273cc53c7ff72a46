"""A real Airflow database, as the tests furnish it."""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import pendulum
from airflow import settings
from airflow.jobs.job import Job
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import delete, event, func, insert, select, update
from sqlalchemy.orm import sessionmaker

from airflow_run_groups.adapters.airflow import connect
from airflow_run_groups.adapters.airflow.backend import AirflowBackend
from airflow_run_groups.adapters.airflow.compat import SESSION_OPTIONS, SerializedDAG
from airflow_run_groups.domain import DagRunRepository, Denial
from airflow_run_groups.entrypoints.settings import Settings
from tests.contracts.max_limit import MAX_LIMIT, MAX_TASK_INSTANCES
from tests.contracts.world import Stored
from tests.integration.airflow import versions

UTC = dt.timezone.utc
START = dt.datetime(2020, 1, 1, tzinfo=UTC)
BUNDLE = "dags-folder"


def as_param(schema: object) -> object:
    """Read a param given as a JSON schema with a default; anything else is a param, or its value, itself."""
    if not isinstance(schema, Mapping):
        return schema
    default = {"default": schema["default"]} if "default" in schema else {}
    return Param(**default, **{key: value for key, value in schema.items() if key != "default"})


class AirflowWorld:
    """Puts DAGs and runs where Airflow's DAG processor and scheduler would put them, and looks at the outcome."""

    knows_makers = versions.USER_OF_THE_TRIGGER
    knows_versions = versions.BUNDLE_VERSION_OF_THE_TRIGGER

    def __init__(self) -> None:
        # a busy machine is not what the tests are about, and no scheduler waits meanwhile: no step ends early by itself
        limits = replace(
            Settings(read_timeout=60, write_timeout=300).database,
            lock_timeout=120,
            sqlite_write_timeout=120,
            brief_write_timeout=60,
        )
        self._limits = limits
        self.backend = connect(limits, allow_unknown_schema=False)
        self.dags = self.backend.dags
        self.runs = self.backend.runs
        self.groups = self.backend.groups
        self._hurried = connect(replace(limits, lock_timeout=1e-6), allow_unknown_schema=False)
        self.hurried_groups = self._hurried.groups
        self.hurried_runs = self._hurried.runs
        self.audit = self.backend.audit
        self.sessions = sessionmaker(settings.engine, autoflush=False, expire_on_commit=False, **SESSION_OPTIONS)

    def close(self) -> None:
        for backend in (self.backend, self._hurried, self.large):
            backend.database.engine.dispose()

    @cached_property
    def large(self) -> AirflowBackend:
        """A backend that takes large requests, where its database does."""
        limits = replace(self._limits, max_task_instances=MAX_TASK_INSTANCES)
        return connect(limits, allow_unknown_schema=False, max_limit=MAX_LIMIT)

    @property
    def large_runs(self) -> DagRunRepository:
        return self.large.runs

    def clear(self) -> None:
        self.clear_runs()
        with self.sessions.begin() as session:
            for model in (SerializedDagModel, DagVersion, DagModel):
                session.execute(delete(model))
            session.execute(delete(Log))
            if session.get(DagBundleModel, BUNDLE) is None:
                session.add(DagBundleModel(name=BUNDLE))

    @contextmanager
    def scheduler(
        self, dag_id: str | None = None, *, state: str = "running", heartbeat_seconds_ago: float = 0
    ) -> Iterator[None]:
        """Have a scheduler's row in ``job``, with this ``dag_id``."""
        now = dt.datetime.now(UTC)
        heartbeat = now - dt.timedelta(seconds=heartbeat_seconds_ago)
        values = {"job_type": "SchedulerJob", "state": state, "dag_id": dag_id, "start_date": now}
        with self.sessions.begin() as session:
            row = session.execute(insert(Job.__table__).values(**values, latest_heartbeat=heartbeat))
            number = row.inserted_primary_key[0]
        yield
        with self.sessions.begin() as session:
            session.execute(delete(Job.__table__).where(Job.__table__.c.id == number))

    def clear_runs(self) -> None:
        with self.sessions.begin() as session:
            for model in (TaskInstance, BackfillDagRun, DagRun, Backfill):
                session.execute(delete(model.__table__))  # former tries too, which Airflow hides from its models

    def register(self, dag: DAG, bundle_version: str | None = None) -> SerializedDAG:
        """Store a DAG as the DAG processor does, and return it as Airflow reads it back."""
        lazy = versions.as_stored(dag)
        with self.sessions.begin() as session:
            SerializedDAG.bulk_write_to_db(BUNDLE, bundle_version, [lazy], session=session)
            session.flush()
            SerializedDagModel.write_dag(lazy, bundle_name=BUNDLE, bundle_version=bundle_version, session=session)
            session.execute(update(DagModel).where(DagModel.dag_id == dag.dag_id).values(is_paused=False))
        with self.sessions() as session:
            return SerializedDagModel.get(dag.dag_id, session=session).dag

    def dag(  # noqa: PLR0913 - each argument is one fact that a test may be about
        self,
        dag_id: str = "a_dag",
        *,
        schedule: object = "0 0 * * *",
        start_date: dt.datetime | None = None,
        end_date: dt.datetime | None = None,
        is_paused: bool = False,
        is_stale: bool = False,
        has_import_errors: bool = False,
        allowed_run_types: list[str] | None = None,
        max_active_runs: int = 16,
        params: dict | None = None,
        tasks: int = 1,
        windows: Sequence[tuple[dt.datetime | None, dt.datetime | None]] = (),
        catchup: bool = False,
        depends_on_past: bool = False,
        tags: Sequence[str] = (),
    ) -> SerializedDAG:
        with DAG(
            dag_id,
            schedule=schedule,
            start_date=start_date and pendulum.instance(start_date),
            end_date=end_date and pendulum.instance(end_date),
            catchup=catchup,
            max_active_runs=max_active_runs,
            tags=list(tags),
            params={name: as_param(schema) for name, schema in (params or {}).items()},
            default_args={"depends_on_past": depends_on_past},
            **({"allowed_run_types": allowed_run_types} if versions.ALLOWED_RUN_TYPES else {}),
        ) as dag:
            for number, (start, end) in enumerate(windows or [(None, None)] * tasks):
                EmptyOperator(
                    task_id=f"task_{number}",
                    start_date=start and pendulum.instance(start),
                    end_date=end and pendulum.instance(end),
                )
        registered = self.register(dag)
        with self.sessions.begin() as session:
            session.execute(
                update(DagModel)
                .where(DagModel.dag_id == dag_id)
                .values(
                    is_paused=is_paused,
                    is_stale=is_stale,
                    has_import_errors=has_import_errors,
                )
            )
        return registered

    def run(  # noqa: PLR0913 - as above
        self,
        dag_id: str,
        run_id: str,
        *,
        logical_date: dt.datetime | None = None,
        run_type: str = "manual",
        state: str = "success",
        start_date: dt.datetime | None = None,
        end_date: dt.datetime | None = None,
        created_by: str | None = None,
    ) -> int:
        """Place a run that exists already, and return its id."""
        with self.sessions.begin() as session:
            run = DagRun(
                dag_id=dag_id,
                run_id="placed",
                logical_date=logical_date,
                run_after=logical_date or START,
                run_type=run_type,  # as text: an older Airflow knows fewer of them
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState(state),
                **({"triggering_user_name": created_by} if versions.USER_OF_THE_TRIGGER else {}),
            )
            run.start_date, run.end_date = start_date, end_date
            session.add(run)
            session.flush()
            table = (
                DagRun.__table__
            )  # past the model, which checks ids that another Airflow, or another tool, has let in
            session.execute(update(table).where(table.c.id == run.id).values(run_id=run_id))
            return run.id

    def clock(self) -> dt.datetime:
        return dt.datetime.now(UTC)

    def end(self, dag_id: str, run_id: str, state: str) -> None:
        now = self.clock()
        end_date = None if state == "running" else now
        with self.sessions.begin() as session:
            for table in (DagRun.__table__, TaskInstance.__table__):
                session.execute(
                    update(table)
                    .where(table.c.dag_id == dag_id, table.c.run_id == run_id)
                    .values(state=state, start_date=now, end_date=end_date)
                )

    def stored(self, dag_id: str, run_id: str) -> Stored:
        with self.sessions() as session:
            run = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).one()
            return Stored(run_after=run.run_after, conf=run.conf, note=run.note)

    def count_statements(self, work: Callable[[], object]) -> int:
        """Return how many SQL statements our own connections sent during the work."""
        seen = []

        def see(*arguments: object) -> None:
            seen.append(arguments[2])

        event.listen(self.backend.database.engine, "before_cursor_execute", see)
        try:
            work()
        finally:
            event.remove(self.backend.database.engine, "before_cursor_execute", see)
        return len(seen)

    def denials(self) -> list[Denial]:
        with self.sessions() as session:
            entries = session.scalars(select(Log).where(Log.event == "forbidden").order_by(Log.id)).all()
        return [
            Denial(caller=entry.owner_display_name, dag_id=entry.dag_id, **json.loads(entry.extra)) for entry in entries
        ]

    def count_runs(self) -> int:
        with self.sessions() as session:
            return session.scalar(select(func.count()).select_from(DagRun))

    def count_tries(self) -> int:
        """Count the rows of task instances, former tries included where they stand in the same table."""
        with self.sessions() as session:
            return session.scalar(select(func.count()).select_from(TaskInstance.__table__))

    def count_tasks(self) -> int:
        with self.sessions() as session:
            return session.scalar(select(func.count()).select_from(TaskInstance))
