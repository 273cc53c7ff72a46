"""Where no token is set, the service serves its own page in a real browser, and no page of another site."""

import pytest

from tests.browser.conftest import NAME
from tests.integration.http_memory.server import serving

ATTACK = """
const [root, done] = arguments;
const tries = {
  create: () => fetch(`${root}/dag_runs`, {method: "POST", mode: "no-cors", body: '{"dag_id": "example_unscheduled"}'}),
  ask: () => fetch(`${root}/dag_runs`, {method: "POST", headers: {"X-Any": "1"}, body: '{"dag_id": "example_daily"}'}),
  change: () => fetch(`${root}/dag_runs`, {method: "PATCH", body: '{"dag_id": "example_daily"}'}),
  read: () => fetch(`${root}/dags`).then((answer) => answer.text()),
  script: () => new Promise((good, bad) => {
    const script = Object.assign(document.createElement("script"), {src: `${root}/dags`, onload: good, onerror: bad});
    document.head.append(script);
  }),
};
Promise.all(Object.entries(tries).map(([name, attempt]) =>
  attempt().then((got) => [name, String(got.type ?? got)], () => [name, "refused"]))).then(done);
"""

FRAME = """
const [src, done] = arguments;
document.body.append(Object.assign(document.createElement("iframe"), {src, onload: () => done()}));
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("open") / "log") as server:
        yield server


@pytest.mark.parametrize("site", ["another port", "no site"])
def test_a_page_of_another_site_creates_nothing_and_reads_nothing(browser, server, elsewhere, site):
    browser.open(elsewhere[site])
    root = f"http://127.0.0.1:{server.port}/api/v1"
    tried = dict(browser.driver.execute_async_script(ATTACK, root))
    # the first is sent, and not even that is told
    assert tried == dict.fromkeys(("create", "ask", "change", "read", "script"), "refused")
    assert server.get("/api/v1/dag_runs")[2]["response"]["dag_runs"] == []


@pytest.fixture(scope="module")
def named_server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("named") / "log", AIRFLOW__AIRFLOW_API_PLUGIN__ALLOWED_HOSTS=NAME) as server:
        yield server


def test_a_page_of_another_port_of_an_allowed_host_creates_nothing_and_reads_nothing(browser, named_server, elsewhere):
    browser.open(elsewhere["another port"].replace("127.0.0.1", NAME))
    assert not browser.driver.execute_script("return window.isSecureContext")
    tried = dict(browser.driver.execute_async_script(ATTACK, f"http://{NAME}:{named_server.port}/api/v1"))
    assert tried == dict.fromkeys(("create", "ask", "change", "read", "script"), "refused")
    assert named_server.get("/api/v1/dag_runs")[2]["response"]["dag_runs"] == []


def test_the_page_of_the_service_itself_creates_runs_at_an_allowed_host(browser, named_server):
    browser.open(f"http://{NAME}:{named_server.port}/api/v1/docs")
    tried = dict(browser.driver.execute_async_script(ATTACK, f"http://{NAME}:{named_server.port}/api/v1"))
    assert tried["create"] == "basic"
    assert named_server.get("/api/v1/dag_runs")[2]["response"]["dag_runs"] != []


def test_no_other_page_has_ours_in_a_frame(browser, server, elsewhere):
    browser.open(elsewhere["another port"])
    browser.driver.execute_async_script(FRAME, f"http://127.0.0.1:{server.port}/api/v1/docs")
    assert [said for said in browser.complaints() if "frame-ancestors" in said]


def test_the_page_of_the_service_itself_sends_requests_without_a_token(browser, server):
    browser.open(f"http://127.0.0.1:{server.port}/api/v1/docs")
    here = "[id$=list_dags]"
    browser.click(f"{here} .opblock-summary-control")
    browser.click(f"{here} .try-out__btn")
    browser.click(f"{here} .execute")
    browser.see(f"{here} .live-responses-table .response-col_status", "200")
