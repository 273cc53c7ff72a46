"""The service in Airflow's API server, as Airflow's users know it, by the side of the same service on its own.

The API server has two workers, a ``base_url`` with a path, and other plugins, among them that of the project whose package is
called airflow-api-plugin. The service on its own lies below the same path.
"""

import http.client
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from sqlalchemy import select

from airflow_run_groups.operators import RunGroupHook
from tests.contracts.bad_requests import BAD_REQUESTS
from tests.integration.airflow import versions
from tests.integration.airflow.plugin.installed import (
    BIN,
    USERS,
    api_server,
    environment,
    install_other_project,
    token,
)
from tests.integration.airflow.processes import Server, free_port, stop

ROOT = "/data/airflow"
WORKERS = 2 if versions.MINOR >= (3, 1) else 1
"""Airflow 3.0 gives up a second worker that does not answer within 5 seconds, and a busy machine takes longer to start one."""
OTHER_PLUGIN = """
import os

from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI

app = FastAPI()


@app.get("/here")
def here():
    return "beside"


class NamesTheWorker:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def sends(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-worker", str(os.getpid()).encode())]
            await send(message)

        await self.app(scope, receive, sends)


class OtherPlugin(AirflowPlugin):
    name = "other"
    fastapi_apps = [{"app": app, "url_prefix": "/beside", "name": "beside"}]
    fastapi_root_middlewares = [{"middleware": NamesTheWorker, "args": [], "kwargs": {}, "name": "worker"}]
"""


@pytest.fixture(scope="module")
def servers(site, database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("api-server")
    (folder / "plugins").mkdir()
    (folder / "plugins" / "other.py").write_text(OTHER_PLUGIN)
    shared = {
        **environment(site, folder),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"),
        "AIRFLOW__AIRFLOW_API_PLUGIN__DISABLED": "true",  # an option of the other project's
        "PYTHONPATH": os.pathsep.join([str(site), str(install_other_project(folder / "other"))]),
    }
    mounted = api_server(folder / "mounted.log", shared, root=ROOT, workers=WORKERS)
    port = free_port()
    alone = Server(
        *(str(BIN / "airflow-groups"), "serve", "--bind", f"127.0.0.1:{port}"),
        port=port,
        log=folder / "alone.log",
        environment={**shared, "AIRFLOW__AIRFLOW_API_PLUGIN__AUTH": "airflow", "SCRIPT_NAME": ROOT},
    )
    try:
        mounted.wait(f"{ROOT}/api/v2/version", seconds=180)
        alone.wait(f"{ROOT}/health/ready", seconds=180)
        tokens = {role: token(mounted, role, ROOT) for role in USERS}
        yield SimpleNamespace(mounted=mounted, alone=alone, tokens=tokens, world=database)
    finally:
        stop(mounted, alone)


@pytest.fixture
def call(servers):
    """Call the mounted service as the user with a role."""
    servers.world.clear_runs()

    def call(role, method, path, **more):
        headers = {} if role is None else {"Authorization": f"Bearer {servers.tokens[role]}"}
        return servers.mounted.client.request(method, f"{ROOT}/api/v1{path}", headers=headers, **more)

    return call


def group(**more):
    return {"dag_id": "example_daily", "prefix": "p", "start_date": "2020-01-01", "end_date": "2020-01-03", **more}


@pytest.mark.parametrize("name", ["mounted", "alone"])
def test_commands_sign_in_with_airflows_own_login(servers, name):
    def dags(password):
        environment = {
            **os.environ,
            "AIRFLOW_GROUPS_URL": f"{getattr(servers, name).url}{ROOT}",
            "AIRFLOW_GROUPS_AIRFLOW_URL": f"{servers.mounted.url}{ROOT}",
            "AIRFLOW_GROUPS_USER": "Sally",
            "AIRFLOW_GROUPS_PASSWORD": password,
        }
        command = [str(BIN / "airflow-groups"), "dags", "-o", "plain"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    done = dags("Sally")
    assert (done.returncode, "example_daily" in done.stdout) == (0, True), done.stderr
    refused = dags("wrong")
    assert (refused.returncode, "does not let 'Sally' in" in refused.stderr) == (3, True), refused.stderr


@pytest.mark.parametrize("name", ["mounted", "alone"])
def test_an_airflow_connection_signs_in_as_an_airflow_user(servers, monkeypatch, name):
    def pressed_test(password):
        extra = {"airflow_url": f"{servers.mounted.url}{ROOT}"}
        fields = {"host": f"{getattr(servers, name).url}{ROOT}", "login": "Sally", "password": password, "extra": extra}
        connection = json.dumps({"conn_type": "airflow_run_groups", **fields})
        monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_RUN_GROUPS_DEFAULT", connection)
        return RunGroupHook().test_connection()

    assert pressed_test("Sally") == (True, f"Connected to {getattr(servers, name).url}{ROOT}")
    is_good, message = pressed_test("wrong")
    assert (is_good, "does not let 'Sally' in" in message) == (False, True)


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("user", 200), ("op", 200), ("admin", 200)])
def test_every_role_sees_and_those_that_may_trigger_runs_create(servers, call, role, status):
    (daily, unscheduled) = call(role, "GET", "/dags").json()["response"]["dags"]
    assert (daily["dag_id"], unscheduled["dag_id"]) == ("example_daily", "example_unscheduled")
    answer = call(role, "POST", "/dag_runs", json=group())
    assert answer.status_code == status
    created = answer.json()["response"].get("dag_run_ids", [])
    assert len(created) == (3 if status == 200 else 0)
    for query in ("", "?dag_id=example_daily"):
        listed = call(role, "GET", f"/dag_runs{query}").json()["response"]["dag_runs"]
        assert [run["run_id"] for run in listed] == created
    for run_id in created:
        assert call(role, "GET", f"/dag_runs/{run_id}").status_code == 200
    if versions.USER_OF_THE_TRIGGER:
        with servers.world.sessions() as session:
            assert set(session.scalars(select(DagRun.triggering_user_name))) == ({USERS[role]} if created else set())


