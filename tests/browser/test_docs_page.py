"""The page on which to try requests, in a real browser: under gunicorn, in an ASGI server's mount, behind a proxy."""

import socket
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from a2wsgi import WSGIMiddleware
from fastapi import FastAPI

from airflow_run_groups.entrypoints.airflow.mount import MountedApp
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.demo import demo_app
from tests.integration.http_memory.server import serving

TOKEN = "s3cret-token"
RUN_ID = "redo_0000001_2025-02-01T00:00:00"


@contextmanager
def gunicorn(folder):
    with serving(folder / "log", AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH=TOKEN) as server:
        yield f"http://127.0.0.1:{server.port}", "/api/v1"


@contextmanager
def mount_below_a_path(folder):
    airflow = FastAPI(root_path="/data/airflow")
    airflow.mount("/api/v1", MountedApp(app(prefix=""), "/api/v1", receive_timeout=5))
    with asgi(airflow) as origin:
        yield origin, "/data/airflow/api/v1"


@contextmanager
def proxy_that_takes_a_path_away(folder):
    service = WSGIMiddleware(app())

    async def proxy(scope, receive, send):
        path = scope["path"].removeprefix("/groups")
        await service({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    with asgi(proxy) as origin:
        yield origin, "/groups/api/v1"


def app(**more):
    return demo_app(authenticator=TokenAuthentication(TOKEN), **more)


@contextmanager
def asgi(application):
    server = uvicorn.Server(uvicorn.Config(application, lifespan="off", log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


KINDS = (gunicorn, mount_below_a_path, proxy_that_takes_a_path_away)
FILES = ("docs", "docs/swagger-ui.css", "docs/docs.css", "docs/swagger-ui-bundle.js", "docs/docs.js", "openapi.json")


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def service(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("service")) as (origin, root):
        yield SimpleNamespace(origin=origin, root=f"{origin}{root}")


def test_page_is_of_our_own_files_alone_and_sends_its_requests_to_the_service(browser, service):
    browser.open(f"{service.root}/docs")
    browser.see(".title", "Groups of Airflow DAG runs")
    assert browser.requests() == [f"{service.root}/{file}" for file in FILES]
    assert browser.complaints() == []
    execute(browser, "list_dags", answer="a token is required", status="401")
    assert browser.requests() == [f"{service.root}/dags"]


def test_a_slash_at_the_end_makes_no_difference(browser, service):
    browser.open(f"{service.root}/docs/")
    browser.see(".title", "Groups of Airflow DAG runs")
    assert browser.driver.current_url == f"{service.root}/docs"
    assert browser.complaints() == []


@pytest.mark.parametrize("service", [gunicorn], indirect=True, ids=["gunicorn"])
def test_a_request_with_a_token_is_tried_and_answered(browser, service):
    browser.open(f"{service.root}/docs")
    browser.click(".auth-wrapper .authorize")
    browser.write(".auth-container input", TOKEN)
    browser.click(".auth-btn-wrapper .authorize")
    browser.click(".auth-btn-wrapper .btn-done")

    browser.requests()
    execute(browser, "create_dag_runs", answer=RUN_ID, status="200")
    execute(browser, "get_dag_run", answer='"state"', status="200")
    paths = ("dag_runs", f"dag_runs/{RUN_ID.replace(':', '%3A')}")
    assert set(browser.requests()) == {f"{service.root}/{path}" for path in paths}
    assert browser.complaints() == []
    listed = httpx.get(f"{service.root}/dag_runs", headers={"Authorization": TOKEN}).json()["response"]["dag_runs"]
    assert listed[0]["run_id"] == RUN_ID


def execute(browser, operation, *, answer, status):
    """Try an operation as the page proposes it, and see its answer."""
    here = f"[id$={operation}]"
    browser.click(f"{here} .opblock-summary-control")
    browser.click(f"{here} .try-out__btn")
    browser.click(f"{here} .execute")
    browser.see(f"{here} .live-responses-table .response-col_status", status)
    browser.see(f"{here} .live-responses-table .response-col_description", answer)
