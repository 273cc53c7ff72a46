"""One DAG with its runs, read in one session, and runs added to it in a transaction."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from typing import Any

from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import func, null, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow import compat, configuration
from airflow_run_groups.adapters.airflow.compat import SerializedDAG
from airflow_run_groups.adapters.airflow.dag_errors import reading_dag
from airflow_run_groups.adapters.airflow.patterns import PatternTooSlow, check_patterns
from airflow_run_groups.adapters.airflow.queries.columns import DATE
from airflow_run_groups.adapters.airflow.queries.dag_runs import RECENT, UNFINISHED
from airflow_run_groups.adapters.airflow.queries.existing_runs import existing_run, existing_runs
from airflow_run_groups.adapters.airflow.queries.groups.controls import Record, record_of
from airflow_run_groups.adapters.airflow.queries.groups.progress import COUNTED_STATE, creators
from airflow_run_groups.adapters.airflow.queries.prefixes import begins, bounds_of_numbered, is_ranged, values_of
from airflow_run_groups.adapters.airflow.queries.schedulers import require_listener
from airflow_run_groups.adapters.airflow.repositories.sizes import Sizes
from airflow_run_groups.adapters.airflow.repositories.unfinished import count_unfinished
from airflow_run_groups.adapters.airflow.timetables import AirflowTimetable, plain, timetable_of
from airflow_run_groups.adapters.airflow.writing.actions.rerun import run_again
from airflow_run_groups.adapters.airflow.writing.control.governor import adopt, describe, join
from airflow_run_groups.adapters.airflow.writing.runs import write_runs
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.domain.errors import DagNotFound, InvalidConf, words_of
from airflow_run_groups.domain.model import Conf, Dag, DagRunType, TaskWindow
from airflow_run_groups.domain.planning.facts import ExistingGroup, PlanningFacts
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.planning.runs import CreatedRuns, ExistingRun
from airflow_run_groups.domain.run_id import GroupRunId, group_prefix
from airflow_run_groups.domain.unfinished import UnfinishedRunLimits, UnfinishedRuns

_RUN = DagRun.__table__
_PAGE = 2000
"""Existing dates that one query reads."""
_DATES_PER_QUERY = 500
"""Dates that one query names."""
_LATEST_ONLY = "LatestOnlyOperator"


class AirflowDag:
    """The DAG of a row, and its runs; where runs are added, the session's transaction has locked the row."""

    def __init__(  # noqa: PLR0913 - a row, its session, and what bounds the work
        self,
        row: DagModel,
        session: Session,
        check_time: Callable[[], None],
        *,
        sizes: Sizes,
        release: Callable[[], None] = lambda: None,
        seconds_for_a_step: Callable[[], float] | None = None,
    ) -> None:
        """Call ``check_time`` between steps of custom code, and ``release`` where no connection is needed for a while.

        :param seconds_for_a_step: tells how long a step may take that keeps others waiting; None where nothing is written.
        """
        self._row = row
        self._session = session
        self._check_time = check_time
        self._sizes = sizes
        self._release = release
        self._seconds_for_a_step = seconds_for_a_step
        self._of_version: dict[Any, SerializedDAG] = {}

    def facts(self, request: GroupRequest, now: dt.datetime) -> PlanningFacts:
        since, dates = request.start_date or now, request.dates
        for key, wish in (("stop_after", request.stop_after), ("notify", request.notify)):
            if wish is not None:
                require_listener(key, self._session.connection(), now=utc_now())
        prefix = group_prefix(request.prefix)
        numbers = self._numbers(prefix)
        record = record_of(self._row.dag_id, prefix, self._session.connection())
        serialized = self._serialized(request.bundle_version)
        dag, timetable = self._schedule(serialized)
        facts = PlanningFacts(
            dag=dag,
            timetable=timetable,
            existing_dates=self._dates_since(since) if dates is None else sorted(self.existing_runs(dates)),
            last_number=max(numbers.values(), default=0),
            group=None if request.new_group is False else self._group(prefix, numbers.keys(), record),
            control=None if record is None else record.control,
            unfinished_runs=self._unfinished_runs(dag.max_active_runs),
            run_id_pattern=configuration.run_id_pattern(),
            runs_per_loop=configuration.runs_per_loop(),
            interval_timetable=None
            if request.interval is None
            else timetable_of(request.interval, timezone=serialized.timezone, check_time=self._check_time),
            check_confs=partial(self._check_confs, serialized),
            existing_runs=self._existing_runs(request, since, record) if request.looks_at_runs else None,
            dag_version=self._identity(request.bundle_version),
            bounds=self._sizes.bounds_of(request, serialized, self._session),
        )
        self._release()
        return facts

    def schedule(self) -> tuple[Dag, AirflowTimetable]:
        schedule = self._schedule(self._latest)
        self._release()
        return schedule

    def existing_runs(self, dates: Collection[dt.datetime]) -> Mapping[dt.datetime, ExistingRun]:
        wanted = set(dates)
        return {
            date: ExistingRun(logical_date=date, run_id=run_id, state=state, run_type=run_type, created_by=created_by)
            for date, run_id, state, run_type, created_by in self._rows_at(wanted)
            if date in wanted
        }

    def _rows_at(self, dates: Collection[dt.datetime]) -> Iterator[Any]:
        """Yield the rows at these dates, and perhaps some between them: to name the dates takes longer than to read as many."""
        if not dates:
            return
        creator = _RUN.c.triggering_user_name if "triggering_user_name" in _RUN.c else null()
        logical_date = type_coerce(_RUN.c.logical_date, DATE)
        query = select(logical_date, _RUN.c.run_id, COUNTED_STATE, _RUN.c.run_type, creator).where(
            _RUN.c.dag_id == self._row.dag_id
        )
        most = 2 * len(dates)
        between = query.where(_RUN.c.logical_date >= min(dates), _RUN.c.logical_date <= max(dates))
        rows = self._session.execute(between.order_by(_RUN.c.logical_date).limit(most + 1)).all()
        if len(rows) <= most:
            yield from rows
            return
        left = iter(dates)
        while page := list(islice(left, _DATES_PER_QUERY)):
            yield from self._session.execute(query.where(_RUN.c.logical_date.in_(page)))

    def recent_durations(self, count: int) -> Sequence[dt.timedelta]:
        rows = self._session.execute(RECENT, {"dag_id": self._row.dag_id, "rows": count})
        return [end - start for start, end in rows]

    def unfinished(self, limits: UnfinishedRunLimits, caller: str | None) -> UnfinishedRuns:
        return count_unfinished(
            limits, self._row.dag_id, caller, self._session, lock=self._seconds_for_a_step is not None
        )

    def add(self, created: CreatedRuns) -> CreatedRuns:
        if created.reruns:
            seconds = 0.0 if self._seconds_for_a_step is None else self._seconds_for_a_step()
            created = run_again(created, self._session, seconds=seconds)
            adopt(created, self._session)
        if created.runs:
            version = self._version(created.bundle_version)
            write_runs(created, self._serialized(created.bundle_version), version, self._session)
        if created.runs or created.reruns:
            join(created.dag_id, created.prefix, created.control, self._session)
            describe(created, self._session)
        return created

    def _serialized(self, bundle_version: str | None) -> SerializedDAG:
        """Return the DAG as it is in a version of its bundle, None for the latest one.

        :raises DagUnreadable: when Airflow cannot read it.
        """
        version = self._version(bundle_version)
        if version is None:
            return self._latest
        if version.id not in self._of_version:
            self._of_version[version.id] = self._read(version.serialized_dag)
        return self._of_version[version.id]

    def _version(self, bundle_version: str | None) -> DagVersion | None:
        return None if bundle_version is None else compat.dag_version(self._latest, bundle_version, self._session)

    def _schedule(self, serialized: SerializedDAG) -> tuple[Dag, AirflowTimetable]:
        timetable = AirflowTimetable.of_dag(self._row.dag_id, serialized.timetable, self._check_time)
        return self._dag(serialized, timetable), timetable

    @cached_property
    def _latest(self) -> SerializedDAG:
        """The latest version.

        :raises DagNotFound: when the DAG was never serialized.
        :raises DagUnreadable: when Airflow cannot read it.
        """
        stored = self._stored
        self._release()
        return self._read(stored)

    @cached_property
    def _stored(self) -> SerializedDagModel:
        stored = SerializedDagModel.get(self._row.dag_id, session=self._session)
        if stored is None:
            raise DagNotFound(self._row.dag_id)
        return stored

    def _read(self, stored: SerializedDagModel) -> SerializedDAG:
        with reading_dag(self._row.dag_id):
            return stored.dag

    def _dag(self, serialized: SerializedDAG, timetable: AirflowTimetable) -> Dag:
        tasks, row = serialized.tasks, self._row
        starts = [task.start_date and plain(task.start_date) for task in tasks]
        ends = [task.end_date and plain(task.end_date) for task in tasks]
        return Dag(
            dag_id=row.dag_id,
            is_paused=bool(row.is_paused),
            max_active_runs=self._max_active_runs,
            start_date=min((date for date in starts if date), default=None) if all(starts) else None,
            end_date=max((date for date in ends if date), default=None) if all(ends) else None,
            task_windows=frozenset(map(TaskWindow, starts, ends)),
            has_import_errors=bool(row.has_import_errors),
            allows_manual_runs=compat.allows(row, serialized, DagRunType.MANUAL.value),
            allows_backfill_runs=compat.allows(row, serialized, DagRunType.BACKFILL.value),
            is_scheduled=timetable.is_scheduled,
            catchup=bool(serialized.catchup),
            counts_from_last_run=timetable.counts_from_last_run,
            latest_automated=self._latest_automated()
            if timetable.counts_from_last_run or (serialized.catchup and timetable.is_scheduled)
            else None,
            depends_on_past=any(task.depends_on_past for task in tasks),
            has_latest_only=any(task.task_type == _LATEST_ONLY for task in tasks),
            has_deadlines=compat.has_deadlines(serialized),
            is_draining=compat.is_draining(row),
        )

    @property
    def _max_active_runs(self) -> int:
        return self._row.max_active_runs or configuration.max_active_runs_per_dag()

    def _identity(self, bundle_version: str | None) -> str:
        """Return what tells the version of the DAG from others."""
        version = self._version(bundle_version)
        stored = self._stored if version is None else version.serialized_dag
        return f"{stored.dag_version_id} {stored.dag_hash}"

    def _latest_automated(self) -> dt.datetime | None:
        """Return the date from which Airflow goes on (airflow.dag_processing.collection._get_latest_runs_stmt, 3.0 to 3.4)."""
        query = select(func.max(_RUN.c.logical_date)).where(
            _RUN.c.dag_id == self._row.dag_id,
            _RUN.c.run_type.in_([DagRunType.BACKFILL.value, DagRunType.SCHEDULED.value]),
        )
        return self._session.scalar(query)

    def _dates_since(self, since: dt.datetime) -> Iterator[dt.datetime]:
        query = select(_RUN.c.logical_date).where(_RUN.c.dag_id == self._row.dag_id).order_by(_RUN.c.logical_date)
        page = self._page(query.where(_RUN.c.logical_date >= since))
        while page:
            yield from page
            page = self._page(query.where(_RUN.c.logical_date > page[-1]))

    def _existing_runs(self, request: GroupRequest, since: dt.datetime, record: Record | None) -> Iterator[ExistingRun]:
        """Yield the runs at the dates of a request, or from its first date on, by their dates."""
        group = group_prefix(request.prefix)
        query = existing_runs(self._row.dag_id, request.dates, record=None if record is None else record.id)
        if request.dates is None:
            query = query.where(_RUN.c.logical_date >= since).limit(_PAGE)
        page = self._session.execute(query).all()
        while page:
            self._release()
            yield from (existing_run(row, group) for row in page)
            page = (
                self._session.execute(query.where(_RUN.c.logical_date > page[-1].logical_date)).all()
                if request.dates is None and len(page) == _PAGE
                else []
            )

    def _page(self, dates: Select[Any]) -> Sequence[dt.datetime]:
        page = self._session.scalars(dates.limit(_PAGE)).all()
        self._release()
        return page

    def _numbers(self, prefix: str) -> dict[str, int]:
        """Return the number of each run of a group, by its run id."""
        start = f"{prefix}_"
        values = values_of(start, bounds_of_numbered(start), self._session.connection())
        in_group = begins(_RUN.c.run_id, ranged=is_ranged(values))
        query = select(_RUN.c.run_id).where(_RUN.c.dag_id == self._row.dag_id, in_group)
        parsed = {run_id: GroupRunId.parse(run_id) for run_id in self._session.scalars(query, values)}
        return {run_id: one.number for run_id, one in parsed.items() if one is not None and one.prefix == prefix}

    def _group(self, prefix: str, run_ids: Collection[str], record: Record | None) -> ExistingGroup | None:
        if not run_ids:
            return None
        number = None if record is None else record.id
        query, values = creators(self._row.dag_id, prefix, self._session.connection(), number=number)
        rows = self._session.execute(query, values).all()
        created = [created_at for _, created_at in rows if created_at is not None]
        return ExistingGroup(
            run_ids=frozenset(run_ids),
            created_at=min(created, default=None),
            created_by=tuple(sorted(name for name, _ in rows if name is not None)),
        )

    def _unfinished_runs(self, at_most: int) -> int:
        values = {"dag_id": self._row.dag_id, "rows": at_most}
        return min(self._session.scalar(UNFINISHED, values) or 0, at_most)

    def _check_confs(self, dag: SerializedDAG, confs: Iterable[Conf]) -> None:
        """Check them by Airflow's own rules: their keys, and its merge and validation (SerializedDAG.create_dagrun, 3.0 to 3.4).

        Keys that are no params are left out of the latter: Airflow takes any value of theirs, and needs long to say so for
        thousands.
        """
        given = []
        for conf in confs:
            try:
                compat.check_conf_keys(dict(conf))
            except ValueError as error:
                raise InvalidConf(words_of(error)) from error
            given.append({name: value for name, value in conf.items() if name in dag.params})
        self._check_patterns(dag, given)
        for conf in given:
            self._check_time()
            try:
                compat.validate_conf(dag, conf)
            except Exception as error:  # ParamValidationError has had three different bases since 3.0
                reason = words_of(error).partition("\n")[0]  # what follows is the whole JSON schema
                raise self._invalid(reason) from error

    def _check_patterns(self, dag: SerializedDAG, confs: Collection[Conf]) -> None:
        try:
            check_patterns(dag.params, confs)
        except PatternTooSlow as error:
            raise self._invalid(str(error)) from error

    def _invalid(self, reason: str) -> InvalidConf:
        return InvalidConf(f"conf does not fit the params of DAG {self._row.dag_id!r}: {reason}")
