"""One DAG with all that a plan for it depends on, read inside the transaction that writes the batch, if it is written."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow_run_groups.adapters.airflow import compat, configuration
from airflow_run_groups.adapters.airflow.compat import SerializedDAG
from airflow_run_groups.adapters.airflow.queries.dag_runs import RECENT
from airflow_run_groups.adapters.airflow.queries.prefixes import begins, bounds_of_numbered, is_ranged, values_of
from airflow_run_groups.adapters.airflow.timetables import AirflowTimetable, timetable_of
from airflow_run_groups.domain.errors import DagNotFound, DagUnreadable, InvalidConf
from airflow_run_groups.domain.model import Conf, Dag, DagRunType
from airflow_run_groups.domain.plan import ExistingRun
from airflow_run_groups.domain.request import Interval
from airflow_run_groups.domain.run_id import GroupRunId
from sqlalchemy import null, select
from sqlalchemy.orm import Session

_RUN = DagRun.__table__
_PAGE = 2000
"""Dates that are read at a time."""
_PAGE_OF_DATES = 500
"""Dates that are asked for at a time."""


class AirflowDagContext:
    """A DAG whose row the transaction that writes the batch has locked."""

    def __init__(self, row: DagModel, session: Session) -> None:
        """Describe the DAG of this row."""
        self._row = row
        self._session = session

    @cached_property
    def serialized_dag(self) -> SerializedDAG:
        """The DAG as Airflow deserializes it.

        :raises DagNotFound: when it was never serialized.
        :raises DagUnreadable: when Airflow cannot read it.
        """
        stored = SerializedDagModel.get(self._row.dag_id, session=self._session)
        if stored is None:
            raise DagNotFound(self._row.dag_id)
        try:
            return stored.dag
        except Exception as error:
            raise DagUnreadable(self._row.dag_id, error) from error

    @cached_property
    def dag(self) -> Dag:
        """As the port promises."""
        starts = [task.start_date for task in self.serialized_dag.tasks]
        ends = [task.end_date for task in self.serialized_dag.tasks]
        row = self._row
        return Dag(
            dag_id=row.dag_id,
            is_paused=bool(row.is_paused),
            max_active_runs=row.max_active_runs or configuration.max_active_runs_per_dag(),
            start_date=min((date for date in starts if date), default=None) if all(starts) else None,
            end_date=max((date for date in ends if date), default=None) if all(ends) else None,
            has_import_errors=bool(row.has_import_errors),
            allows_manual_runs=compat.allows(row, DagRunType.MANUAL.value),
        )

    @cached_property
    def timetable(self) -> AirflowTimetable:
        """As the port promises."""
        return AirflowTimetable(self._row.dag_id, self.serialized_dag.timetable)

    def timetable_of(self, interval: Interval) -> AirflowTimetable:
        """As the port promises."""
        return timetable_of(interval, dag_id=self._row.dag_id, timezone=self.serialized_dag.timezone)

    @property
    def run_id_pattern(self) -> str:
        """As the port promises."""
        return configuration.run_id_pattern()

    @property
    def runs_per_loop(self) -> int:
        """As the port promises."""
        return configuration.runs_per_loop()

    def logical_dates(self, since: dt.datetime) -> Iterator[dt.datetime]:
        """As the port promises."""
        query = select(_RUN.c.logical_date).where(_RUN.c.dag_id == self._row.dag_id).order_by(_RUN.c.logical_date)
        page = self._session.scalars(query.where(_RUN.c.logical_date >= since).limit(_PAGE)).all()
        while page:
            yield from page
            page = self._session.scalars(query.where(_RUN.c.logical_date > page[-1]).limit(_PAGE)).all()

    def runs_on(self, dates: Collection[dt.datetime]) -> Mapping[dt.datetime, ExistingRun]:
        """As the port promises."""
        maker = _RUN.c.triggering_user_name if "triggering_user_name" in _RUN.c else null()
        query = select(_RUN.c.logical_date, _RUN.c.run_id, _RUN.c.state, _RUN.c.run_type, maker).where(
            _RUN.c.dag_id == self._row.dag_id
        )
        left = iter(dates)
        found = {}
        while page := list(islice(left, _PAGE_OF_DATES)):
            for date, *facts in self._session.execute(query.where(_RUN.c.logical_date.in_(page))):
                run_id, state, run_type, created_by = facts
                found[date] = ExistingRun(
                    logical_date=date,
                    run_id=run_id,
                    state=state,
                    run_type=run_type,
                    created_by=created_by,
                )
        return found

    def recent_durations(self, count: int) -> Sequence[dt.timedelta]:
        """As the port promises."""
        rows = self._session.execute(RECENT, {"dag_id": self._row.dag_id, "rows": count})
        return [end - start for start, end in rows]

    def last_number(self, prefix: str) -> int:
        """As the port promises."""
        start = f"{prefix}_"
        values = values_of(start, bounds_of_numbered(start), self._session.connection())
        in_group = begins(_RUN.c.run_id, ranged=is_ranged(values))
        query = select(_RUN.c.run_id).where(_RUN.c.dag_id == self._row.dag_id, in_group)
        parsed = (GroupRunId.parse(run_id) for run_id in self._session.scalars(query, values))
        return max((one.number for one in parsed if one is not None and one.prefix == prefix), default=0)

    def check_conf(self, conf: Conf) -> None:
        """As the port promises, by Airflow's own merge and validation (SerializedDAG.create_dagrun, 3.0 to 3.3)."""
        dag = self.serialized_dag
        try:
            compat.validate_conf(dag, dict(conf))
        except Exception as error:  # ParamValidationError has had three different bases since 3.0
            reason = str(error).partition("\n")[0]  # what follows is the whole JSON schema
            msg = f"conf does not fit the params of DAG {self._row.dag_id!r}: {reason}"
            raise InvalidConf(msg) from error
