"""Where the supported versions of Airflow differ: each difference says which version needs it, and when it may go."""

from copy import deepcopy
from importlib import import_module
from typing import TYPE_CHECKING, Any

import airflow
import sqlalchemy
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.timetables.base import DagRunInfo, TimeRestriction, Timetable
from sqlalchemy import true
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from airflow_run_groups.domain.errors import BundleVersionNotFound, Refused, UnsupportedAirflowVersion

Minor = tuple[int, int]
OLDEST: Minor = (3, 0)
PROVED_MINORS: set[Minor] = {(3, 0), (3, 1), (3, 2), (3, 3), (3, 4)}
"""Minors on which the comparison with create_dagrun has shown every copied column to be what Airflow writes."""


class UnsupportedAirflow(ImportError):
    """The service does not start with this version of Airflow; the text is a sentence for the operator."""


def minor_of(version: str) -> Minor:
    """Return ``(3, 2)`` for ``3.2.2``, as for ``3.2.0b1``."""
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def doubt_about(version: str) -> str | None:
    """Return what to warn the operator of, None when this service has been tried with the version.

    :raises UnsupportedAirflow: when it is older than every version that can work.
    """
    minor = minor_of(version)
    if minor < OLDEST:
        msg = f"this service needs Airflow {_text(OLDEST)} or newer; installed is {version}"
        raise UnsupportedAirflow(msg)
    if minor in PROVED_MINORS:
        return None
    return (
        f"this service has been tried with Airflow {_proved()}, and not with {version}: Airflow itself makes each run, and "
        "groups are neither cancelled nor retried"
    )


def is_proved() -> bool:
    """Tell whether this service has been tried with the installed version."""
    return MINOR in PROVED_MINORS


def require_proved(action: str) -> None:
    """Refuse to change tasks that may be stored in a way that is not known.

    :raises UnsupportedAirflowVersion: naming the versions with which this service has been tried.
    """
    if not is_proved():
        msg = (
            f"this service does not {action} runs of Airflow {VERSION}, as it has been tried with Airflow {_proved()} "
            f"only: {action} them in Airflow, or upgrade this service"
        )
        raise UnsupportedAirflowVersion(msg)


def _proved() -> str:
    return ", ".join(_text(minor) for minor in sorted(PROVED_MINORS))


def _text(minor: Minor) -> str:
    return ".".join(map(str, minor))


VERSION: str = airflow.__version__
MINOR = minor_of(VERSION)
doubt_about(VERSION)  # one that is too old is refused here

# Airflow 3.0 brings SQLAlchemy 1.4, and 3.1 may: asked to, its engines and sessions behave as those of 2.x.
# May go when 3.1 is no longer supported.
SQLALCHEMY_1 = sqlalchemy.__version__.startswith("1.")
ENGINE_OPTIONS: dict[str, Any] = {"future": True, "poolclass": QueuePool} if SQLALCHEMY_1 else {}
SESSION_OPTIONS: dict[str, Any] = {"future": True} if SQLALCHEMY_1 else {}

# Airflow 3.0 and 3.1 keep it in another place; the first import alone may stay when 3.1 is no longer supported.
if TYPE_CHECKING or MINOR >= (3, 2):
    from airflow.serialization.definitions.dag import SerializedDAG as SerializedDAG  # noqa: PLC0414 - for others
else:
    from airflow.serialization.serialized_objects import SerializedDAG


class DagsOfRuns:
    """The DAG of each run, as it was in the run's version. Airflow 3.0 knows the latest version alone.

    May go, for Airflow's own DBDagBag, when 3.0 is no longer supported.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._latest: dict[str, SerializedDAG | None] = {}
        self._bag: Any = import_module("airflow.models.dagbag").DBDagBag() if MINOR >= (3, 1) else None

    def get(self, run: DagRun) -> SerializedDAG | None:
        """Return the run's DAG, None when it was never serialized."""
        if self._bag is not None:
            found: SerializedDAG | None = self._bag.get_dag_for_run(run, session=self._session)
            return found
        if run.dag_id not in self._latest:
            stored = SerializedDagModel.get(run.dag_id, session=self._session)
            self._latest[run.dag_id] = stored and stored.dag
        return self._latest[run.dag_id]


