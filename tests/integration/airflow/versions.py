"""What the tests say differently, or cannot say, to the older of the supported versions of Airflow."""

from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

MINOR = tuple(int(part) for part in version("apache-airflow-core").split(".")[:2])

ALLOWED_RUN_TYPES = MINOR >= (3, 2)
"""A DAG can allow some run types only."""
PARTITIONS = MINOR >= (3, 2)
"""There are timetables whose runs have partitions."""
TRACE_PER_RUN = MINOR >= (3, 2)
"""A run starts a trace of its own, which its tasks share."""
DEADLINES = MINOR >= (3, 1)
"""A DAG can have deadlines."""
USER_OF_THE_TRIGGER = MINOR >= (3, 1)
"""A run says who triggered it."""
NOTIFIERS_RAISE = MINOR >= (3, 1)
"""A notifier's error reaches its caller, and not the log alone."""
REVOKED_TOKENS = MINOR >= (3, 2)
"""A token can be revoked, as by logging out."""
NOTE_OF_THE_TRIGGER = MINOR >= (3, 2)
"""A run can be created with a note."""
RUN_ON_LATEST_VERSION = MINOR >= (3, 1)
"""A cleared run can keep its version of the DAG, or get the latest one."""
RERUN_WITH_LATEST_VERSION = MINOR >= (3, 3)
"""A DAG, and the configuration, can say which of the two."""
SPAN_DETAIL_BY_CONF = MINOR >= (3, 3)
"""A run's conf says how finely its tasks are traced, and the trace itself says it on."""
LISTENERS_OF_TASKS = MINOR >= (3, 3)
"""Listeners hear of the tasks that end because their run is marked as failed."""

FORMER_TRIES = MINOR >= (3, 4)
"""The former tries of tasks stand in the table of the current ones."""
REGIONS = MINOR >= (3, 4)
"""What is mapped, or in a loop, lies in a region of its run."""
DRAINING = MINOR >= (3, 4)
"""A DAG can be draining: Airflow pauses it when its runs have ended."""
BUNDLE_VERSION_OF_THE_TRIGGER = MINOR >= (3, 4)
"""A run can be created of a version of its DAG's bundle."""
TIMEOUT_ENDS_TASKS = MINOR >= (3, 4)
"""The tasks of a run that has taken longer than its DAG allows have an end."""
RESERVED_CONF_KEYS = MINOR >= (3, 4)
"""A conf has no key that Airflow reserves."""
TRACE_BY_CONF = MINOR >= (3, 4)
"""A run's conf says whether it is traced, and in which trace."""
DISPLAY_NAMES = MINOR >= (3, 4)
"""A run bears the name that Airflow shows for the user who triggered it."""
DELETES_DAGS_WITH_BACKFILLS = MINOR >= (3, 1)
"""``airflow dags delete`` knows in which order. Airflow 3.0 does not, also where its own backfills are concerned."""

_UNTIL_3_2 = [
    "The `airflow.operators",  # a provider, newer than Airflow itself, looks for a class in all its places
    "The anyio.abc.BlockingPortal alias",  # starlette's
    "The ``noload`` loader strategy",  # of Airflow's models, as SQLAlchemy 2.1 sees it
    "Type object <class 'sqlalchemy_jsonfield",  # the same
]
_FROM_3_4 = ["The Result.tuples() method"]  # which Airflow calls where a DAG has loops, as SQLAlchemy 2.1 sees it
WARNINGS = [*(_UNTIL_3_2 if MINOR < (3, 3) else ()), *(_FROM_3_4 if MINOR >= (3, 4) else ())]
"""Of what Airflow and its dependencies warn each other."""


def as_stored(dag):
    """Return the DAG in the form that the DAG processor hands to the database."""
    from airflow.serialization.serialized_objects import LazyDeserializedDAG  # noqa: PLC0415 - after the environment

    if MINOR >= (3, 1):
        return LazyDeserializedDAG.from_dag(dag)
    from airflow.serialization.serialized_objects import SerializedDAG  # noqa: PLC0415 - the same

    dag.relative_fileloc = Path(dag.fileloc).name  # which the DAG processor sets, and 3.0 cannot do without
    return LazyDeserializedDAG(data=SerializedDAG.to_dict(dag))


def push_length(length, session, **task):
    """Store that a task has returned a list of this length, which decides how many instances others have."""
    if MINOR >= (3, 4):
        from airflow.models.xcom import XComModel  # noqa: PLC0415 - after the environment

        XComModel.set("return_value", [0] * length, mapped_length=length, session=session, **task)
        return
    from airflow.models.taskmap import TaskMap  # noqa: PLC0415 - the same

    session.merge(TaskMap(map_index=-1, length=length, keys=None, **task))


def a_deadline():
    """Return one for each run of a DAG."""
    if MINOR >= (3, 2):
        from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference  # noqa: PLC0415 - for everybody since then
    else:
        from airflow.sdk.definitions.deadline import (  # noqa: PLC0415 - their place before
            AsyncCallback,
            DeadlineAlert,
            DeadlineReference,
        )
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=1),
        callback=AsyncCallback("company.callbacks.late"),
    )


def create_backfill(dag_id, from_date, to_date):
    """Create a backfill of Airflow's own, as its endpoint does."""
    from airflow.models.backfill import ReprocessBehavior, _create_backfill  # noqa: PLC0415 - after the environment

    return _create_backfill(
        dag_id=dag_id,
        from_date=from_date,
        to_date=to_date,
        max_active_runs=1,
        reverse=False,
        dag_run_conf={},
        reprocess_behavior=ReprocessBehavior.NONE,
        **({"triggering_user_name": "airflow"} if MINOR >= (3, 1) else {}),
    )
