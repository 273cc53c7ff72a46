"""When a request is sent again, and when that would do something twice."""

from dataclasses import replace

import httpx
import pytest
from airflow_run_groups.adapters.client import Client, GroupRequest, RefusedByService, Unreachable
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication

from tests.unit.client.line import BROKEN, REFUSED, TIMED_OUT, Line, answer, page

TWO = GroupRequest(dag_id="example_daily", prefix="p", start_date="2024-12-01", end_date="2024-12-02")
ONE_NOW = GroupRequest(dag_id="example_daily", prefix="p")
IDS = ["p_0000001_2024-12-01T00:00:00", "p_0000002_2024-12-02T00:00:00"]

LOST = {"timed out": TIMED_OUT, "broken": BROKEN}
NEVER_DONE = {
    "refused": REFUSED,
    "no connection in time": httpx.ConnectTimeout("timed out"),
    "the service's 503": answer(503, "the database does not answer"),
    "the service's 429": answer(429, "no more than 1/minute"),
    "the service's 408": answer(408, "the request was not complete"),
}
NOBODY_KNOWS = {**LOST, **{f"a proxy's {status}": page(status) for status in (502, 503, 504)}}
FINAL = {"500": answer(500, "the service failed"), "a page": page(200), "a proxy's 404": page(404)}


def named(faults):
    return pytest.mark.parametrize("fault", faults.values(), ids=faults.keys())


@named({**NEVER_DONE, **NOBODY_KNOWS})
def test_a_request_that_says_its_dates_is_sent_again_until_it_is_answered(line, fault):
    line.lose(fault, fault)
    created = line.client.create(TWO)
    assert line.runs() == IDS
    assert len(created["dag_run_ids"]) + created["existing"] == 2
    assert len(line.between.sent) == 3
    assert len(line.waits) == len(line.retries) == 2


@named(NEVER_DONE)
def test_one_run_now_is_asked_for_again_when_it_is_known_that_there_is_none(line, fault):
    line.lose(fault)
    assert line.client.create(ONE_NOW)["dag_run_ids"] == line.runs()
    assert [repeat.response_lost for repeat in line.retries] == [False]


@named(NOBODY_KNOWS)
def test_one_run_now_is_not_asked_for_again_when_there_may_be_one(line, fault):
    line.lose(fault)
    with pytest.raises(Unreachable) as caught:
        line.client.create(ONE_NOW)
    assert not caught.value.nothing_was_done
    assert len(line.between.sent) == 1


@named(FINAL)
def test_what_another_time_would_not_help_is_not_sent_again(line, fault):
    line.lose(fault)
    with pytest.raises(Unreachable):
        line.client.create(TWO)
    assert len(line.between.sent) == 1


def test_a_repeat_tells_why_and_whether_an_answer_may_be_lost(line):
    line.lose(TIMED_OUT, answer(503, "the database does not answer"))
    line.client.dags()
    assert [(repeat.reason, repeat.response_lost) for repeat in line.retries] == [
        ("http://localhost/api/v1/dags does not answer (timed out)", True),
        ("the database does not answer", False),
    ]
    assert [repeat.seconds for repeat in line.retries] == line.waits


def test_pauses_grow_and_end(line):
    line.lose(*[REFUSED] * 100)
    with pytest.raises(Unreachable, match="Connection refused") as caught:
        line.client.dags()
    assert caught.value.nothing_was_done
    assert all(0.5 <= pause <= 10 for pause in line.waits)
    assert line.waits[:4] == sorted(line.waits[:4])
    assert sum(line.waits) <= 60
    assert len(line.waits) > 5


def test_the_service_says_when_to_come_again(line):
    line.lose(answer(429, "later", Retry_After="17"), answer(503, "later", Retry_After="0"))
    line.client.create(TWO)
    assert line.waits[0] == 17
    assert 0.5 <= line.waits[1] < 17


def test_a_wait_that_is_longer_than_the_client_goes_on_is_not_begun(line):
    line.lose(answer(429, "no more than 1/hour", Retry_After="3000"))
    with pytest.raises(Unreachable, match="no more than 1/hour") as caught:
        line.client.create(TWO)
    assert caught.value.nothing_was_done
    assert line.waits == []


def test_who_wants_no_repeat_gets_none(line):
    line.lose(REFUSED)
    with line.connect(retry_for=0) as client, pytest.raises(Unreachable):
        client.dags()
    assert line.waits == []


@pytest.mark.parametrize("status", [408, 429, 503])
def test_what_the_service_cannot_do_now_is_no_refusal_and_is_told_in_its_words(line, status):
    line.lose(*[answer(status, "the database does not answer")] * 100)
    with pytest.raises(Unreachable, match=r"^the database does not answer$") as caught:
        line.client.dags()
    assert caught.value.nothing_was_done


def test_what_the_service_refuses_comes_with_its_words_and_the_id_of_the_request(line):
    with pytest.raises(RefusedByService, match=r"^Dag id 'nowhere' not found$") as caught:
        line.client.create(GroupRequest(dag_id="nowhere"))
    assert caught.value.status == 404
    assert caught.value.request_id
    assert len(line.between.sent) == 1