# Airflow 3.0 and 3.1 store task instance ids with dashes on SQLite; may go when 3.1 is no longer supported.
DASH = "-" if MINOR < (3, 2) else ""

# Since Airflow 3.2 a run starts a trace of its own, which its tasks share; before, no run has one.
# May go when 3.1 is no longer supported.
TRACE_PER_RUN = MINOR >= (3, 2)


# Since Airflow 3.4 the former tries of a task stand in the same table, without this mark.
# May go, as a condition of its own, when 3.3 is no longer supported.
_TASK = TaskInstance.__table__
IS_CURRENT: Any = _TASK.c.working_set.is_(True) if MINOR >= (3, 4) else true()
"""The condition that a row of ``task_instance`` is a task's current try."""

# Since Airflow 3.4 what is mapped, or in a loop, lies in a region of its run. May stay alone when 3.3 is no longer supported.
DynamicRegion: Any = import_module("airflow.models.dynamic_region").DynamicRegion if MINOR >= (3, 4) else None


# Since Airflow 3.4 a run that has taken longer than its DAG allows gives its tasks an end; before, a state alone.
# The latter may go when 3.3 is no longer supported.
TIMEOUT_ENDS_TASKS = MINOR >= (3, 4)

# Airflow 3.3 calls listeners for the tasks, too, that end because their run is marked as failed, and says why; before,
# for the run alone. May go when 3.2 is no longer supported.
TELLS_LISTENERS_OF_TASKS = MINOR >= (3, 3)


def version_argument(wanted: bool | None, dag_id: str, session: Session) -> dict[str, Any]:  # noqa: FBT001 - a value
    """Return clear's argument for the DAG's version, resolved as Airflow's endpoint does; Airflow 3.0 has none.

    From 3.3 on, the DAG and the configuration have a default (``rerun_with_latest_version``).

    :raises UnsupportedAirflowVersion: when a version is wanted of Airflow 3.0, which runs the latest one.
    """
    if MINOR >= (3, 3):
        resolve: Any = import_module("airflow.api_fastapi.common.dagbag").resolve_run_on_latest_version
        return {"run_on_latest_version": resolve(wanted, dag_id, session)}
    if MINOR >= (3, 1):
        return {"run_on_latest_version": bool(wanted)}
    if wanted is not None:
        msg = "run_on_latest_version needs Airflow 3.1 or newer: Airflow 3.0 runs the latest version"
        raise UnsupportedAirflowVersion(msg)
    return {}


def creator_argument(name: str | None) -> dict[str, Any]:
    """Return create_dagrun's argument for the creator; Airflow 3.0 has none. May go when 3.0 is no longer supported."""
    return {"triggering_user_name": name} if MINOR >= (3, 1) else {}


def dag_version(latest: SerializedDAG, bundle_version: str, session: Session) -> DagVersion:
    """Return the version of the DAG that there is in this version of its bundle, as Airflow's own trigger does since 3.4.

    :raises UnsupportedAirflowVersion: with an older Airflow, which creates runs of the latest version only.
    :raises Refused: when the DAG has no versions.
    :raises BundleVersionNotFound: when it has none of this bundle version.
    """
    if MINOR < (3, 4):
        msg = f"bundle_version needs Airflow 3.4 or newer: Airflow {VERSION} creates runs of the latest version"
        raise UnsupportedAirflowVersion(msg)
    if latest.disable_bundle_versioning:
        msg = f"DAG {latest.dag_id!r} does not support bundle versioning: leave out bundle_version"
        raise Refused(msg)
    find: Any = DagVersion.get_latest_version
    found: DagVersion | None = find(
        latest.dag_id, bundle_version=bundle_version, load_serialized_dag=True, session=session
    )
    if found is None or found.serialized_dag is None:
        raise BundleVersionNotFound(latest.dag_id, bundle_version)
    return found


