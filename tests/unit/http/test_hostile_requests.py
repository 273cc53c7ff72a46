"""What no description can hold: raw bytes in paths, queries, headers and bodies, and texts that mean something elsewhere.

Whatever is sent, the answer is one that the description has, and what is refused changes nothing.
"""

import json
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import example, given, settings, strategies as st
from jsonschema import Draft202012Validator

from airflow_run_groups.entrypoints.http.openapi.specification import describe
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.contracts.hostile import HOSTILE
from tests.envelope import error_of
from tests.unit.http.service import Service

DESCRIPTION = describe(prefix="/api/v1", value_format=ValueFormat.TEXT, requires_token=True)
ERROR = Draft202012Validator(
    {
        "type": "object",
        "properties": {"response": DESCRIPTION["components"]["schemas"]["Error"]["properties"]["response"]},
    }
)
RUNS = "/api/v1/dag_runs"
SEEN = ("example_daily", "redo_0000001_2024-12-01T00:00:00")

raw = st.binary(max_size=60)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))


@pytest.fixture(scope="module")
def service():
    service = Service()
    service.create(prefix="redo", start_date="2024-12-01", end_date="2024-12-03")
    return service


@pytest.fixture(scope="module")
def closed_service():
    return Service(authenticator=TokenAuthentication("s3cret"))


def held(answer, path, method="get"):
    """Return the answer, which the description has to have."""
    statuses = {int(status) for status in DESCRIPTION["paths"][path][method]["responses"]}
    assert answer.status_code in statuses - {500, 503, 504}, (answer.status_code, answer.text)
    if answer.status_code != 200:
        error_of(answer.json)
        ERROR.validate(answer.json)
    return answer


def runs(service):
    return [stored.run.run_id for stored in service.backend.runs]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_means_nothing_but_itself_in_every_parameter(service, text):
    before = runs(service)
    word = quote(text, safe="")
    for query in (f"prefix={word}", f"prefix={word}&dag_id=example_daily"):
        answer = held(service.get(f"{RUNS}?{query}"), "/dag_runs")
        listed = [run["run_id"] for run in answer.json["response"]["dag_runs"]]
        assert listed == [run_id for run_id in before if run_id.startswith(text)]
    assert held(service.get(f"{RUNS}?dag_id={word}"), "/dag_runs").json["response"]["dag_runs"] == []
    for query in (f"start={word}", f"limit={word}", f"state={word}", f"external_trigger=+{word}", f"{word}=1"):
        assert held(service.get(f"{RUNS}?{query}"), "/dag_runs").status_code in (400, 404), query
    for target in (word, f"{word}?dag_id=example_daily", f"{SEEN[1]}?dag_id={word}"):
        assert held(service.get(f"{RUNS}/{target}"), "/dag_runs/{run_id}").status_code == 404
    for body in (
        {"dag_id": text},
        {"dag_id": "example_daily", "start_date": text},
        {"dag_id": "example_daily", "start_date": "2024-12-01", "end_date": text},
        {"dag_id": "example_daily", "limit": text},
        {"dag_id": "example_daily", "partial": f" {text}"},
        {"dag_id": "example_daily", "conf": text},
        {"dag_id": "example_daily", text: 1},
    ):
        assert held(service.post(**body), "/dag_runs", "post").status_code in (400, 404), body
    assert runs(service) == before


@settings(max_examples=50)
@given(
    run_id=st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1)
)  # a slash begins another part
@example(run_id="a+b:c 100%_~")
@example(run_id="%2F")
@example(run_id="?a=b#c")
def test_a_run_is_found_by_its_id_however_that_is_written_in_the_path(run_id):
    service = Service()
    service.place(run_id=run_id)
    for safe in ("", "+:~!$&'()*,;=@"):
        answer = held(service.get(f"{RUNS}/{quote(run_id, safe=safe)}"), "/dag_runs/{run_id}")
        assert answer.json["response"]["dag_run"]["run_id"] == run_id
    answer = held(service.get(f"{RUNS}?prefix={quote(run_id[:250], safe='')}"), "/dag_runs")
    assert [run["run_id"] for run in answer.json["response"]["dag_runs"]] == [run_id]


@given(path=raw)
@example(path=b"/")
@example(path=b"//")
@example(path=b"\xff\xfe")
@example(path=b"..")
@example(path=b"a/../../dags")
@example(path=b"\0")
def test_any_bytes_in_a_path_get_an_answer_in_our_form(service, path):
    answer = service.get(f"{RUNS}/x{quote_from_bytes(path, safe='/')}")
    held(answer, "/dag_runs/{run_id}")
    assert answer.status_code == 404