def test_an_answer_of_somebody_else_is_shown_without_what_a_terminal_would_obey(line):
    line.lose(page(403, "<title>\x1b[31mForbidden\x1b[0m</title>\r\n by the proxy"))
    with pytest.raises(Unreachable) as caught:
        line.client.dags()
    assert str(caught.value) == (
        "http://localhost/api/v1/dags is not this service: it answered 403 with text/html: "
        "'<title> [31mForbidden [0m</title> by the proxy'"
    )


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"dags": None, "groups": None, "group": None, "dag_runs": None, "dag_run_ids": None, "next_start": None},
        {"dags": [1], "groups": [1], "group": {}, "dag_runs": ["a"], "dag_run_ids": [], "next_start": []},
        {"dags": [{"dag_id": 1}], "groups": {}, "group": [], "dag_runs": {}, "dag_run_ids": "abc"},
    ],
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.dags(),
        lambda client: client.group("a", "p"),
        lambda client: list(client.groups("a")),
        lambda client: list(client.runs(dag_id="a")),
        lambda client: client.create(TWO),
        lambda client: client.plan(TWO),
        lambda client: client.cancel("a", "p"),
        lambda client: client.note("a", "p", "text"),
    ],
)
def test_an_answer_in_the_services_form_that_says_something_else_is_nobodys_answer(line, ask, response):
    line.lose(httpx.Response(200, json={"response": response}))
    with pytest.raises(Unreachable, match="is not this service: it answered 200"):
        ask(line.client)


def test_a_refusal_without_a_reason_is_nobodys_answer(line):
    line.lose(httpx.Response(404, json={"response": {}}))
    with pytest.raises(Unreachable, match="is not this service: it answered 404"):
        line.client.dags()


def test_a_newer_service_may_say_more(line):
    dag = {"dag_id": "a", "is_active": True, "full_path": "a.py", "last_execution": None, "owner": "me"}
    line.lose(httpx.Response(200, json={"response": {"dags": [dag], "count": 1}}))
    assert line.client.dags() == [dag]


def deep(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "conf",
    [{"a": float("nan")}, {"a": float("inf")}, {"a": "\ud800"}, {"a": deep(100_000)}, {"a": object()}],
    ids=["nan", "inf", "half", "deep", "object"],
)
def test_a_conf_that_is_no_json_is_not_sent(line, conf):
    for asked in (
        {"conf": conf},
        {"conf_per_run": [conf, {}], "start_date": None, "dates": ["2024-12-01", "2024-12-02"]},
    ):
        with pytest.raises(ValueError, match="no request can send it as JSON"):
            line.client.create(replace(TWO, **asked))
    assert line.between.sent == []


def test_a_text_that_cannot_be_encoded_is_not_sent(line):
    for ask in (
        lambda: line.client.create(replace(TWO, note="\udcff")),
        lambda: line.client.group("\udcff", "p"),
        lambda: line.client.cancel("a", "\udcff"),
        lambda: list(line.client.groups("\udcff")),
        lambda: list(line.client.runs(prefix="\udcff")),
    ):
        with pytest.raises(ValueError, match=r"no request can send|no text that a request can send"):
            ask()
    assert line.between.sent == []


@pytest.mark.parametrize("text", ['{"detail": "Not Found"}', "[]", "null", '{"response": 1}', ""])
def test_json_that_is_not_the_services_is_nobodys_answer(line, text):
    line.lose(httpx.Response(404, text=text, headers={"Content-Type": "application/json"}))
    with pytest.raises(Unreachable, match="is not this service"):
        line.client.dags()


def test_the_token_goes_with_each_request_and_shows_in_no_error():
    line = Line(authenticator=TokenAuthentication("green-key"))
    with line.connect(token="green-key") as client:
        assert client.dags()
        line.lose(httpx.ReadError("gone"), page(403))
        with pytest.raises(Unreachable) as caught:
            client.dags()
        assert "green" not in repr(caught.value)
    with pytest.raises(RefusedByService, match="a token is required") as caught:
        line.client.dags()
    assert caught.value.status == 401


def test_a_token_is_sent_in_utf_8(line):
    line.lose(answer(401, "not the right one"))
    with line.connect(token="Schlüssel") as client, pytest.raises(RefusedByService):
        client.dags()
    assert dict(line.between.headers[0].raw)[b"Authorization"] == "Bearer Schlüssel".encode()


@pytest.mark.parametrize("token", ["", " a", "a\n", "a\tb", "a\r\nX: b"])
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(token):
    with pytest.raises(ValueError, match="no request can send it") as caught:
        Client("http://localhost", token)
    assert repr(token) not in str(caught.value)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://", "http://:80", "", "/api/v1"])
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ValueError, match="must begin with http"):
        Client(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:abc",
        "http://127.0.0.1:99999",
        "http://xn--zz--.com",
        "http://a..b",
        "http://[::1",
        "http://h/\udcff",
        "http://h/\x1b",
    ],
)
def test_a_url_to_which_nothing_could_be_sent_is_refused(url):
    with pytest.raises(ValueError, match="is no URL"):
        Client(url)


@pytest.mark.parametrize(
    "url", ["http://localhost:80", "https://[::1]:8000/below", "http://bücher.example", "HTTP://h"]
)
def test_hosts_have_names_and_numbers(url):
    Client(url).close()


@pytest.mark.parametrize("url", ["http://u:s3cret@h", "http://s3cret@h/", "ftp://u:s3cret@h", "u:s3cret@h"])
def test_a_url_with_a_password_is_refused_without_showing_it(url):
    with pytest.raises(ValueError, match="the URL must") as caught:
        Client(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://h/?x=1", "http://h?", "http://h/#x"])
def test_a_url_that_goes_on_behind_its_path_is_refused(url):
    with pytest.raises(ValueError, match="must end with its path"):
        Client(url)


@pytest.mark.parametrize(
    "url", ["http://h/below", "http://h/below/", "http://h/below/api/v1", "http://h/below/api/v1/"]
)
def test_the_service_may_have_a_path_above_its_own(line, url):
    line.lose(httpx.Response(200, json={"response": {"dags": []}}))
    with line.connect(url) as client:
        assert client.dags() == []
    assert line.between.sent == [("GET", "/below/api/v1/dags", None)]
