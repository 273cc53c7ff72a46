"""Runs copied from one that Airflow made: what differs between runs is replaced, every other column is taken as it is."""

import datetime as dt
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import orjson
from airflow import settings
from airflow.configuration import conf
from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.taskinstance import TaskInstance
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from sqlalchemy import JSON, Integer, Text, cast, column, func, insert, literal, literal_column, select, text, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import ColumnElement

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.compat import DASH, TRACE_PER_RUN, DynamicRegion, SerializedDAG
from airflow_run_groups.adapters.airflow.database.session import ConcurrentWrite
from airflow_run_groups.adapters.airflow.writing.regions import copy_regions
from airflow_run_groups.domain.model import Conf
from airflow_run_groups.domain.planning.runs import NewDagRun

_RUN = DagRun.__table__
_TASK = TaskInstance.__table__
_NOTE = DagRunNote.__table__
_TRACES = RandomIdGenerator()
_CONF_OF_AIRFLOW = "airflow/"
"""How the keys of a conf begin that decide of a run's trace (airflow._shared.observability.traces, 3.2 to 3.4)."""
_Rows = list[dict[str, Any]]
_Records = tuple[Any, ColumnElement[Any], dict[str, ColumnElement[Any]]]
"""A table of JSON records, the column to order it by, and the others by their names."""