@given(query=st.lists(st.tuples(st.one_of(st.sampled_from([b"prefix", b"start", b"limit", b"dag_id"]), raw), raw)))
def test_any_bytes_in_a_query_get_an_answer_in_our_form(service, query):
    sent = "&".join(f"{quote_from_bytes(name)}={quote_from_bytes(value)}" for name, value in query)
    held(service.get(f"{RUNS}?{sent}"), "/dag_runs")


@given(query=st.text(st.characters(codec="latin-1"), max_size=40))
@example(query="=\xff")
@example(query="&&=&==")
@example(query="=%")
@example(query="=%zz")
def test_a_query_that_is_not_encoded_gets_an_answer_in_our_form(service, query):
    held(service.client.simulate_get(RUNS, query_string=f"prefix{query}"), "/dag_runs")


HEADERS = (
    *("Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Type", "Cookie"),
    *("Date", "Expect", "Forwarded", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "Origin", "Range"),
    *("Referer", "Transfer-Encoding", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
    *("X-HTTP-Method-Override", "X-Request-Id"),
)
header_values = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=60)


@settings(max_examples=40)
@given(headers=st.dictionaries(st.sampled_from(HEADERS), header_values, max_size=4))
@example(headers={"Host": "", "Forwarded": "=;,", "X-Forwarded-Host": "[", "Accept": ";q=x"})
@example(headers={"Authorization": "Bearer", "Range": "bytes=9-1", "If-None-Match": '"'})
@pytest.mark.parametrize("target", ["/dags", "/dag_runs", "/openapi.json", "/docs", "/nothing"])
def test_no_header_brings_the_service_to_fall_or_its_answer_out_of_form(service, closed_service, target, headers):
    for asked in (service, closed_service):
        answer = asked.get(f"/api/v1{target}", headers=headers)
        assert answer.status_code in (200, 401, 403, 404)
        if answer.status_code != 200:
            ERROR.validate(answer.json)
        assert Draft202012Validator(DESCRIPTION["components"]["headers"]["X-Request-Id"]["schema"]).is_valid(
            answer.headers["x-request-id"]
        )
        assert all("\r" not in value and "\n" not in value for value in answer.headers.values())


def refused_or_created(service, body, headers=None):
    before = runs(service)
    answer = held(service.request("POST", RUNS, body=body, headers=headers), "/dag_runs", "post")
    created = answer.json["response"]["dag_run_ids"] if answer.status_code == 200 else []
    assert runs(service) == before + created
    return answer


@given(body=st.binary(max_size=200))
def test_any_bytes_as_a_body_are_refused_and_change_nothing(service, body):
    assert refused_or_created(service, body).status_code == 400


BODY = {"dag_id": "example_unscheduled", "prefix": "é", "conf": {"a": "é"}}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1", "cp037", "shift_jis", "gb18030"])
def test_a_body_in_another_encoding_is_refused_and_changes_nothing(service, encoding):
    body = json.dumps(BODY, ensure_ascii=False).encode(encoding, "replace")
    headers = {"Content-Type": f"application/json; charset={encoding}"}
    assert refused_or_created(service, body, headers).status_code == 400


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
KEYS = ("dag_id", "prefix", "start_date", "end_date", "limit", "partial", "conf")


@given(body=st.dictionaries(st.one_of(st.sampled_from(KEYS), texts), json_values, max_size=7))
def test_any_json_as_a_body_is_refused_or_creates_what_the_answer_says(service, body):
    refused_or_created(service, json.dumps(body).encode())


@given(
    body=st.fixed_dictionaries(
        {"dag_id": st.sampled_from(["example_daily", "example_unscheduled"])},
        optional={
            "prefix": texts,
            "start_date": st.datetimes().map(lambda date: date.isoformat(sep="T")),
            "end_date": st.datetimes().map(str),
            "limit": st.one_of(st.integers(-1, 501), st.integers(0, 501).map(str)),
            "partial": st.sampled_from([True, False, "True", "0"]),
            "conf": st.dictionaries(texts, json_values, max_size=2),
        },
    )
)
def test_any_group_of_the_right_form_is_refused_or_created_as_the_answer_says(service, body):
    refused_or_created(service, json.dumps(body).encode())
