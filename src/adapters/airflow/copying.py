"""Runs copied from one that Airflow made: what differs between runs is replaced, every other column is taken as it is."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from airflow import settings
from airflow.configuration import conf
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from sqlalchemy import func, insert, literal_column, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import ColumnElement

from airflow_api_plugin.adapters.airflow import compat
from airflow_api_plugin.adapters.airflow.compat import DASH, TRACE_PER_RUN, SerializedDAG
from airflow_api_plugin.adapters.airflow.database import LostRace
from airflow_api_plugin.domain.batch import NewDagRun

_RUN = DagRun.__table__
_TASK = TaskInstance.__table__
_TRACES = RandomIdGenerator()


def why_not_copy(dag: SerializedDAG, session: Session) -> str | None:
    """Return why each run of this DAG has to be made by Airflow itself, None when one of them can be copied."""
    if compat.MINOR not in compat.PROVED_MINORS:
        return "copied rows have not been compared with this version of Airflow"
    if session.get_bind().dialect.name not in _NEW_IDS:
        return "copied rows have not been compared on this database"
    if getattr(settings.task_instance_mutation_hook, "is_noop", False) is not True:
        return "a cluster policy mutates task instances"
    if compat.has_deadlines(dag):
        return "the DAG has deadlines"
    if conf.getboolean("traces", "otel_on", fallback=False):
        return "tracing is on"
    own = [task.task_id for task in dag.tasks if not type(task.weight_rule).__module__.startswith("airflow.task.")]
    return f"tasks have weight strategies of their own: {', '.join(own)}" if own else None


def alike(dag: SerializedDAG, runs: Sequence[NewDagRun]) -> Iterator[list[NewDagRun]]:
    """Yield the runs in their order, as stretches whose dates admit the same tasks (DagRun.verify_integrity, 3.0 to 3.3)."""
    windows = {(task.start_date, task.end_date) for task in dag.tasks}

    def admitting(run: NewDagRun) -> list[bool]:
        date = run.logical_date
        return [(start is None or start <= date) and (end is None or date <= end) for start, end in windows]

    for _, stretch in groupby(runs, key=admitting):
        yield list(stretch)


def copy_run(template: NewDagRun, others: Sequence[NewDagRun], dag: SerializedDAG, session: Session) -> None:
    """Write the other runs as copies of the template, which is in the database already and admits the same tasks.

    :raises LostRace: when not every row came into being.
    """
    if not others:
        return
    found = session.execute(select(_RUN).where(_RUN.c.dag_id == dag.dag_id, _RUN.c.run_id == template.run_id))
    row = found.one_or_none()
    if row is None:  # Airflow has rolled it back in silence
        raise LostRace
    columns = {name: value for name, value in row._mapping.items() if name != "id"}  # noqa: SLF001
    session.execute(insert(_RUN), [columns | _of_its_own(run, columns) for run in others])
    tasks = session.scalar(select(func.count()).where(_TASK.c.dag_id == dag.dag_id, _TASK.c.run_id == template.run_id))
    if not tasks:
        return
    replaced = {"id": _NEW_IDS[session.get_bind().dialect.name], "run_id": _RUN.c.run_id}
    if TRACE_PER_RUN:
        replaced["context_carrier"] = _RUN.c.context_carrier
    copies = (
        select(*(replaced.get(column.name, column) for column in _TASK.c))
        .select_from(_TASK.join(_RUN, _RUN.c.dag_id == _TASK.c.dag_id))
        .where(
            _TASK.c.dag_id == dag.dag_id,
            _TASK.c.run_id == template.run_id,
            _RUN.c.run_id.in_([run.run_id for run in others]),
        )
    )
    written: Any = session.execute(insert(_TASK).from_select([column.name for column in _TASK.c], copies))
    if written.rowcount != tasks * len(others):
        raise LostRace


def _of_its_own(run: NewDagRun, columns: dict[str, Any]) -> dict[str, Any]:
    """Return what one run does not share with the template."""
    return {
        "run_id": run.run_id,
        "logical_date": run.logical_date,
        "data_interval_start": run.data_interval.start,
        "data_interval_end": run.data_interval.end,
        "run_after": run.run_after,
        "context_carrier": _new_trace(columns["context_carrier"]),
    }


def _new_trace(carrier: dict[str, str] | None) -> dict[str, str] | None:
    """Return the template's trace context with ids of its own, as Airflow starts a trace for each run since 3.2.

    A ``DagRun`` object for each run would make it too, and take longer than all the inserts together do.
    """
    if not carrier or "traceparent" not in carrier:
        return carrier
    version, _, _, flags = carrier["traceparent"].split("-")  # W3C Trace Context
    trace, span = _TRACES.generate_trace_id(), _TRACES.generate_span_id()
    return {**carrier, "traceparent": f"{version}-{trace:032x}-{span:016x}-{flags}"}


_MILLISECONDS = "cast((julianday('now') - 2440587.5) * 86400000 as integer)"
_NEW_IDS: dict[str, ColumnElement[Any]] = {
    # version 7, as Airflow's own ids: milliseconds in the first 48 bits, so that new rows are neighbours in the index
    "postgresql": literal_column(
        "encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing"
        " substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),"
        " 52, 1), 53, 1), 'hex')::uuid"
    ),
    "sqlite": literal_column(
        " || ".join(
            (
                f"printf('%08x{DASH}%04x{DASH}7', {_MILLISECONDS} >> 16, {_MILLISECONDS} & 65535)",
                "substr(lower(hex(randomblob(2))), 2)",
                f"'{DASH}'",
                "substr('89ab', 1 + abs(random() % 4), 1)",
                "substr(lower(hex(randomblob(2))), 2)",
                f"'{DASH}'",
                "lower(hex(randomblob(6)))",
            )
        )
    ),
}
