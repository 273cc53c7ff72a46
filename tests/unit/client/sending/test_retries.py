"""Which requests are retried, and which ones a retry could apply twice."""

from dataclasses import replace

import httpx
import pytest

from airflow_run_groups.adapters.client import (
    Client,
    ClientError,
    GroupRequest,
    NoConnection,
    RefusedByService,
    Unreachable,
)
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.unit.client.network import BROKEN, REFUSED, TIMED_OUT, Network, error_response, proxy_page

TWO = GroupRequest(dag_id="example_daily", prefix="p", start_date="2024-12-01", end_date="2024-12-02")
ONE_NOW = GroupRequest(dag_id="example_daily", prefix="p")
IDS = ["p_0000001_2024-12-01T00:00:00", "p_0000002_2024-12-02T00:00:00"]

LOST = {"timed out": TIMED_OUT, "broken": BROKEN}
NOTHING_DONE = {
    "refused": REFUSED,
    "no connection in time": httpx.ConnectTimeout("timed out"),
    "the service's 503": error_response(503, "the database does not respond"),
    "the service's 429": error_response(429, "no more than 1/minute"),
    "the service's 408": error_response(408, "the request was not complete"),
}
CUT_OFF = httpx.Response(200, text='{"response": {"dag_run_ids": ["p_00', headers={"Content-Type": "application/json"})
OUTCOME_UNKNOWN = {
    **LOST,
    **{f"a proxy's {status}": proxy_page(status) for status in (502, 503, 504)},
    **{f"a proxy's {status} in our form": error_response(status, "upstream") for status in (502, 504)},
    "the service's 504": error_response(504, "may exist or not", reason="outcome_unknown"),
    "a killed worker": httpx.ReadError("Connection reset by peer"),
    "half a request": httpx.WriteError("Broken pipe"),
    "a body cut off": httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    "half of the JSON": CUT_OFF,
    "half of the compressed body": httpx.DecodingError("Error -5 while decompressing data"),
}
FINAL = {"500": error_response(500, "the service failed"), "a page": proxy_page(200), "a proxy's 404": proxy_page(404)}


def named(faults):
    return pytest.mark.parametrize("fault", faults.values(), ids=faults.keys())


@named({**NOTHING_DONE, **OUTCOME_UNKNOWN})
def test_create_with_dates_is_retried(network, fault):
    network.inject(fault, fault)
    created = network.client.create(TWO)
    assert network.runs() == IDS
    assert len(created["dag_run_ids"]) + created["existing"] == 2
    assert len(network.requests) == 3
    assert len(network.pauses) == len(network.retries) == 2


@named(NOTHING_DONE)
def test_one_run_now_is_retried_when_nothing_was_done(network, fault):
    network.inject(fault)
    assert network.client.create(ONE_NOW)["dag_run_ids"] == network.runs()
    assert [repeat.response_lost for repeat in network.retries] == [False]


@named(OUTCOME_UNKNOWN)
def test_one_run_now_is_not_retried_after_a_lost_response(network, fault):
    network.inject(fault)
    with pytest.raises(Unreachable) as caught:
        network.client.create(ONE_NOW)
    assert not caught.value.nothing_was_done
    assert len(network.requests) == 1


@named(FINAL)
def test_final_failure_is_not_retried(network, fault):
    network.inject(fault)
    with pytest.raises(Unreachable):
        network.client.create(TWO)
    assert len(network.requests) == 1


@named(OUTCOME_UNKNOWN)
@pytest.mark.parametrize("last", [REFUSED, error_response(503, "busy"), error_response(403, "may not")])
def test_first_response_lost_leaves_doubt_whatever_the_last_one_says(network, fault, last):
    network.inject(fault, *[last] * 100)
    with pytest.raises(ClientError) as caught:
        network.client.create(TWO)
    assert not caught.value.nothing_was_done


def test_refusal_did_nothing(network):
    network.inject(error_response(503, "busy"), error_response(403, "may not"))
    with pytest.raises(RefusedByService) as caught:
        network.client.create(TWO)
    assert caught.value.nothing_was_done


def test_errors_have_the_reason_of_the_service(network):
    with pytest.raises(RefusedByService) as refused:
        network.client.create(GroupRequest(dag_id="nowhere"))
    network.inject(error_response(504, "may exist or not", reason="outcome_unknown"))
    with pytest.raises(Unreachable) as unknown:
        network.client.create(ONE_NOW)
    network.inject(proxy_page(500))
    with pytest.raises(Unreachable) as foreign:
        network.client.create(ONE_NOW)
    assert [caught.value.reason for caught in (refused, unknown, foreign)] == ["dag_not_found", "outcome_unknown", None]


