"""The story of docs/http.md, told with the client that openapi-python-client makes."""

import sys
import time

from run_groups import Client
from run_groups.api.da_gs import list_dags
from run_groups.api.dag_runs import create_dag_runs, get_dag_run, list_dag_runs
from run_groups.api.groups import cancel_group, get_group, list_groups, note_group, retry_group
from run_groups.api.health import ready
from run_groups.models import (
    CancelGroup,
    CancelGroupResponse200,
    CreateDagRunsResponse200,
    CreatedRuns,
    Error,
    GetDagRunResponse200,
    GetGroupResponse200,
    GroupProgress,
    GroupRequest,
    ListDagRunsResponse200,
    ListDagRunsState,
    ListDagsResponse200,
    ListGroupsResponse200,
    NoteGroup,
    NoteGroupResponse200,
    Plan,
    ReadyResponse200,
    RetryGroup,
    RetryGroupResponse200,
    RetryGroupWhich,
)

DAG = "example_daily"


def plan_and_create(client: Client) -> None:
    body = GroupRequest(dag_id=DAG, prefix="redo", start_date="2025-02-01", end_date="2025-02-03", dry_run=True)
    planned = create_dag_runs.sync(client=client, body=body)
    assert isinstance(planned, CreateDagRunsResponse200)
    assert isinstance(planned.response, Plan)
    assert [date.action.value for date in planned.response.plan] == ["create"] * 3
    body.dry_run = False
    created = create_dag_runs.sync(client=client, body=body)
    assert isinstance(created, CreateDagRunsResponse200)
    assert isinstance(created.response, CreatedRuns)
    assert created.response.dag_run_ids == planned.response.dag_run_ids
    body.end_date = "2025-02-05"
    body.limit = 1
    body.partial = True
    more = create_dag_runs.sync(client=client, body=body)
    assert isinstance(more, CreateDagRunsResponse200)
    assert isinstance(more.response, CreatedRuns)
    assert more.response.dag_run_ids == ["redo_0000004_2025-02-04T00:00:00"]
    assert more.response.existing == 3
    assert more.response.next_start_date is not None
    assert more.response.next_start_date.isoformat() == "2025-02-05T00:00:00+00:00"


def list_and_show(client: Client) -> None:
    page = list_dag_runs.sync(client=client, prefix="redo_", limit=3)
    assert isinstance(page, ListDagRunsResponse200)
    assert page.response.next_start is not None
    rest = list_dag_runs.sync(client=client, prefix="redo_", start=page.response.next_start)
    assert isinstance(rest, ListDagRunsResponse200)
    (last,) = rest.response.dag_runs
    assert rest.response.next_start is None
    shown = get_dag_run.sync(last.run_id, client=client, dag_id=DAG)
    assert isinstance(shown, GetDagRunResponse200)
    assert shown.response.dag_run.run_id == "redo_0000004_2025-02-04T00:00:00"


def watch(client: Client) -> None:
    groups = list_groups.sync(client=client, dag_id=DAG)
    assert isinstance(groups, ListGroupsResponse200)
    (group,) = groups.response.groups
    deadline = time.monotonic() + 30
    while (progress := progress_of(client, group.prefix)).done < 1:
        assert time.monotonic() < deadline, progress
        time.sleep(0.2)
    assert progress.states.success == progress.runs == 4
    succeeded = list_dag_runs.sync(client=client, dag_id=DAG, state=ListDagRunsState.SUCCESS)
    assert isinstance(succeeded, ListDagRunsResponse200)
    assert len(succeeded.response.dag_runs) == 4


def cancel_note_and_retry(client: Client) -> None:
    body = GroupRequest(
        dag_id=DAG, prefix="later", dates=["2025-03-01", "2025-03-02"], not_before="2100-01-01T00:00:00Z"
    )
    created = create_dag_runs.sync(client=client, body=body)
    assert isinstance(created, CreateDagRunsResponse200)
    assert isinstance(created.response, CreatedRuns)
    run_ids = created.response.dag_run_ids
    cancelled = cancel_group.sync(DAG, "later", client=client, body=CancelGroup(running=True))
    assert isinstance(cancelled, CancelGroupResponse200)
    assert cancelled.response.dag_run_ids == run_ids
    assert progress_of(client, "later").states.failed == 2
    noted = note_group.sync(DAG, "later", client=client, body=NoteGroup(note="wrong prices", limit=1))
    assert isinstance(noted, NoteGroupResponse200)
    assert noted.response.dag_run_ids == run_ids[:1]
    assert noted.response.next_start is not None
    retried = retry_group.sync(DAG, "later", client=client, body=RetryGroup(which=RetryGroupWhich.ALL, dry_run=True))
    assert isinstance(retried, RetryGroupResponse200)
    assert retried.response.dry_run
    assert retried.response.dag_run_ids == run_ids


def look_around(client: Client) -> None:
    dags = list_dags.sync(client=client)
    assert isinstance(dags, ListDagsResponse200)
    assert DAG in [dag.dag_id for dag in dags.response.dags]
    health = ready.sync(client=client)
    assert isinstance(health, ReadyResponse200)
    assert health.response.status == "ready"
    wrong = create_dag_runs.sync_detailed(client=client, body=GroupRequest(dag_id="nowhere"))
    assert wrong.status_code == 404
    assert isinstance(wrong.parsed, Error)
    assert wrong.parsed.response.error == "Dag id 'nowhere' not found"


def progress_of(client: Client, prefix: str) -> GroupProgress:
    shown = get_group.sync(DAG, prefix, client=client)
    assert isinstance(shown, GetGroupResponse200)
    return shown.response.group


if __name__ == "__main__":
    with Client(base_url=sys.argv[1]) as service:
        for part in (plan_and_create, list_and_show, watch, cancel_note_and_retry, look_around):
            part(service)
