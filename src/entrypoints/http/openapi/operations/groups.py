"""Listing, showing and changing groups, and acting on their runs."""

from airflow_run_groups.entrypoints.http.openapi.operations.operation import Operation, object_of, page_of, ref
from airflow_run_groups.entrypoints.http.schemas.requests.groups import GroupFilterSchema, GroupRunFilterSchema


def _action(action: str, summary: str, description: str) -> Operation:
    return Operation(
        name=f"{action}_group",
        method="post",
        path=f"/groups/{{dag_id}}/{{prefix}}/{action}",
        tag="Groups",
        summary=summary,
        description=f"{description} All runs that a response names were changed, or none. At most `limit` runs at a time, "
        "and fewer when they take long, in the order of their creation; `next_start` is where to go on.",
        body=f"{action.capitalize()}Group",
        body_required=action == "note",
        payload=ref("GroupActionResult"),
        errors=(404, 409, 413, 429, 504) if action == "retry" else (404, 413, 429, 504),
    )


OPERATIONS = (
    Operation(
        name="list_groups",
        path="/groups",
        tag="Groups",
        summary="List groups",
        description="A group is what run ids say: a prefix, a number and a date. The newest come first, each once, however "
        "many requests made its runs, by any creator. One response looks at so many runs, whatever the size of the table: a page "
        "may have fewer groups than `limit`, or none, while `next_start` still leads to others.",
        query=GroupFilterSchema,
        payload=page_of(groups="Group"),
        headers=("Link", "ETag"),
        errors=(404,),
        tagged=True,
    ),
    Operation(
        name="get_group",
        path="/groups/{dag_id}/{prefix}",
        tag="Groups",
        summary="See how far a group is",
        description="Counts of its runs by state, and when it will be done. The group `a` has no part in the runs of `a_b`. Where its "
        "`stop_after` is reached and the group goes on, as the scheduler was killed just then, this pauses it.",
        payload=object_of(group=ref("GroupProgress")),
        headers=("ETag",),
        errors=(404,),
        tagged=True,
    ),
    Operation(
        name="change_group",
        method="patch",
        path="/groups/{dag_id}/{prefix}",
        tag="Groups",
        summary="Pause, cap, pace or reorder a group",
        description="Changes whether queued runs of the group start, how many of its runs run at once, and when and in which "
        "order they start, at any time, for groups that others have made, too. Airflow's own scheduler keeps to it. A key that is left "
        "out changes nothing, and null restores the default. The same change again changes nothing. With `stop_after`, the group is "
        "paused when too many of its runs have failed, and one change with `paused` `false` resumes it. With `notify`, Airflow's "
        "schedulers tell somebody of it.",
        body="ChangeGroup",
        payload=ref("GroupChangeResult"),
        errors=(404, 413, 429, 504),
    ),
    Operation(
        name="list_group_runs",
        path="/groups/{dag_id}/{prefix}/runs",
        tag="Groups",
        summary="List the runs of a group",
        description="Exactly the runs that the group counts, in the order of their creation, a page at a time, each with the "
        "tasks that failed.",
        query=GroupRunFilterSchema,
        payload=page_of(dag_runs="GroupRun"),
        headers=("Link", "ETag"),
        errors=(404,),
        tagged=True,
    ),
    _action(
        "cancel",
        "Cancel the runs of a group",
        "The queued runs of the group fail at once, and with `running` those, too, that have started, as when their state "
        "is set to failed in Airflow: their tasks end, but for teardown tasks, after which such a run ends as failed. Airflow's "
        "listeners are called.",
    ),
    _action(
        "retry",
        "Retry the runs of a group",
        "Clears tasks as Airflow does: of the failed runs those tasks that failed or were stopped before they could run, or with "
        "`all` every task of every run that has ended.",
    ),
    _action(
        "note",
        "Set the note of the runs of a group",
        "It is shown beside each run in Airflow, in place of a note that is there.",
    ),
)
