"""The reads for an event loop: each is sent once, and an unchanged group costs a response without a body."""

import asyncio

import httpx
import pytest

from airflow_run_groups.adapters.client import AsyncClient, GroupRequest, RefusedByService, Unreachable
from tests.unit.client.network import BROKEN, REFUSED, TIMED_OUT, error_response, proxy_page

GROUP = ("example_paused", "p")


@pytest.fixture
def read(network):
    """Return a function that calls methods of one client, one after the other, and returns what they return."""

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            response = network.handle_request(request)
            return httpx.Response(response.status_code, headers=response.headers, content=response.read())

    def calls(*calls):
        async def main():
            async with AsyncClient("http://localhost", "a-token", transport=Transport()) as client:
                return [await getattr(client, name)(*arguments) for name, *arguments in calls]

        return asyncio.run(main())

    return calls


@pytest.fixture
def group(network):
    network.client.create(
        GroupRequest(dag_id="example_paused", prefix="p", start_date="2024-12-01", end_date="2024-12-03")
    )
    network.requests.clear()
    network.headers.clear()


def test_an_unchanged_group_is_the_same_object(network, read, group):
    first, second = read(("group", *GROUP), ("group", *GROUP))
    assert first is second
    assert first["states"] == {"queued": 3, "running": 0, "success": 0, "failed": 0}
    assert ["If-None-Match" in headers for headers in network.headers] == [False, True]
    assert {headers["Authorization"] for headers in network.headers} == {"Bearer a-token"}


def test_one_run(read, group):
    (run,) = read(("run", "example_paused", "p_0000002_2024-12-02T00:00:00"))
    assert (run["run_id"], run["state"]) == ("p_0000002_2024-12-02T00:00:00", "queued")


def test_a_refusal_has_its_reason(read, group):
    with pytest.raises(RefusedByService, match="Group not found") as refused:
        read(("group", "example_paused", "q"))
    assert (refused.value.status, refused.value.reason) == (404, "group_not_found")


@pytest.mark.parametrize(
    "fault",
    [
        REFUSED,
        TIMED_OUT,
        BROKEN,
        httpx.DecodingError("not gzip"),
        proxy_page(502),
        error_response(503, "no", "unavailable"),
    ],
    ids=["refused", "late", "broken", "unreadable", "proxy", "unavailable"],
)
def test_what_may_succeed_later_is_unreachable_and_not_sent_again(network, read, group, fault):
    network.inject(fault)
    with pytest.raises(Unreachable):
        read(("group", *GROUP))
    assert len(network.requests) == 1


def test_another_server_is_unreachable(network, read, group):
    network.inject(httpx.Response(200, json={"response": {"other": 1}}))
    with pytest.raises(Unreachable, match="is not this service"):
        read(("group", *GROUP))
