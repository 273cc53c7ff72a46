"""A DAG of the in-memory backend: name what matters, the rest has Airflow's defaults."""

import datetime as dt
from dataclasses import dataclass, field

from airflow_run_groups.adapters.memory.params import Params, check_schemas
from airflow_run_groups.domain import Dag, DagRunState, TaskWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryDag:
    """A DAG as its author would write it.

    ``schedule``: a cron expression or preset such as ``@daily``, read in UTC; a timedelta; or None.
    ``fileloc``: the file it would come from, by default ``dags/<dag_id>.py``.
    ``task_windows``: those of its tasks, in place of one task for all dates from ``start_date`` to ``end_date``.
    ``depends_on_past``: that of its tasks. ``fails``: all of its runs do. ``fails_first_on``: the weekdays, 0 for
    Monday, of the logical dates whose runs fail when they are executed for the first time, and succeed when they run again. ``bundle_version``: the one version of its bundle, None for none.
    ``task_ids``: its tasks by their ids.
    ``params``: a schema for each param, see :data:`~airflow_run_groups.adapters.memory.params.Params`.

    :raises ValueError: when a param's schema asks for more than is supported.
    """

    dag_id: str
    schedule: str | dt.timedelta | None = None
    start_date: dt.datetime | None = None
    end_date: dt.datetime | None = None
    task_windows: frozenset[TaskWindow] | None = None
    catchup: bool = False
    depends_on_past: bool = False
    is_paused: bool = False
    is_stale: bool = False
    max_active_runs: int = 16
    fails: bool = False
    fails_first_on: frozenset[int] = frozenset()
    has_import_errors: bool = False
    allows_manual_runs: bool = True
    fileloc: str = ""
    bundle_version: str | None = None
    task_ids: tuple[str, ...] = ("task_0",)
    tags: tuple[str, ...] = ()
    params: Params = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_schemas(self.params)
        if not self.fileloc:
            object.__setattr__(self, "fileloc", f"dags/{self.dag_id}.py")

    def outcome(self, logical_date: dt.datetime | None, *, executions: int) -> DagRunState:
        """Return the state in which a run of this date ends that has been executed so many times, this one included."""
        is_flaky = executions == 1 and logical_date is not None and logical_date.weekday() in self.fails_first_on
        return DagRunState.FAILED if self.fails or is_flaky else DagRunState.SUCCESS

    @property
    def tasks_of_a_run(self) -> int:
        """How many task instances a run has, at most."""
        return max(len(self.task_ids), len(self.task_windows or ()))

    @property
    def version(self) -> str:
        """The identity of this version of the DAG."""
        windows = None if self.task_windows is None else sorted(map(str, self.task_windows))
        return str((self.schedule, self.start_date, self.end_date, windows, self.params, self.bundle_version))

    @property
    def as_planned(self) -> Dag:
        return Dag(
            dag_id=self.dag_id,
            is_paused=self.is_paused,
            max_active_runs=self.max_active_runs,
            start_date=self.start_date,
            end_date=self.end_date,
            task_windows=self.task_windows,
            is_scheduled=self.schedule is not None,
            counts_from_last_run=isinstance(self.schedule, dt.timedelta),
            catchup=self.catchup,
            depends_on_past=self.depends_on_past,
            has_import_errors=self.has_import_errors,
            allows_manual_runs=self.allows_manual_runs,
        )
