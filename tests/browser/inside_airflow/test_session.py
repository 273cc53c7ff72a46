"""The browser's own session with Airflow: pages of Airflow's origin use it, and those of other sites get nowhere with it."""

import json
from types import SimpleNamespace

import pytest

from tests.browser.conftest import NAME
from tests.browser.inside_airflow.server import DAG_ID, ROOT, give_cookie, have_session, sign_in
from tests.integration.airflow.processes import wait_until

ATTACKS = """
const [root, dagId, done] = arguments;
const range = {start_date: "2025-01-01", end_date: "2025-01-02"};
const group = (prefix) => JSON.stringify({dag_id: dagId, prefix, ...range});
const post = (prefix, more) => fetch(`${root}/dag_runs`, {method: "POST", credentials: "include", body: group(prefix), ...more});
const json = {headers: {"Content-Type": "application/json"}};
const blob = (prefix) => new Blob([group(prefix)], {type: "application/json"});
const form = (prefix, enctype) => new Promise((sent) => {
  const frame = Object.assign(document.createElement("iframe"), {name: prefix, onload: () => sent("sent")});
  document.body.append(frame);
  const form = Object.assign(document.createElement("form"), {action: `${root}/dag_runs`, method: "POST", enctype, target: prefix});
  const [name, value] = [group(prefix).replace(/}$/, ', "note": "'), '"}'];   // sent as text, it is JSON with the note "="
  form.append(Object.assign(document.createElement("input"), {name, value}));
  document.body.append(form);
  form.submit();
});
const tries = {
  no_cors: (prefix) => post(prefix, {mode: "no-cors"}),
  no_cors_json: (prefix) => post(prefix, {mode: "no-cors", ...json}),
  no_cors_blob: (prefix) => post(prefix, {mode: "no-cors", body: blob(prefix)}),
  no_cors_bytes: (prefix) => post(prefix, {mode: "no-cors", body: new TextEncoder().encode(group(prefix))}),
  cors_text: (prefix) => post(prefix, {}),
  cors_json: (prefix) => post(prefix, json),
  beacon_text: async (prefix) => navigator.sendBeacon(`${root}/dag_runs`, group(prefix)),
  beacon_json: async (prefix) => navigator.sendBeacon(`${root}/dag_runs`, blob(prefix)),
  form_text: (prefix) => form(prefix, "text/plain"),
  form_fields: (prefix) => form(prefix, "application/x-www-form-urlencoded"),
  form_parts: (prefix) => form(prefix, "multipart/form-data"),
  change: () => fetch(`${root}/groups/${dagId}/kept`, {method: "PATCH", credentials: "include", body: '{"paused": true}', ...json}),
  cancel: () => fetch(`${root}/groups/${dagId}/kept/cancel`, {method: "POST", mode: "no-cors", credentials: "include"}),
  read: () => fetch(`${root}/dags`, {credentials: "include"}).then((answer) => answer.text()),
  script: () => new Promise((good, bad) => {
    const script = Object.assign(document.createElement("script"), {src: `${root}/dags`, onload: good, onerror: bad});
    document.head.append(script);
  }),
};
Promise.all(Object.entries(tries).map(([name, attempt]) =>
  attempt(name).then((got) => [name, String(got?.type ?? got)], () => [name, "refused"]))).then(done);
"""
FORM = """
const [root, dagId] = arguments;
const form = Object.assign(document.createElement("form"), {action: `${root}/dag_runs`, method: "POST", enctype: "text/plain"});
const name = `{"dag_id": "${dagId}", "prefix": "top", "start_date": "2025-01-01", "end_date": "2025-01-02", "note": "`;
form.append(Object.assign(document.createElement("input"), {name, value: '"}'}));
document.body.append(form);
form.submit();
"""
CALL = """
const [method, url, type, body, done] = arguments;
fetch(url, {method, ...(type && {headers: {"Content-Type": type}}), ...(body && {body})})
  .then(async (answer) => done([answer.status, await answer.json()]), (error) => done([0, String(error)]));
"""
READS = {"read", "script"}


@pytest.fixture(scope="module")
def kept(airflow):
    """Make a group there that attacks would change."""
    body = {"dag_id": DAG_ID, "prefix": "kept", "start_date": "2025-01-01", "end_date": "2025-01-03"}
    airflow.ask("/dag_runs", method="POST", json=body)
    return airflow.run_ids()


def nothing_has_happened(airflow, kept):
    assert sorted(airflow.run_ids()) == sorted(kept)
    group = airflow.ask(f"/groups/{DAG_ID}/kept")["group"]
    assert (group["states"]["queued"], group["control"]) == (3, None)
    return True


def call(browser, method, url, body=None, content_type="application/json"):
    """Have the open page send a request as a page of ours does: without a token."""
    text = None if body is None else json.dumps(body)
    return browser.driver.execute_async_script(CALL, method, url, content_type, text)