def test_whoever_created_a_group_stands_in_airflows_event_log(servers, call):
    call("op", "POST", "/dag_runs", json=group(conf={"password": "secret"}))
    call("op", "POST", "/dag_runs", json=group(end_date="2020-01-04"))
    call("op", "POST", "/dag_runs", json=group(end_date="2020-01-04"))
    call("viewer", "POST", "/dag_runs", json=group(end_date="2020-01-05"))
    headers = {"Authorization": f"Bearer {servers.tokens['admin']}"}
    query = {"event": "trigger_dag_run", "owner": USERS["op"], "order_by": "-id", "limit": 2}
    entries = servers.mounted.client.get(f"{ROOT}/api/v2/eventLogs", params=query, headers=headers).json()["event_logs"]
    assert [(entry["dag_id"], entry["event"], entry["owner"]) for entry in entries] == [
        ("example_daily", "trigger_dag_run", USERS["op"])
    ] * 2
    assert [json.loads(entry["extra"]) for entry in entries] == [
        {
            "prefix": "p",
            "dag_runs": 1,
            "first_logical_date": "2020-01-04T00:00:00+00:00",
            "last_logical_date": "2020-01-04T00:00:00+00:00",
            "existing": 3,
        },
        {
            "prefix": "p",
            "dag_runs": 3,
            "first_logical_date": "2020-01-01T00:00:00+00:00",
            "last_logical_date": "2020-01-03T00:00:00+00:00",
            "existing": 0,
        },
    ]
    with servers.world.sessions() as session:
        assert set(session.scalars(select(Log.owner).where(Log.event == "trigger_dag_run"))) <= set(USERS.values())


def test_whoever_was_refused_a_group_stands_in_airflows_event_log(servers, call):
    answer = call("viewer", "POST", "/dag_runs", json=group(conf={"password": "secret"}))
    assert answer.status_code == 403
    headers = {"Authorization": f"Bearer {servers.tokens['admin']}"}
    query = {"event": "forbidden", "owner": USERS["viewer"], "order_by": "-id", "limit": 1}
    (entry,) = servers.mounted.client.get(f"{ROOT}/api/v2/eventLogs", params=query, headers=headers).json()[
        "event_logs"
    ]
    assert (entry["dag_id"], entry["owner"]) == ("example_daily", USERS["viewer"])
    assert json.loads(entry["extra"]) == {
        "request": f"POST {ROOT}/api/v1/dag_runs",
        "reason": answer.json()["response"]["error"],
    }


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic QWRhOkFkYQ=="])
@pytest.mark.parametrize(("method", "path"), [("GET", "/dags"), ("GET", "/dag_runs/x"), ("POST", "/dag_runs")])
def test_nobody_passes_without_a_token_of_airflows(servers, header, method, path):
    headers = {} if header is None else {"Authorization": header}
    answer = servers.mounted.client.request(method, f"{ROOT}/api/v1{path}", headers=headers, json=group())
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "/auth/token" in answer.json()["response"]["error"]


@pytest.mark.parametrize(
    ("name", "fetch_site", "status", "reason"),
    [
        ("mounted", "same-origin", 200, None),
        ("mounted", "same-site", 403, "session_cross_origin"),
        ("mounted", "cross-site", 403, "session_cross_origin"),
        ("alone", "same-origin", 401, "airflow_token_required"),
    ],
)
def test_session_of_a_browser_counts_in_the_api_server_and_for_its_own_pages_only(
    servers, name, fetch_site, status, reason
):
    headers = {"Cookie": f"_token={servers.tokens['admin']}", "Sec-Fetch-Site": fetch_site}
    answer = getattr(servers, name).client.get(f"{ROOT}/api/v1/dags", headers=headers)
    assert (answer.status_code, answer.json()["response"].get("reason")) == (status, reason)


@pytest.mark.parametrize("path", ["live", "ready"])
def test_health_needs_no_token(call, path):
    assert call(None, "GET", f"/health/{path}").json() == {"response": {"status": path}}