def test_on_retry_gets_reason_and_whether_a_response_was_lost(network):
    network.inject(TIMED_OUT, error_response(503, "the database does not respond"))
    network.client.dags()
    assert [(repeat.reason, repeat.response_lost) for repeat in network.retries] == [
        ("http://localhost/api/v1/dags does not respond (timed out)", True),
        ("the database does not respond", False),
    ]
    assert [repeat.seconds for repeat in network.retries] == network.pauses


def test_pauses_grow_and_end(network):
    network.inject(*[REFUSED] * 100)
    with pytest.raises(Unreachable, match="Connection refused") as caught:
        network.client.dags()
    assert caught.value.nothing_was_done
    assert all(0.5 <= pause <= 10 for pause in network.pauses)
    assert network.pauses[:4] == sorted(network.pauses[:4])
    assert sum(network.pauses) <= 60
    assert len(network.pauses) > 5


def test_retry_after_replaces_the_pause(network):
    network.inject(error_response(429, "later", Retry_After="17"), error_response(503, "later", Retry_After="0"))
    network.client.create(TWO)
    assert network.pauses[0] == 17
    assert 0.5 <= network.pauses[1] < 17


def test_retry_after_beyond_retry_for_ends_at_once(network):
    network.inject(error_response(429, "no more than 1/hour", Retry_After="3000"))
    with pytest.raises(Unreachable, match="no more than 1/hour") as caught:
        network.client.create(TWO)
    assert caught.value.nothing_was_done
    assert network.pauses == []


def test_retry_for_0_means_no_retry(network):
    network.inject(REFUSED)
    with network.connect(retry_for=0) as client, pytest.raises(Unreachable):
        client.dags()
    assert network.pauses == []


@pytest.mark.parametrize("status", [408, 429, 503])
def test_unavailable_service_is_no_refusal(network, status):
    network.inject(*[error_response(status, "the database does not respond")] * 100)
    with pytest.raises(Unreachable, match=r"^the database does not respond$") as caught:
        network.client.dags()
    assert caught.value.nothing_was_done


def test_refusal_has_text_status_and_request_id(network):
    with pytest.raises(RefusedByService, match=r"^Dag id 'nowhere' not found$") as caught:
        network.client.create(GroupRequest(dag_id="nowhere"))
    assert caught.value.status == 404
    assert caught.value.request_id
    assert len(network.requests) == 1


