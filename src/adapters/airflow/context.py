"""One DAG with all that a plan for it depends on, read inside the transaction that writes the batch."""

import datetime as dt
from collections.abc import Iterator
from functools import cached_property

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_api_plugin.adapters.airflow import compat, configuration
from airflow_api_plugin.adapters.airflow.compat import SerializedDAG
from airflow_api_plugin.adapters.airflow.statements import starts_with
from airflow_api_plugin.adapters.airflow.timetable import AirflowTimetable
from airflow_api_plugin.domain.errors import DagNotFound, Refused
from airflow_api_plugin.domain.model import Conf, Dag, DagRunType
from airflow_api_plugin.domain.run_id import GroupRunId

_RUN = DagRun.__table__
_PAGE = 2000
"""Dates that are read at a time."""


class AirflowDagContext:
    """A DAG whose row this transaction has locked."""

    def __init__(self, row: DagModel, session: Session) -> None:
        """Describe the DAG of this row."""
        self._row = row
        self._session = session

    @cached_property
    def serialized_dag(self) -> SerializedDAG:
        """The DAG as Airflow deserializes it.

        :raises DagNotFound: when it was never serialized.
        :raises Refused: when Airflow cannot read it, such as when a custom timetable is not installed here.
        """
        stored = SerializedDagModel.get(self._row.dag_id, session=self._session)
        if stored is None:
            raise DagNotFound(self._row.dag_id)
        try:
            return stored.dag
        except Exception as error:
            msg = f"Airflow cannot read DAG {self._row.dag_id!r}: {type(error).__name__}: {error}"
            raise Refused(msg) from error

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

    @property
    def run_id_pattern(self) -> str:
        """As the port promises."""
        return configuration.run_id_pattern()

    def logical_dates(self, since: dt.datetime) -> Iterator[dt.datetime]:
        """As the port promises."""
        query = select(_RUN.c.logical_date).where(_RUN.c.dag_id == self._row.dag_id).order_by(_RUN.c.logical_date)
        page = self._session.scalars(query.where(_RUN.c.logical_date >= since).limit(_PAGE)).all()
        while page:
            yield from page
            page = self._session.scalars(query.where(_RUN.c.logical_date > page[-1]).limit(_PAGE)).all()

    def last_number(self, prefix: str) -> int:
        """As the port promises."""
        start = f"{prefix}_"
        query = select(_RUN.c.run_id).where(_RUN.c.dag_id == self._row.dag_id, starts_with(_RUN.c.run_id, start))
        parsed = (GroupRunId.parse(run_id) for run_id in self._session.scalars(query))
        return max((one.number for one in parsed if one is not None and one.prefix == prefix), default=0)

    def check_conf(self, conf: Conf) -> None:
        """As the port promises, by Airflow's own merge and validation (SerializedDAG.create_dagrun, 3.0 to 3.3)."""
        dag = self.serialized_dag
        try:
            compat.validate_conf(dag, dict(conf))
        except Exception as error:  # ParamValidationError has had three different bases since 3.0
            reason = str(error).partition("\n")[0]  # what follows is the whole JSON schema
            msg = f"conf does not fit the params of DAG {self._row.dag_id!r}: {reason}"
            raise Refused(msg) from error
