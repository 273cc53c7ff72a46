"""The rules of groups of DAG runs, with no more than the standard library: plan a group, number it, read its ids back."""

from airflow_run_groups.domain.about import (
    MAX_DESCRIPTION_LENGTH as MAX_DESCRIPTION_LENGTH,
    MAX_LABEL_LENGTH as MAX_LABEL_LENGTH,
    MAX_LABELS as MAX_LABELS,
    About as About,
)
from airflow_run_groups.domain.audit import (
    Denial as Denial,
)
from airflow_run_groups.domain.control.change import (
    KEEP as KEEP,
    ChangedGroup as ChangedGroup,
    GroupChange as GroupChange,
)
from airflow_run_groups.domain.control.control import Control as Control
from airflow_run_groups.domain.control.notification import (
    GroupEvent as GroupEvent,
    Notify as Notify,
)
from airflow_run_groups.domain.control.pace import (
    Order as Order,
    Pace as Pace,
)
from airflow_run_groups.domain.control.stop_after import (
    StopAfter as StopAfter,
    Stopped as Stopped,
)
from airflow_run_groups.domain.coverage import (
    Coverage as Coverage,
    CoverageRequest as CoverageRequest,
    CoverageStretch as CoverageStretch,
    CoveredDate as CoveredDate,
    DateStatus as DateStatus,
)
from airflow_run_groups.domain.dag_search import (
    DagDetails as DagDetails,
    DagFilter as DagFilter,
    DagPage as DagPage,
)
from airflow_run_groups.domain.errors import (
    AmbiguousRunId as AmbiguousRunId,
    BundleVersionNotFound as BundleVersionNotFound,
    ClusterPolicyFailed as ClusterPolicyFailed,
    Conflict as Conflict,
    CustomCodeFailed as CustomCodeFailed,
    CustomCodeTimeout as CustomCodeTimeout,
    DagBusy as DagBusy,
    DagNotFound as DagNotFound,
    DagNotTriggerable as DagNotTriggerable,
    DagRunNotFound as DagRunNotFound,
    DagUnreadable as DagUnreadable,
    DatabaseReadOnly as DatabaseReadOnly,
    DeadlineExceeded as DeadlineExceeded,
    DomainError as DomainError,
    Forbidden as Forbidden,
    GroupExists as GroupExists,
    GroupNotFound as GroupNotFound,
    InsufficientPrivilege as InsufficientPrivilege,
    InvalidConf as InvalidConf,
    MayNotChangeRuns as MayNotChangeRuns,
    MayNotCreateRuns as MayNotCreateRuns,
    NoListener as NoListener,
    NotFound as NotFound,
    OutcomeUnknown as OutcomeUnknown,
    PlanChanged as PlanChanged,
    PlanExpired as PlanExpired,
    Refused as Refused,
    SchemaUnknown as SchemaUnknown,
    TimetableFailed as TimetableFailed,
    TooManyRuns as TooManyRuns,
    TooManyTaskInstances as TooManyTaskInstances,
    TooManyUnfinishedRuns as TooManyUnfinishedRuns,
    Unauthenticated as Unauthenticated,
    Unavailable as Unavailable,
    UnknownNotifier as UnknownNotifier,
    UnsupportedAirflowVersion as UnsupportedAirflowVersion,
)
from airflow_run_groups.domain.groups.actions import (
    MAX_NOTE_LENGTH as MAX_NOTE_LENGTH,
    Cancel as Cancel,
    GroupAction as GroupAction,
    GroupActionResult as GroupActionResult,
    Note as Note,
    Retry as Retry,
    Which as Which,
)
from airflow_run_groups.domain.groups.group import (
    Group as Group,
    GroupChangeResult as GroupChangeResult,
    GroupPage as GroupPage,
    GroupProgress as GroupProgress,
    GroupRun as GroupRun,
    GroupRunFilter as GroupRunFilter,
    GroupRunPage as GroupRunPage,
    PausedPage as PausedPage,
    StateCounts as StateCounts,
)
from airflow_run_groups.domain.groups.search import (
    GroupFilter as GroupFilter,
    GroupState as GroupState,
)
from airflow_run_groups.domain.groups.waiting import (
    WaitsFor as WaitsFor,
)
from airflow_run_groups.domain.model import (
    MAX_DAG_ID_LENGTH as MAX_DAG_ID_LENGTH,
    MAX_LIMIT as MAX_LIMIT,
    Conf as Conf,
    Dag as Dag,
    DagRun as DagRun,
    DagRunFilter as DagRunFilter,
    DagRunPage as DagRunPage,
    DagRunState as DagRunState,
    DagRunType as DagRunType,
    DagSummary as DagSummary,
    TaskWindow as TaskWindow,
)
from airflow_run_groups.domain.planning.conf import (
    MAX_CONF_BYTES as MAX_CONF_BYTES,
    MAX_CONFS_BYTES as MAX_CONFS_BYTES,
    ConfPerRun as ConfPerRun,
    conf_size as conf_size,
)
from airflow_run_groups.domain.planning.facts import (
    ExistingGroup as ExistingGroup,
    PlanningFacts as PlanningFacts,
)
from airflow_run_groups.domain.planning.plan import (
    plan_group as plan_group,
)
from airflow_run_groups.domain.planning.plan_id import (
    PlanId as PlanId,
)
from airflow_run_groups.domain.planning.request import (
    GroupRequest as GroupRequest,
)
from airflow_run_groups.domain.planning.rerun import (
    ReprocessBehavior as ReprocessBehavior,
)
from airflow_run_groups.domain.planning.runs import (
    Action as Action,
    CreatedRuns as CreatedRuns,
    ExistingRun as ExistingRun,
    NewDagRun as NewDagRun,
    Plan as Plan,
    PlannedDate as PlannedDate,
    RerunDagRun as RerunDagRun,
)
from airflow_run_groups.domain.planning.summary import (
    Detail as Detail,
    PlanSummary as PlanSummary,
    Stretch as Stretch,
    summarise as summarise,
)
from airflow_run_groups.domain.ports import (
    AuditLog as AuditLog,
    Caller as Caller,
    DagRepository as DagRepository,
    DagRunRepository as DagRunRepository,
    DagSnapshot as DagSnapshot,
    DagTransaction as DagTransaction,
    GroupRepository as GroupRepository,
)
from airflow_run_groups.domain.rights import (
    Rights as Rights,
)
from airflow_run_groups.domain.run_id import (
    DEFAULT_PREFIX as DEFAULT_PREFIX,
    DEFAULT_RUN_ID_PATTERN as DEFAULT_RUN_ID_PATTERN,
    MAX_RUN_ID_LENGTH as MAX_RUN_ID_LENGTH,
    GroupRunId as GroupRunId,
    check_run_id as check_run_id,
    group_prefix as group_prefix,
    has_address as has_address,
    name_of_group as name_of_group,
)
from airflow_run_groups.domain.timetable import (
    DagRunInfo as DagRunInfo,
    DataInterval as DataInterval,
    Interval as Interval,
    Timetable as Timetable,
)
from airflow_run_groups.domain.unfinished import (
    UnfinishedRunLimits as UnfinishedRunLimits,
    UnfinishedRuns as UnfinishedRuns,
)
from airflow_run_groups.domain.use_cases.coverage import (
    Coverages as Coverages,
)
from airflow_run_groups.domain.use_cases.coverage_pages import (
    CoveragePage as CoveragePage,
    CoveragePages as CoveragePages,
    CoveragesRequest as CoveragesRequest,
    DagCoverage as DagCoverage,
    Problem as Problem,
)
from airflow_run_groups.domain.use_cases.create_runs import (
    CreateRuns as CreateRuns,
)
from airflow_run_groups.domain.use_cases.groups import (
    Groups as Groups,
)