def test_page_of_ours_acts_as_the_user_who_has_signed_in(browser, airflow):
    cookie = sign_in(browser, airflow, "op")
    # as others of these tests make it by themselves
    assert (cookie["httpOnly"], cookie["path"]) == (airflow.manager.cookie["httpOnly"], f"{ROOT}/")
    api = f"{airflow.root}/api/v1"
    browser.open(f"{api}/ui/")
    status, answer = call(browser, "GET", f"{api}/dags", content_type=None)
    assert status == 200, answer
    assert DAG_ID in [dag["dag_id"] for dag in answer["response"]["dags"]]
    group = {"dag_id": DAG_ID, "prefix": "own", "start_date": "2024-01-01", "end_date": "2024-01-02"}
    status, answer = call(browser, "POST", f"{api}/dag_runs", group)
    assert status == 200, answer
    assert "caller='Olga'" in airflow.output
    status, answer = call(browser, "POST", f"{api}/groups/{DAG_ID}/own/cancel", {"running": True})
    assert status == 200, answer
    assert browser.complaints() == []


def test_page_of_ours_does_no_more_than_the_user_may(browser, airflow):
    have_session(browser, airflow, "viewer")
    browser.open(f"{airflow.root}/api/v1/ui/")
    group = {"dag_id": DAG_ID, "prefix": "viewers", "start_date": "2024-01-01", "end_date": "2024-01-02"}
    status, answer = call(browser, "POST", f"{airflow.root}/api/v1/dag_runs", group)
    assert (status, answer["response"]["reason"]) == (403, "may_not_create_runs")


def test_form_that_is_injected_into_a_page_of_our_origin_gets_nowhere(browser, airflow, kept):
    have_session(browser, airflow, "op")
    since = len(airflow.output)
    browser.driver.execute_script(FORM, f"{airflow.root}/api/v1", DAG_ID)
    airflow.wait_for_refusal(since, "POST", "session_write_not_json")
    assert nothing_has_happened(airflow, kept)


@pytest.fixture(
    params=[
        ("another port", "127.0.0.1"),
        ("another host", "127.0.0.1"),
        ("no site", "127.0.0.1"),
        ("another host", NAME),
    ],
    ids=["another port", "another host", "no site", "another port over plain HTTP"],
)
def attack(request, browser, airflow, elsewhere):
    """Have a browser that has just signed in, and return the page of another site that attacks, and our API as it has it."""
    site, host = request.param
    have_session(browser, airflow, "op", host=host)
    is_same_site = site == "another port" or host == NAME
    return SimpleNamespace(
        page=elsewhere[site],
        api=f"http://{host}:{airflow.port}{ROOT}/api/v1",
        says_site=host != NAME,
        posts_have_the_cookie=is_same_site or airflow.manager.sends_posts_of_other_sites,
    )


def test_page_of_another_site_does_nothing_with_the_session(browser, airflow, kept, attack):
    since = len(airflow.output)
    browser.open(attack.page)
    tried = dict(browser.driver.execute_async_script(ATTACKS, attack.api, DAG_ID))
    assert {name: tried[name] for name in READS} == dict.fromkeys(READS, "refused")
    browser.driver.execute_script(
        FORM, attack.api, DAG_ID
    )  # one that the browser shows: it has the cookie of a new session
    if attack.posts_have_the_cookie:
        airflow.wait_for_refusal(since, "POST", "session_cross_origin")
    else:
        airflow.wait_for_refusal(since, "POST", "airflow_token_required")
    assert nothing_has_happened(airflow, kept)
    assert {status for _, _, status, _ in airflow.refusals(since)} <= {401, 403}


def test_link_of_another_site_shows_nothing_where_the_browser_says_so(browser, airflow, attack):
    since = len(airflow.output)
    browser.open(attack.page)
    browser.driver.execute_script("location.href = `${arguments[0]}/dags`", attack.api)
    if attack.says_site:
        airflow.wait_for_refusal(since, "GET", "session_cross_origin")
    else:
        browser.see("body", DAG_ID)  # the person sees it, and the other site does not


def test_session_that_was_ended_is_ended_here_too(browser, airflow):
    token = have_session(browser, airflow, "op")
    api = f"{airflow.root}/api/v1"
    browser.open(f"{api}/ui/")
    assert call(browser, "GET", f"{api}/dags", content_type=None)[0] == 200
    browser.open(f"{airflow.root}/api/v2/auth/logout")
    browser.open(f"{api}/ui/")
    status, answer = call(browser, "GET", f"{api}/dags", content_type=None)
    assert (status, answer["response"]["reason"]) == (401, "airflow_token_required")
    if airflow.revokes_tokens:

        def has_ended():
            give_cookie(browser, airflow, token)  # which the page drops with the session
            status, answer = call(browser, "GET", f"{api}/dags", content_type=None)
            return (status, answer["response"].get("reason")) == (401, "session_ended")

        wait_until(has_ended, what="the end of the second for which a read may go on")
