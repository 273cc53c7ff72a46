"""``GET /api/v1/dag_runs``."""

import re
from urllib.parse import urljoin

import pytest

from tests.unit.http.service import error

RUNS = "/api/v1/dag_runs"


def test_without_runs_the_list_is_empty(service):
    assert service.ask(RUNS) == {"dag_runs": [], "next_start": None}


def test_runs_are_listed_in_the_order_of_their_creation(service):
    for run_id in ("c", "a", "b"):
        service.place(run_id=run_id)
    assert service.listed() == ["c", "a", "b"]


def test_a_page_has_50_runs_unless_another_limit_is_asked_for(service):
    for number in range(120):
        service.place(run_id=f"run_{number}")
    assert len(service.listed()) == 50
    assert len(service.listed("?limit=1")) == 1
    assert len(service.listed("?limit=100")) == 100
    assert len(service.listed("?limit=007")) == 7


def test_start_is_exclusive_and_a_numeric_id_or_a_run_id(service):
    for run_id in ("a", "b", "c"):
        service.place(run_id=run_id)
    assert service.listed("?start=0") == ["a", "b", "c"]
    assert service.listed("?start=1") == ["b", "c"]
    assert service.listed("?start=a") == ["b", "c"]
    assert service.listed("?start=3") == []
    assert service.listed("?start=9223372036854775807") == []
    assert service.listed("?start=00000000000000000000002") == ["c"]


@pytest.mark.parametrize("start", ["x__2020-01-01T00:00:00+00:00", "x__2020-01-01T00%3A00%3A00%2B00%3A00"])
def test_a_start_may_hold_a_plus_percent_encoded_or_not(service, start):
    service.place(run_id="x__2020-01-01T00:00:00+00:00")
    service.place(run_id="next")
    assert service.listed(f"?start={start}") == ["next"]


def test_a_start_that_several_dags_have_needs_the_dag(service):
    for dag_id in ("example_daily", "example_hourly"):
        service.place(dag_id)
    service.place(run_id="next")
    result = service.get(f"{RUNS}?start=a_run")
    assert result.status_code == 409
    assert "example_daily, example_hourly" in error(result)
    assert service.listed("?start=a_run&dag_id=example_daily") == ["next"]


@pytest.mark.parametrize("state", ["queued", "running", "success", "failed"])
def test_runs_are_filtered_by_their_state(service, state):
    for each in ("queued", "running", "success", "failed"):
        service.place(run_id=f"run_{each}", state=each)
    assert service.listed(f"?state={state}") == [f"run_{state}"]


@pytest.mark.parametrize("yes", ["true", "True", "1"])
def test_runs_are_filtered_by_whether_somebody_asked_for_them(service, yes):
    external = ["manual", "operator_triggered", "asset_materialization"]
    internal = ["scheduled", "backfill", "asset_triggered"]
    for run_type in external + internal:
        service.place(run_id=run_type, run_type=run_type)
    assert service.listed(f"?external_trigger={yes}") == external
    no = {"true": "false", "True": "False", "1": "0"}[yes]
    assert service.listed(f"?external_trigger={no}") == internal


def test_a_prefix_is_the_plain_beginning_of_a_run_id(service):
    for run_id in ("a_b", "axb", "A_b", "b_a_b", "a%b"):
        service.place(run_id=run_id)
    assert service.listed("?prefix=a_") == ["a_b"]
    assert service.listed("?prefix=a%25") == ["a%b"]
    assert service.listed("?prefix=a") == ["a_b", "axb", "a%b"]


def test_runs_are_filtered_by_their_dag(service):
    service.place("example_daily", "one")
    service.place("example_hourly", "two")
    assert service.listed("?dag_id=example_hourly") == ["two"]
    assert service.listed("?dag_id=no_such_dag") == []


def test_filters_add_up(service):
    service.place("example_daily", "a_1", state="failed")
    service.place("example_daily", "a_2")
    service.place("example_daily", "b_1", state="failed")
    service.place("example_hourly", "a_3", state="failed")
    query = "?dag_id=example_daily&prefix=a&state=failed&external_trigger=true&start=0&limit=100"
    assert service.listed(query) == ["a_1"]


def test_the_next_page_starts_at_next_start_and_the_last_page_has_none(service):
    for number in range(5):
        service.place(run_id=f"run_{number}")
    first = service.ask(f"{RUNS}?limit=3")
    assert first["next_start"] == 3
    last = service.ask(f"{RUNS}?limit=3&start={first['next_start']}")
    assert [run["run_id"] for run in last["dag_runs"]] == ["run_3", "run_4"]
    assert last["next_start"] is None


def test_the_link_header_leads_through_all_pages_with_the_same_filters(service):
    for number in range(7):
        service.place(run_id=f"a+b:{number}", state="failed")
        service.place(run_id=f"other_{number}", state="failed")
    target = f"{RUNS}?prefix=a%2Bb:&state=failed&limit=2"
    seen = []
    while target:
        result = service.get(target)
        seen += [run["run_id"] for run in result.json["response"]["dag_runs"]]
        link = re.fullmatch(r'<(.+)>; rel="next"', result.headers.get("link", ""))
        target = link and urljoin(target, link[1])
    assert seen == [f"a+b:{number}" for number in range(7)]


def test_a_full_last_page_has_no_link(service):
    service.place()
    assert "link" not in service.get(f"{RUNS}?limit=1").headers


def test_the_link_is_relative_so_that_it_holds_wherever_the_page_was_found(service):
    service.place(run_id="a")
    service.place(run_id="b")
    assert service.get(f"{RUNS}?limit=1").headers["link"] == '<?limit=1&start=1>; rel="next"'