@pytest.mark.parametrize("root", [ROOT, ""])
def test_links_lead_on_and_hints_hold_the_whole_path_also_when_a_proxy_has_taken_its_beginning_away(
    servers, call, root
):
    call("user", "POST", "/dag_runs", json=group())
    headers = {"Authorization": f"Bearer {servers.tokens['user']}"}
    answer = servers.mounted.client.get(f"{root}/api/v1/dag_runs?limit=2", headers=headers)
    link = answer.url.join(answer.links["next"]["url"])
    following = servers.mounted.client.get(link, headers=headers).json()["response"]
    assert [run["run_id"] for run in following["dag_runs"]] == ["p_0000003_2020-01-03T00:00:00"]
    error = servers.mounted.client.get(f"{root}/api/v1/connections").json()["response"]["error"]
    assert error.endswith(f"Airflow's own API, which was here in Airflow 2, is {ROOT}/api/v2")


def test_all_workers_and_the_other_plugin_serve(servers, call):
    headers = {"Authorization": f"Bearer {servers.tokens['user']}", "Connection": "close"}
    assert servers.mounted.client.get(f"{ROOT}/beside/here").json() == "beside"

    def ask(number):
        body = group(prefix="shared", end_date="2020-01-20")
        answer = servers.mounted.client.post(f"{ROOT}/api/v1/dag_runs", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.headers["x-worker"], len(answer.json()["response"]["dag_run_ids"])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(40)))
    assert len({worker for worker, _ in answers}) == WORKERS
    assert sorted(count for _, count in answers) == [0] * 39 + [20]


def test_the_other_projects_plugin_is_loaded_with_its_option_beside_ours(servers, call):
    headers = {"Authorization": f"Bearer {servers.tokens['admin']}"}
    plugins = servers.mounted.client.get(f"{ROOT}/api/v2/plugins", headers=headers).json()["plugins"]
    assert {plugin["name"] for plugin in plugins} == {"airflow_run_groups", "airflow_api_plugin", "other"}
    assert call("user", "GET", "/dags").status_code == 200


def raw(server, method, target, body, headers):
    """Send it as it is, and return what comes back, without what is the server's own."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    try:
        connection.putrequest(method, ROOT + target, skip_accept_encoding=True)
        for name, value in {"Content-Length": str(len(body)), "X-Request-Id": "r", **headers}.items():
            connection.putheader(name, value.encode())
        connection.endheaders(body)
        answer = connection.getresponse()
        own = ("content-type", "link", "www-authenticate", "x-request-id", "allow", "retry-after")
        content = re.sub(rb'"plan_id":"[^"]+"', b'"plan_id"', answer.read())  # which holds the present moment
        if answer.status == 400:  # such a refusal may name the present moment
            content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+", b"", content)
        return answer.status, {name: answer.headers[name] for name in own}, content
    finally:
        connection.close()


def test_the_service_on_its_own_gives_the_same_answers_byte_for_byte(servers, call):
    call("user", "POST", "/dag_runs", json=group(end_date="2020-02-10"))
    run_id = "p_0000001_2020-01-01T00:00:00"
    requests = [
        *(("GET", f"/api/v1/dag_runs{query}", b"", {}) for query in ("", "?limit=2", "?state=queued&limit=3")),
        *(("GET", f"/api/v1/dag_runs?{query}", b"", {}) for query in ("prefix=p_&start=2", f"start={run_id}")),
        *(
            ("GET", f"/api/v1/dag_runs/{path}", b"", {})
            for path in (run_id, f"{run_id}?dag_id=example_daily", "%C3%A9")
        ),
        *(("GET", f"/api/v1{path}", b"", {}) for path in ("/dags", "/dags/", "/health/live", "/health/ready")),
        *(
            ("GET", f"/api/v1{path}", b"", {})
            for path in ("/connections", "/dags/example_daily/dagRuns", "/", "//", "//dags")
        ),
        ("POST", "/api/v1/dag_runs", json.dumps(group(end_date="2020-02-10")).encode(), {}),
        ("POST", "/api/v1/dag_runs", json.dumps(group(dag_id="no_such_dag")).encode(), {}),
        ("OPTIONS", "/api/v1/dag_runs", b"", {}),
        *((bad.method, bad.target, bad.body, bad.headers) for bad in BAD_REQUESTS if bad.target.startswith("/api/v1/")),
    ]
    different = []
    for role in (*USERS, None):
        who = {} if role is None else {"Authorization": f"Bearer {servers.tokens[role]}"}
        for method, target, body, headers in requests:
            mounted, alone = (
                raw(server, method, target, body, {**headers, **who}) for server in (servers.mounted, servers.alone)
            )
            if mounted != alone and method not in {
                "BREW",
                "WEBSOCKET",
            }:  # which Airflow's server refuses before it asks anybody
                different.append((role, method, target, body[:80], mounted, alone))
    assert different == []
    assert len(requests) > 150