def version_arguments(version: DagVersion | None) -> dict[str, Any]:
    """Return create_dagrun's arguments for a version of the DAG other than the latest; until Airflow 3.3 there are none."""
    return {} if version is None else {"bundle_version": version.bundle_version, "dag_version": version}


def note_argument(note: str | None) -> dict[str, Any]:
    """Return create_dagrun's argument for a note, which Airflow 3.0 and 3.1 do not have.

    May go when 3.1 is no longer supported.
    """
    return {"note": note} if MINOR >= (3, 2) and note is not None else {}


def has_deadlines(dag: SerializedDAG) -> bool:
    """Tell whether the DAG has deadlines, which came with Airflow 3.1; may go when 3.0 is no longer supported."""
    return bool(getattr(dag, "deadline", None))


def display_name(user: Any) -> str:
    """Return the name that Airflow shows for a user, and since 3.4 writes into their runs.

    May go when 3.3 is no longer supported, as may ``get_name`` in its place.
    """
    return str(user.get_display_name() if MINOR >= (3, 4) else user.get_name())


def allows(row: DagModel, dag: SerializedDAG, run_type: str) -> bool:
    """Tell whether the DAG allows such runs: since Airflow 3.4 the version that runs does, in 3.2 and 3.3 the DAG's row.

    The latter may go when 3.3 is no longer supported.
    """
    allowed = getattr(dag if MINOR >= (3, 4) else row, "allowed_run_types", None)
    return allowed is None or run_type in allowed


def validate_conf(dag: SerializedDAG, conf: dict[str, Any]) -> None:
    """Merge conf into the DAG's params and validate them, as create_dagrun does; until Airflow 3.1 by hand.

    May go when 3.1 is no longer supported.
    """
    if MINOR >= (3, 2):
        dag.params.deep_merge(conf).validate()
        return
    params: Any = deepcopy(dag.params)
    params.update(conf)
    params.validate()


def is_draining(row: DagModel) -> bool:
    """Tell whether Airflow pauses the DAG when its runs have ended, which came with 3.4; may go when 3.3 is not supported."""
    return bool(getattr(row, "is_draining", False))


def check_conf_keys(conf: dict[str, Any]) -> None:
    """Check that the conf has no key that Airflow reserves, which it does since 3.4; may go when 3.3 is no longer supported.

    :raises ValueError: naming the key, as Airflow's own trigger does.
    """
    if MINOR >= (3, 4):
        import_module("airflow.api_fastapi.core_api.datamodels.common").check_conf_reserved_keys(conf, root="conf")


def partitioned(timetable: Timetable) -> bool:
    """Tell whether runs have partitions, which came with Airflow 3.2; may go when 3.1 is no longer supported."""
    return bool(getattr(timetable, "partitioned", False))


def next_dagrun_info(timetable: Timetable, last: DagRunInfo | None, restriction: TimeRestriction) -> DagRunInfo | None:
    """Ask the timetable for its next date, as Airflow 3.0 and 3.1 spell it or as it is spelt since.

    May go when 3.1 is no longer supported.
    """
    if MINOR >= (3, 2):
        return timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
    return timetable.next_dagrun_info(last_automated_data_interval=last and last.data_interval, restriction=restriction)


def stats() -> Any:
    """Return Airflow's Stats. Airflow 3.0 and 3.1 keep it in another place, and 3.2's API server does not set it up.

    May go when 3.2 is no longer supported.
    """
    if MINOR < (3, 2):
        return import_module("airflow.stats").Stats
    module: Any = import_module("airflow.observability.stats")
    if MINOR < (3, 3):
        factory: Any = import_module("airflow.observability.metrics.stats_utils").get_stats_factory
        module.Stats.initialize(factory=factory(module.Stats))
    return module.Stats
