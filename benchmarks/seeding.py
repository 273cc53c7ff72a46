"""Tables of any size, in seconds: DAGs, runs and task instances copied inside the database from rows that Airflow wrote."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.console import log
from benchmarks.postgresql import Database
from benchmarks.size import BUSY, DAGS, SMALL, runs

TEMPLATE = "scheduled__2009-12-31T00:00:00+00:00"
"""The run of the busy DAG that Airflow itself wrote."""
_COPIES = "SET session_replication_role = replica"  # copies of rows with all they refer to need no foreign key checks


def seed_small(database: Database) -> None:
    """Give the database its DAGs, and the runs of the small table with their task instances."""
    new_dag = "'dag_' || to_char(n, 'FM0000')"
    of_each = f"CROSS JOIN generate_series(1, {DAGS}) n WHERE t.dag_id = 'busy'"
    database.execute(
        _COPIES,
        _copy(database, "dag", {"dag_id": new_dag}, of_each),
        _copy(database, "dag_version", {"id": "gen_random_uuid()", "dag_id": new_dag}, of_each),
    )
    grow(database, 0, SMALL)
    own = {
        "id": "gen_random_uuid()",
        "dag_id": "r.dag_id",
        "run_id": "r.run_id",
        "dag_version_id": "r.created_dag_version_id",
    }
    seeded = f"JOIN dag_run r ON r.run_id <> t.run_id WHERE t.run_id = '{TEMPLATE}' ORDER BY r.id"
    database.execute(_COPIES, _copy(database, "task_instance", own, seeded))
    database.settle()


def grow(database: Database, present: int, wanted: int) -> None:
    """Add runs until each DAG has so many, and the busy one its multiple; all of them take turns, as in time they would."""
    log(f"{database.name}: growing to {runs(wanted):,} runs")
    own = {
        "dag_id": "s.dag_id",
        "run_id": "'scheduled__' || to_char(s.date AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')",
        "logical_date": "s.date",
        "data_interval_start": "s.date",
        "data_interval_end": "s.date",
        "run_after": "s.date",
        "queued_at": "s.date + interval '1.234567 s'",
        "start_date": "s.date + interval '2.345678 s'",
        "end_date": "s.date + interval '34.567891 s'",
        "created_dag_version_id": "s.dag_version_id",
        "state": "CASE WHEN s.shuffled % 10 = 0 THEN 'failed' ELSE 'success' END",
    }
    for first in range(present, wanted, 100):
        last = min(first + 100, wanted) - 1
        seed = f"""
            CROSS JOIN (
                SELECT v.dag_id, v.id AS dag_version_id, number, hashtext(v.dag_id || number || nth) AS shuffled,
                       timestamptz '2010-01-01Z' + number * interval '1 hour' + nth * (interval '1 hour' / every) AS date
                FROM (SELECT *, CASE dag_id WHEN 'busy' THEN {BUSY} ELSE 1 END AS every FROM dag_version) v
                CROSS JOIN generate_series({first}, {last}) number
                CROSS JOIN LATERAL generate_series(0, every - 1) nth
                WHERE v.dag_id = 'busy' OR v.dag_id LIKE 'dag\\_%'
            ) s
            WHERE t.run_id = '{TEMPLATE}' ORDER BY s.number, s.shuffled"""
        database.execute(_COPIES, _copy(database, "dag_run", own, seed))
    following = "(SELECT max(logical_date) + interval '1 hour' FROM dag_run r WHERE r.dag_id = dag.dag_id)"
    database.execute(
        f"UPDATE dag SET next_dagrun = {following}", "VACUUM (FULL) dag"
    )  # where Airflow's scheduler has it
    database.settle()


def delete_runs(database: Database, dag_id: str) -> None:
    """Remove every run that was created of a DAG, and all that goes with them."""
    these = f"dag_id = '{dag_id}' AND run_id NOT LIKE 'scheduled\\_\\_%'"
    database.execute(
        _COPIES,
        f"DELETE FROM task_instance WHERE {these}",
        f"DELETE FROM dag_run WHERE {these}",
        "DELETE FROM backfill_dag_run",
        "DELETE FROM backfill",
        "DELETE FROM log",
    )


def _copy(database: Database, table: str, replaced: Mapping[str, str], other: str) -> str:
    """Spell the statement that adds copies of rows, called ``t``, with some columns replaced."""
    names = [name for name in database.columns(table) if (table, name) != ("dag_run", "id")]
    values = [replaced.get(name, f"t.{name}") for name in names]
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {table} t {other}"
