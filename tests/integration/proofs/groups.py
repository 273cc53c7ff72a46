"""A group of tens of thousands of runs, made and asked after over HTTP."""

STEP = 500


def post(server, path, body):
    while True:
        answer = server.client.post(f"/api/v1/{path}", json=body)
        if answer.status_code != 503:  # the scheduler has SQLite's lock
            assert answer.status_code == 200, answer.text
            return answer.json()["response"]


def create(server, dag_id, *, runs):
    """Create the group ``group`` of so many dates of a DAG that has one every minute."""
    body = {"dag_id": dag_id, "prefix": "group", "partial": True, "end_date": "2021-12-31"}
    start, made = "2020-02-01T00:00:00Z", 0
    while made < runs:
        created = post(server, "dag_runs", {**body, "start_date": start, "limit": min(STEP, runs - made)})
        made += len(created["dag_run_ids"])
        start = created["next_start_date"]


def group_of(server, dag_id):
    return server.client.get(f"/api/v1/groups/{dag_id}/group").json()["response"]["group"]