def reason_against_copying(dag: SerializedDAG, confs: Iterable[Conf], session: Session) -> str | None:
    """Return why each run with one of these confs has to be made by Airflow itself, None when one can be copied."""
    own = [task.task_id for task in dag.tasks if not type(task.weight_rule).__module__.startswith("airflow.task.")]
    reasons = {
        "copied rows have not been compared with this version of Airflow": not compat.is_proved(),
        "copied rows have not been compared on this database": session.get_bind().dialect.name not in _NEW_IDS,
        "a cluster policy mutates task instances": getattr(settings.task_instance_mutation_hook, "is_noop", False)
        is not True,
        "the DAG has deadlines": compat.has_deadlines(dag),
        "tracing is on": conf.getboolean("traces", "otel_on", fallback=False),
        "conf says how the runs are traced": any(key.startswith(_CONF_OF_AIRFLOW) for one in confs for key in one),
        f"tasks have weight strategies of their own: {', '.join(own)}": own,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def runs_with_same_tasks(dag: SerializedDAG, runs: Sequence[NewDagRun]) -> Iterator[list[NewDagRun]]:
    """Yield the runs in their order, as stretches of one type whose dates admit the same tasks.

    Airflow admits them by the dates (DagRun.verify_integrity, 3.0 to 3.4).
    """
    windows = {(task.start_date, task.end_date) for task in dag.tasks}

    def admitting(run: NewDagRun) -> tuple[str, list[bool]]:
        date = run.logical_date
        admitted = [(start is None or start <= date) and (end is None or date <= end) for start, end in windows]
        return run.run_type.value, admitted

    for _, stretch in groupby(runs, key=admitting):
        yield list(stretch)


def copy_run(template: NewDagRun, others: Sequence[NewDagRun], dag: SerializedDAG, session: Session) -> None:
    """Write the other runs as copies of the template, which is in the database already and admits the same tasks.

    :raises ConcurrentWrite: when not every row came into being.
    """
    if not others:
        return
    own = _copy_row(template, others, dag, session)
    tasks = session.scalar(select(func.count()).where(_TASK.c.dag_id == dag.dag_id, _TASK.c.run_id == template.run_id))
    if not tasks:
        return
    dialect = session.get_bind().dialect.name
    names = ["run_id", *(["context_carrier"] if TRACE_PER_RUN else [])]
    # no join with the runs: how the planner does that hangs on statistics, which may be old
    records, _, of_run = _READ_JSON[dialect]([{name: one[name] for name in names} for one in own], names)
    replaced: dict[str, ColumnElement[Any]] = {"id": _NEW_IDS[dialect](of_run["run_id"]), **of_run}
    if copy_regions(template, others, dag.dag_id, session):
        replaced["region_id"] = _in_own_region(of_run["run_id"])
    copies = (
        select(*(replaced.get(column.name, column) for column in _TASK.c))
        .select_from(_TASK.join(records, true()))
        .where(_TASK.c.dag_id == dag.dag_id, _TASK.c.run_id == template.run_id)
    )
    if dialect == "postgresql":
        _analyze_what_grew(len(others), session)
    written: Any = session.execute(insert(_TASK).from_select([column.name for column in _TASK.c], copies))
    if written.rowcount != tasks * len(others):
        raise ConcurrentWrite


def _analyze_what_grew(runs: int, session: Session) -> None:
    """Have PostgreSQL count the runs where these are many beside those that the planner knows of.

    For each task instance PostgreSQL looks up its run, for the foreign key. While the planner believes that a DAG has
    one run at most, that lookup may read all runs of the DAG, and a group takes longer with each that was made before.
    Autovacuum would see to it, a minute later. A role that may not analyze gets a warning of the server, no error.
    """
    table = session.get_bind().dialect.identifier_preparer.format_table(_RUN)
    known = session.scalar(text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:table)"), {"table": table})
    if known is not None and known < _KNOWN_RUNS * runs:
        session.execute(text(f"ANALYZE (SKIP_LOCKED) {table}"))


_KNOWN_RUNS = 10
"""How many runs, for each new one, the planner should know of."""


def _in_own_region(run_id: ColumnElement[str]) -> ColumnElement[Any]:
    """Return the region of a copied task: none but what lies in one has another.

    Of a new run each mapped task, and each loop, has one region, which bears its name.
    """
    of_template, of_copy = (DynamicRegion.__table__.alias(name) for name in ("of_template", "of_copy"))
    own = (
        select(of_copy.c.id)
        .select_from(of_template.join(of_copy, of_copy.c.node_id == of_template.c.node_id))
        .where(of_template.c.id == _TASK.c.region_id, of_copy.c.dag_id == _TASK.c.dag_id, of_copy.c.run_id == run_id)
        .scalar_subquery()
    )
    return func.coalesce(own, _TASK.c.region_id)


def copy_note(template: NewDagRun, others: Sequence[NewDagRun], dag: SerializedDAG, session: Session) -> None:
    """Put the note of the template on the other runs, which are in the database already.

    :raises ConcurrentWrite: when not every one got it.
    """
    if not others:
        return
    ids = [run.run_id for run in others]
    records, _, of_run = _READ_JSON[session.get_bind().dialect.name]([{"run_id": one} for one in ids], ["run_id"])
    of_template, of_copy = (
        select(run.c.id).where(run.c.dag_id == dag.dag_id, run.c.run_id == run_id).scalar_subquery()
        for run, run_id in ((_RUN.alias("of_template"), template.run_id), (_RUN.alias("of_copy"), of_run["run_id"]))
    )
    copies = (
        select(*(of_copy if column.name == "dag_run_id" else column for column in _NOTE.c))
        .select_from(_NOTE.join(records, true()))
        .where(_NOTE.c.dag_run_id == of_template)
    )
    written: Any = session.execute(insert(_NOTE).from_select([column.name for column in _NOTE.c], copies))
    if written.rowcount != len(others):
        raise ConcurrentWrite


def _copy_row(
    template: NewDagRun, others: Sequence[NewDagRun], dag: SerializedDAG, session: Session
) -> list[dict[str, Any]]:
    """Write the others' rows in ``dag_run``, in their order, and return what they do not share with the template.

    That goes in as JSON.
    """
    dialect = session.get_bind().dialect.name
    this = (_RUN.c.dag_id == dag.dag_id, _RUN.c.run_id == template.run_id)
    carrier = session.scalar(select(cast(_RUN.c.context_carrier, Text)).where(*this))
    own = [_of_its_own(run, carrier, number) for number, run in enumerate(others)]
    names_of_own = list(_OWN)
    if any(run.conf is not template.conf for run in others):
        names_of_own.append("conf")
        for record, run in zip(own, others, strict=True):
            record["conf"] = json.dumps(run.conf)
    records, number, replaced = _READ_JSON[dialect](own, names_of_own)
    names = [name for name in _RUN.c.keys() if name != "id"]  # noqa: SIM118 - no mapping
    copies = (
        select(*(replaced.get(name, _RUN.c[name]) for name in names))
        .select_from(_RUN.join(records, true()))
        .where(*this)
        .order_by(number)
    )
    written: Any = session.execute(insert(_RUN).from_select(names, copies))
    if written.rowcount != len(others):  # Airflow has rolled the template back in silence
        raise ConcurrentWrite
    return own


def _of_its_own(run: NewDagRun, carrier: str | None, number: int) -> dict[str, Any]:
    """Return what one run does not share with the template, and its place among the others."""
    return {
        "number": number,
        "run_id": run.run_id,
        "logical_date": run.logical_date,
        "data_interval_start": run.data_interval.start,
        "data_interval_end": run.data_interval.end,
        "run_after": run.run_after,
        "context_carrier": carrier and _TRACE.sub(_new_trace, carrier),
    }


_OWN = ("run_id", "logical_date", "data_interval_start", "data_interval_end", "run_after", "context_carrier")
_TRACE = re.compile(r"(?<=00-)[0-9a-f]{32}-[0-9a-f]{16}(?=-)")
"""How W3C Trace Context writes a trace, and a place in it."""


def _new_trace(_: object) -> str:
    """Return a trace of its own, as Airflow starts one for each run since 3.2.

    A ``DagRun`` object for each run would make it too, and take longer than all the inserts together do.
    """
    return f"{_TRACES.generate_trace_id():032x}-{_TRACES.generate_span_id():016x}"


def _by_postgresql(records: _Rows, names: Sequence[str]) -> _Records:
    columns: Any = (column("number", Integer), *(column(name, Text) for name in names))
    text_of_all = orjson.dumps(
        records, default=dt.datetime.isoformat
    ).decode()  # it writes dates as PostgreSQL reads them
    own = (
        func.json_to_recordset(cast(literal(text_of_all), JSON)).table_valued(*columns).render_derived(with_types=True)
    )
    typed = {name: cast(own.c[name], _RUN.c[name].type) for name in names if name != "run_id"}
    return own, own.c.number, {"run_id": own.c.run_id, **typed}


def _by_sqlite(records: _Rows, names: Sequence[str]) -> _Records:
    own = func.json_each(literal(json.dumps(records, default=_as_sqlite_has_it))).table_valued("key", "value")
    return own, own.c.key, {name: func.json_extract(own.c.value, f"$.{name}") for name in names}


def _as_sqlite_has_it(date: dt.datetime) -> str:
    return date.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat(" ", "microseconds")


_READ_JSON = {"postgresql": _by_postgresql, "sqlite": _by_sqlite}
"""How each database reads a JSON array as a table: one value to send in place of thousands."""


def _id_in_postgresql(run_id: ColumnElement[str]) -> ColumnElement[Any]:
    """Return an id of version 7, as Airflow's own: milliseconds in the first 48 bits, so that new rows are neighbours in the index.

    The other bits are a digest of a secret, the run, and the template's task instance. ``gen_random_uuid`` takes three times as long in a
    PostgreSQL without OpenSSL, which asks the operating system for each.
    """
    key = literal(secrets.token_hex(16)) + run_id + cast(_TASK.c.id, Text)
    random = func.substring(func.sha256(func.textsend(key)), 1, 10)
    octets: Any = _MILLISECONDS_IN_POSTGRESQL.op("||")(random)
    for bit, value in _BITS_OF_VERSION_7:
        octets = func.set_bit(octets, bit, value)
    return cast(func.encode(octets, "hex"), _TASK.c.id.type)


_MILLISECONDS_IN_POSTGRESQL: ColumnElement[Any] = literal_column(
    "substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)"
)
_BITS_OF_VERSION_7 = ((52, 1), (53, 1), (54, 1), (55, 0), (70, 0), (71, 1))
"""Version and variant (RFC 9562, 5.7), as PostgreSQL counts bits: from the lowest of each octet."""


_MILLISECONDS = "cast((julianday('now') - 2440587.5) * 86400000 as integer)"
_ID_IN_SQLITE: ColumnElement[Any] = literal_column(
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
)
_NEW_IDS: dict[str, Callable[[ColumnElement[str]], ColumnElement[Any]]] = {
    "postgresql": _id_in_postgresql,
    "sqlite": lambda _run_id: _ID_IN_SQLITE,
}
"""The id of a copied task instance, by the id of its run."""
