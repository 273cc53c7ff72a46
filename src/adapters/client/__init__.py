"""A client of the service, for scripts and for the commands of the terminal."""

from airflow_run_groups.adapters.client.async_client import (
    AsyncClient as AsyncClient,
)
from airflow_run_groups.adapters.client.client import (
    Client as Client,
)
from airflow_run_groups.adapters.client.errors import (
    ClientError as ClientError,
    NoConnection as NoConnection,
    RefusedByService as RefusedByService,
    Unreachable as Unreachable,
    Unsendable as Unsendable,
)
from airflow_run_groups.adapters.client.groups.steps import (
    GroupRequest as GroupRequest,
    Step as Step,
    expected_seconds as expected_seconds,
    parse_date as parse_date,
    same_but_for_numbers as same_but_for_numbers,
    stretches_of as stretches_of,
)
from airflow_run_groups.adapters.client.responses import (
    Coverage as Coverage,
    CoveredDate as CoveredDate,
    CreatedRuns as CreatedRuns,
    Dag as Dag,
    DagCoverage as DagCoverage,
    DagDetails as DagDetails,
    DagRun as DagRun,
    Group as Group,
    GroupActionResult as GroupActionResult,
    GroupChangeResult as GroupChangeResult,
    GroupProgress as GroupProgress,
    GroupRun as GroupRun,
    Me as Me,
    Plan as Plan,
    PlannedDate as PlannedDate,
    PlanSummary as PlanSummary,
    Stretch as Stretch,
)
from airflow_run_groups.adapters.client.sending.retries import (
    UpcomingRetry as UpcomingRetry,
)
from airflow_run_groups.adapters.client.sending.sign_in import (
    AirflowUser as AirflowUser,
    asks_for_airflows_users as asks_for_airflows_users,
    login_url as login_url,
    sign_in as sign_in,
)