def test_foreign_page_is_shown_without_control_characters(network):
    network.inject(proxy_page(403, "<title>\x1b[31mForbidden\x1b[0m</title>\r\n by the proxy"))
    with pytest.raises(Unreachable) as caught:
        network.client.dags()
    assert str(caught.value) == (
        "http://localhost/api/v1/dags is not this service: it responded 403 with text/html: "
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
    "call",
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
def test_foreign_payload_is_unreachable(network, call, response):
    network.inject(httpx.Response(200, json={"response": response}))
    with pytest.raises(Unreachable, match="is not this service: it responded 200"):
        call(network.client)


def test_refusal_without_text_is_unreachable(network):
    network.inject(httpx.Response(404, json={"response": {}}))
    with pytest.raises(Unreachable, match="is not this service: it responded 404"):
        network.client.dags()


def test_unknown_keys_are_accepted(network):
    dag = {"dag_id": "a", "is_active": True, "full_path": "a.py", "last_execution": None, "owner": "me"}
    network.inject(httpx.Response(200, json={"response": {"dags": [dag], "count": 1}}))
    assert network.client.dags() == [dag]


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
def test_conf_that_is_no_json_is_unsendable(network, conf):
    for changes in (
        {"conf": conf},
        {"conf_per_run": [conf, {}], "start_date": None, "dates": ["2024-12-01", "2024-12-02"]},
    ):
        with pytest.raises(ValueError, match="no request can send it as JSON"):
            network.client.create(replace(TWO, **changes))
    assert network.requests == []


def test_half_characters_are_unsendable(network):
    for call in (
        lambda: network.client.create(replace(TWO, note="\udcff")),
        lambda: network.client.group("\udcff", "p"),
        lambda: network.client.cancel("a", "\udcff"),
        lambda: list(network.client.groups("\udcff")),
        lambda: list(network.client.runs(prefix="\udcff")),
    ):
        with pytest.raises(ValueError, match=r"no request can send|no text that a request can send"):
            call()
    assert network.requests == []


@pytest.mark.parametrize("text", ['{"detail": "Not Found"}', "[]", "null", '{"response": 1}', ""])
def test_foreign_json_is_unreachable(network, text):
    network.inject(httpx.Response(404, text=text, headers={"Content-Type": "application/json"}))
    with pytest.raises(Unreachable, match="is not this service"):
        network.client.dags()


def test_token_is_sent_and_shows_in_no_error():
    network = Network(authenticator=TokenAuthentication("green-key"))
    with network.connect(token="green-key") as client:
        assert client.dags()
        network.inject(httpx.ReadError("gone"), proxy_page(403))
        with pytest.raises(Unreachable) as caught:
            client.dags()
        assert "green" not in repr(caught.value)
    with pytest.raises(RefusedByService, match="a token is required") as caught:
        network.client.dags()
    assert caught.value.status == 401


def test_token_is_sent_in_utf_8(network):
    network.inject(error_response(401, "not the right one"))
    with network.connect(token="Schlüssel") as client, pytest.raises(RefusedByService):
        client.dags()
    assert dict(network.headers[0].raw)[b"Authorization"] == "Bearer Schlüssel".encode()


@pytest.mark.parametrize("token", ["", " a", "a\n", "a\tb", "a\r\nX: b"])
def test_unsendable_token_is_not_shown(token):
    with pytest.raises(ValueError, match="no request can send it") as caught:
        Client("http://localhost", token)
    assert repr(token) not in str(caught.value)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://", "http://:80", "", "/api/v1"])
def test_url_needs_scheme_and_host(url):
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
def test_invalid_url(url):
    with pytest.raises(ValueError, match="is no URL"):
        Client(url)


@pytest.mark.parametrize(
    "url", ["http://localhost:80", "https://[::1]:8000/below", "http://bücher.example", "HTTP://h"]
)
def test_valid_urls(url):
    Client(url).close()


@pytest.mark.parametrize("url", ["http://u:s3cret@h", "http://s3cret@h/", "ftp://u:s3cret@h", "u:s3cret@h"])
def test_url_with_password_is_not_shown(url):
    with pytest.raises(ValueError, match="the URL must") as caught:
        Client(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://h/?x=1", "http://h?", "http://h/#x"])
def test_url_with_query_or_fragment(url):
    with pytest.raises(ValueError, match="must end with its path"):
        Client(url)


@pytest.mark.parametrize(
    "url", ["http://h/below", "http://h/below/", "http://h/below/api/v1", "http://h/below/api/v1/"]
)
def test_url_with_path(network, url):
    network.inject(httpx.Response(200, json={"response": {"dags": []}}))
    with network.connect(url) as client:
        assert client.dags() == []
    assert network.requests == [("GET", "/below/api/v1/dags", None)]


def test_service_that_never_responded_is_tried_for_a_shorter_time(network):
    network.inject(*[REFUSED] * 40)
    with pytest.raises(NoConnection) as error:
        network.connect(retry_for=60, connect_for=5).dags()
    assert error.value.nothing_was_done
    assert sum(network.pauses) <= 5
    assert all(repeat.no_connection for repeat in network.retries)


@pytest.mark.parametrize(
    ("reason", "may_pass_later"), [("schema_unknown", True), ("insufficient_privilege", False), ("unavailable", True)]
)
def test_service_that_was_never_set_up_is_tried_for_a_shorter_time(network, reason, may_pass_later):
    client = network.connect(retry_for=60, connect_for=5)

    def seconds_of_retries():
        network.pauses.clear()
        network.inject(*[error_response(503, "set it up", reason=reason)] * 40)
        with pytest.raises(Unreachable, match="set it up"):
            client.dags()
        network.heal()
        return sum(network.pauses)

    assert (0 < seconds_of_retries() <= 5) is (reason != "unavailable")
    client.dags()
    assert (seconds_of_retries() > 5) is may_pass_later


def test_service_that_has_responded_is_tried_as_long_as_any(network):
    client = network.connect(retry_for=60, connect_for=5)
    client.dags()
    network.inject(*[REFUSED] * 40)
    with pytest.raises(NoConnection):
        client.dags()
    assert sum(network.pauses) > 5
