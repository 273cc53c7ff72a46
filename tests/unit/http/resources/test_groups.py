"""``GET /api/v1/groups`` and ``GET /api/v1/groups/<dag_id>/<prefix>``."""

import datetime as dt
import re
from urllib.parse import quote, urljoin

import pytest
from hypothesis import given, settings, strategies as st

from airflow_run_groups.domain import Rights
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate
from tests.unit.http.service import NOW, Service, error

GROUPS = "/api/v1/groups"
ONE = f"{GROUPS}/example_daily/redo"


class Living(Service):
    """The service with a clock that can be set."""

    def __init__(self, **parts):
        self.now = NOW
        super().__init__(lambda: self.now, **parts)

    def later(self, **by):
        self.now += dt.timedelta(**by)


@pytest.fixture
def living():
    living = Living()
    living.create(prefix="redo", start_date="2024-12-01", end_date="2024-12-20")
    return living


def listed(service, query=""):
    return [group["prefix"] for group in service.ask(f"{GROUPS}?dag_id=example_daily{query}")["groups"]]


def test_the_groups_of_all_dags_are_listed_by_what_they_are(service):
    service.create(prefix="redo", start_date="2024-12-01", end_date="2024-12-01", note="wrong prices")
    service.create(dag_id="example_hourly", prefix="undo", start_date="2024-12-01", end_date="2024-12-01")
    service.place("example_paused", "rest_0000001_2024-12-01T00:00:00", state="failed", created_by="ann")

    def found(query):
        return [(group["dag_id"], group["prefix"]) for group in service.ask(f"{GROUPS}?{query}")["groups"]]

    redo, undo, rest = ("example_daily", "redo"), ("example_hourly", "undo"), ("example_paused", "rest")
    assert found("") == [rest, undo, redo]
    assert found("state=active") == [undo, redo]
    assert found("state=failed") == found("created_by=ann") == [rest]
    assert found("prefix=re") == [rest, redo]
    assert found("prefix=re&state=active&dag_id=example_daily") == [redo]
    assert service.ask(f"{GROUPS}?prefix=redo")["groups"][0]["note"] == "wrong prices"


def test_pages_of_all_groups_follow_the_link(service):
    for number in range(3):
        service.create(prefix=f"g{number}", start_date=f"2024-12-0{number + 1}", end_date=f"2024-12-0{number + 1}")
    first = service.get(f"{GROUPS}?limit=2&state=active")
    second = service.get(urljoin(GROUPS, re.search("<(.+)>", first.headers["link"])[1]))
    groups = [*first.json["response"]["groups"], *second.json["response"]["groups"]]
    assert [group["prefix"] for group in groups] == ["g2", "g1", "g0"]
    assert "link" not in second.headers


@pytest.mark.parametrize("query", ["", "?dag_id=example_daily", "?state=active", "?control=paused"])
def test_a_list_has_a_tag_that_changes_when_something_happens(living, query):
    living.create(prefix="redo", dates=["2024-11-01"], paused=True)
    first = living.get(f"{GROUPS}{query}")
    again = living.get(f"{GROUPS}{query}", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.text) == (200, 304, "")
    assert again.headers["etag"] == first.headers["etag"]
    living.request("POST", f"{ONE}/note", json={"note": "all of them"})
    after = living.get(f"{GROUPS}{query}", headers={"If-None-Match": first.headers["etag"]})
    assert (after.status_code, after.headers["etag"] != first.headers["etag"]) == (200, True)


def test_a_list_of_paused_groups_has_the_same_tag_as_time_passes(living):
    living.create(prefix="redo", dates=["2024-11-01"], paused=True)
    living.later(minutes=5)
    first = living.get(f"{GROUPS}?control=paused")
    living.later(minutes=5)
    assert first.json["response"]["groups"] != living.ask(f"{GROUPS}?control=paused")["groups"]
    again = living.get(f"{GROUPS}?control=paused", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_a_dag_without_groups_has_an_empty_list(service):
    service.place(run_id="of_no_group")
    assert service.ask(f"{GROUPS}?dag_id=example_daily") == {"groups": [], "next_start": None}


@pytest.mark.parametrize("value_format", list(ValueFormat))
def test_a_group_is_listed_with_json_values_in_either_format(value_format):
    service = Service(value_format=value_format)
    service.create(prefix="redo_", start_date="2024-12-01", end_date="2024-12-03")
    service.create(prefix="redo", start_date="2024-12-01", end_date="2024-12-04")
    expected = {
        "dag_id": "example_daily",
        "prefix": "redo",
        "runs": 4,
        "states": {"queued": 4, "running": 0, "success": 0, "failed": 0},
        "first_logical_date": "2024-12-01T00:00:00Z",
        "last_logical_date": "2024-12-04T00:00:00Z",
        "cancelled": 0,
        "created_at": "2025-01-01T12:00:00Z",
        "created_by": None,
        "note": None,
        "description": None,
        "labels": [],
        "control": None,
    }
    assert service.ask(f"{GROUPS}?dag_id=example_daily") == {"groups": [expected], "next_start": None}
    one = service.ask(ONE)["group"]
    assert {key: one[key] for key in expected} == expected


def test_a_list_shows_the_control_of_each_group(service):
    service.create(prefix="redo", start_date="2024-12-01", end_date="2024-12-04", paused=True)
    shown = service.ask(GROUPS)["groups"][0]["control"]
    assert shown["paused"] is True
    assert shown == service.ask(ONE)["group"]["control"]


def test_groups_are_those_of_one_dag_the_newest_first(service):
    for prefix, day in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        service.create(prefix=prefix, start_date=f"2024-12-0{day}", end_date=f"2024-12-0{day}")
    service.create(dag_id="example_unscheduled", prefix="elsewhere")
    assert listed(service) == ["c", "a", "b"]


def test_the_link_header_leads_through_all_pages(service):
    for number in range(7):
        service.place(run_id=f"g{number}_0000001_2024-12-01T00:00:00")
    target, seen = f"{GROUPS}?dag_id=example_daily&limit=3", []
    while target:
        result = service.get(target)
        seen += [group["prefix"] for group in result.json["response"]["groups"]]
        assert ("link" in result.headers) == (result.json["response"]["next_start"] is not None)
        link = re.fullmatch(r'<(.+)>; rel="next"', result.headers.get("link", ""))
        target = link and urljoin(target, link[1])
    assert seen == [f"g{number}" for number in reversed(range(7))]


def test_a_page_has_50_groups_unless_another_limit_is_asked_for(service):
    for number in range(60):
        service.place(run_id=f"g{number}_0000001_2024-12-01T00:00:00")
    assert len(listed(service)) == 50
    assert len(listed(service, "&limit=100")) == 60


@pytest.mark.parametrize("prefix", ["a.b", "a+b", "a:b", "a b", "ä", "🐍", "a%b", "?", "#", "a_b", ".", "~"])
def test_a_prefix_is_found_percent_encoded(service, prefix):
    service.place(run_id=f"{prefix}_0000001_2024-12-01T00:00:00")
    service.place(run_id=f"{prefix}_c_0000001_2024-12-02T00:00:00")
    group = service.ask(f"{GROUPS}/example_daily/{quote(prefix, safe='')}")["group"]
    assert (group["prefix"], group["runs"]) == (prefix, 1)


def test_in_an_address_nothing_is_dropped_from_a_prefix_that_ends_in_underscores(service):
    for prefix in ("manual_", "manual__", "manual___"):
        service.create(prefix=prefix, start_date="2024-12-01", end_date="2024-12-31", limit=1, partial=True)
    assert listed(service) == ["manual__", "manual_", "manual"]
    for number, prefix in enumerate(("manual", "manual_", "manual__"), 1):
        assert (
            service.ask(f"{GROUPS}/example_daily/{prefix}")["group"]["first_logical_date"][:10] == f"2024-12-0{number}"
        )
        (run_id,) = apply(service, "cancel", f"example_daily/{prefix}").json["response"]["dag_run_ids"]
        assert run_id == f"{prefix}_0000001_2024-12-0{number}T00:00:00"


@pytest.mark.parametrize("act", ["cancel", "retry", None])
def test_a_missing_group_names_the_one_without_an_underscore(service, act):
    service.create(prefix="redo_", start_date="2024-12-01", end_date="2024-12-01")
    target = f"{GROUPS}/example_daily/redo_"
    answer = service.get(target) if act is None else apply(service, act, "example_daily/redo_")
    assert answer.status_code == 404
    assert error(answer) == (
        "Group not found: you may see no group 'redo_' of a DAG 'example_daily'; a group is named as lists show it, and there is one "
        "named 'redo'"
    )
    assert error(service.get(f"{GROUPS}/example_daily/none_")) == NOT_FOUND.format("none_")


@settings(deadline=None)
@given(st.text(st.sampled_from("aZ09_.~:+-"), min_size=1, max_size=8))
def test_every_name_of_a_list_is_an_address(prefix):
    service = Service()
    answer = service.post(dag_id="example_daily", prefix=prefix, start_date="2024-12-01", end_date="2024-12-01")
    if answer.status_code == 400:
        return
    (name,) = listed(service)
    assert service.ask(f"{GROUPS}/example_daily/{quote(name, safe='')}")["group"]["prefix"] == name
    done = apply(service, "cancel", f"example_daily/{quote(name, safe='')}").json["response"]["dag_run_ids"]
    assert done == answer.json["response"]["dag_run_ids"]


def test_a_group_tells_how_far_it_is_and_when_it_will_be_done(living):
    def shown():
        group = living.ask(ONE)["group"]
        return group["states"], group["done"], group["oldest_queued_seconds"], group["expected_end"]

    assert shown() == ({"queued": 20, "running": 0, "success": 0, "failed": 0}, 0.0, 0, None)
    living.later(seconds=3)
    assert shown() == ({"queued": 4, "running": 16, "success": 0, "failed": 0}, 0.0, 3, None)
    living.later(seconds=2)
    assert shown() == ({"queued": 0, "running": 4, "success": 16, "failed": 0}, 0.8, None, "2025-01-01T12:00:08Z")
    living.later(seconds=9)
    assert shown() == ({"queued": 0, "running": 0, "success": 20, "failed": 0}, 1.0, None, None)


def test_a_group_tells_what_it_waits_for():
    service = Service()
    service.create(dag_id="example_paused", prefix="redo", start_date="2024-12-01", end_date="2024-12-01")
    group = service.ask(f"{GROUPS}/example_paused/redo")["group"]
    assert (group["is_paused"], group["is_stale"], group["max_active_runs"]) == (True, False, 16)
    assert (group["waiting_for"], group["previous_run_id"]) == (["dag_paused"], None)


def test_a_group_tells_its_own_rate_once_ten_of_its_runs_have_ended(living):
    assert living.ask(ONE)["group"]["runs_per_minute"] is None
    living.later(seconds=5)
    group = living.ask(ONE)["group"]
    assert group["states"]["success"] == 16
    assert group["runs_per_minute"] == 240.0  # 16 in the 4 seconds since the first started


def test_a_tag_stays_while_only_time_passes_and_changes_when_something_happens(living):
    first = living.get(ONE)
    living.later(milliseconds=900)
    second = living.get(ONE)
    assert re.fullmatch('"[0-9a-f]{32}"', first.headers["etag"])
    assert first.headers["etag"] == second.headers["etag"]
    living.later(seconds=1)
    third = living.get(ONE)
    assert third.headers["etag"] != second.headers["etag"]


def test_whoever_has_the_tag_is_told_that_nothing_is_new(living):
    tag = living.get(ONE).headers["etag"]
    for sent in (tag, f'"x", {tag}', "*", f"W/{tag}"):
        for method in ("GET", "HEAD"):
            answer = living.request(method, ONE, headers={"If-None-Match": sent})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    living.later(seconds=2)
    answer = living.get(ONE, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.json["response"]["group"]["states"]["running"] == 16


@pytest.mark.parametrize("sent", ["", '"', "x", '""', "W/", ",", '"x"', "é", "a" * 8000, '"' * 99])
def test_a_tag_that_is_none_of_ours_gets_the_whole_answer(living, sent):
    assert living.get(ONE, headers={"If-None-Match": sent}).status_code == 200


def test_a_tag_does_not_make_a_group_of_what_is_none(living):
    assert living.get(f"{GROUPS}/example_daily/none", headers={"If-None-Match": "*"}).status_code == 404


def test_head_answers_as_get_does_without_a_body(living):
    for target in (ONE, f"{GROUPS}?dag_id=example_daily"):
        answer = living.request("HEAD", target)
        assert (answer.status_code, answer.content) == (200, b"")


class Reader:
    """Somebody who may see one DAG."""

    name = "erika"

    def readable_dag_ids(self, dag_id=None):
        return frozenset({"example_hourly"})

    def rights(self, dag_ids):
        return dict.fromkeys(dag_ids, Rights(create=True, change=False))


class ReaderOnly:
    def identify(self, req):
        return Reader()


def test_what_a_caller_may_not_see_is_not_found():
    service = Service(authenticator=ReaderOnly())
    for dag_id in ("example_daily", "example_hourly"):
        service.place(dag_id, "redo_0000001_2024-12-01T00:00:00")
    hidden = service.get(f"{GROUPS}?dag_id=example_daily")
    assert (hidden.status_code, error(hidden)) == (404, "Dag id 'example_daily' not found")
    assert (service.get(ONE).status_code, error(service.get(ONE))) == (404, NOT_FOUND.format("redo"))
    assert service.get(ONE, headers={"If-None-Match": "*"}).status_code == 404
    shown = service.ask(f"{GROUPS}/example_hourly/redo")["group"]
    assert (shown["runs"], shown["may"]) == (1, {"create": True, "change": False})
    assert [group["dag_id"] for group in service.ask(GROUPS)["groups"]] == ["example_hourly"]


def apply(service, act, group="example_daily/redo", **body):
    return service.request("POST", f"{GROUPS}/{group}/{act}", json=body)


def test_a_group_is_cancelled_retried_and_noted_step_by_step(living):
    answer = apply(living, "cancel", limit=15).json["response"]
    assert (len(answer["dag_run_ids"]), answer["next_start"], answer["dry_run"]) == (15, 15, False)
    answer = apply(living, "cancel", start=15).json["response"]
    assert (len(answer["dag_run_ids"]), answer["next_start"]) == (5, None)
    assert living.ask(ONE)["group"]["states"]["failed"] == 20
    assert len(apply(living, "retry").json["response"]["dag_run_ids"]) == 20
    assert living.ask(ONE)["group"]["states"]["queued"] == 20
    assert len(apply(living, "note", note="why").json["response"]["dag_run_ids"]) == 20
    living.later(seconds=60)
    assert living.ask(ONE)["group"]["done"] == 1
    assert apply(living, "cancel", running=True).json["response"]["dag_run_ids"] == []
    assert len(apply(living, "retry", which="all").json["response"]["dag_run_ids"]) == 20


def test_cancelled_runs_are_shown_as_a_part_of_the_failed_ones_and_retried_by_themselves(living):
    apply(living, "cancel", limit=15)
    for group in (living.ask(ONE)["group"], living.ask(f"{GROUPS}?dag_id=example_daily")["groups"][0]):
        assert (group["states"]["failed"], group["cancelled"]) == (15, 15)
    assert apply(living, "retry", which="failed").json["response"]["dag_run_ids"] == []
    assert len(apply(living, "retry", which="cancelled").json["response"]["dag_run_ids"]) == 15
    assert living.ask(ONE)["group"]["cancelled"] == 0


def test_retried_runs_start_at_a_pace_from_step_to_step(living):
    apply(living, "cancel")
    pace = {"pace": "2/PT1H", "not_before": "2025-02-01"}
    step = apply(living, "retry", **pace, limit=4).json["response"]
    assert (step["next_not_before"], step["warnings"]) == ("2025-02-01T02:00:00Z", [])
    last = apply(living, "retry", pace="2/PT1H", not_before=step["next_not_before"]).json["response"]
    assert "next_not_before" not in last
    starts = [one.run_after.strftime("%dT%H") for one in living.backend.dags["example_daily"].runs]
    assert starts == [f"01T{n // 2:02}" for n in range(20)]


def test_running_runs_are_cancelled_when_asked_and_make_room(living):
    living.later(seconds=2)
    assert len(apply(living, "cancel").json["response"]["dag_run_ids"]) == 4
    assert len(apply(living, "cancel", running=True).json["response"]["dag_run_ids"]) == 16
    living.later(seconds=60)
    assert living.ask(ONE)["group"]["states"] == {"queued": 0, "running": 0, "success": 0, "failed": 20}


def test_a_step_is_100_runs_unless_another_limit_is_asked_for():
    service = Service()
    service.create(prefix="redo", start_date="2024-01-01", end_date="2024-04-30")
    assert len(apply(service, "cancel").json["response"]["dag_run_ids"]) == 100


@pytest.mark.parametrize("body", [None, b"", b"{}"])
def test_a_body_that_is_not_there_is_an_empty_one(living, body):
    answer = living.request("POST", f"{ONE}/cancel", body=body)
    assert len(answer.json["response"]["dag_run_ids"]) == 20


class Bystander(Reader):
    def readable_dag_ids(self, dag_id=None):
        return None

    def may_change_runs(self, dag_id):
        return False


class BystanderOnly:
    def identify(self, req):
        return Bystander()


@pytest.mark.parametrize(("act", "body"), [("cancel", {}), ("retry", {}), ("note", {"note": "n"})])
def test_who_may_not_change_runs_is_refused_and_written_down(act, body):
    service = Service(authenticator=BystanderOnly())
    service.place("example_daily", "redo_0000001_2024-12-01T00:00:00")
    answer = apply(service, act, **body, dry_run=True)
    assert (answer.status_code, error(answer)) == (403, "you may not change runs of DAG 'example_daily'")
    assert [(one.caller, one.dag_id) for one in service.audit.denials] == [("erika", "example_daily")]
    hidden = apply(Service(authenticator=ReaderOnly()), act, **body)
    assert (hidden.status_code, error(hidden)) == (404, NOT_FOUND.format("redo"))


def test_what_is_done_counts_as_writing():
    service = Service(write_rate=WriteRate("1/hour"))
    service.place("example_daily", "redo_0000001_2024-12-01T00:00:00")
    assert apply(service, "cancel").status_code == 200
    assert apply(service, "retry").status_code == 429


def test_to_how_many_runs_it_was_done_is_in_the_log():
    lines = []
    living = Living(log_request=lines.append)
    living.create(prefix="redo", start_date="2024-12-01", end_date="2024-12-03")
    apply(living, "cancel", dry_run=True)
    apply(living, "cancel")
    assert [line["runs_changed"] for line in lines[1:]] == [0, 3]
    assert (lines[-1]["route"], lines[-1]["dag_id"]) == ("/api/v1/groups/{dag_id}/{prefix}/cancel", "example_daily")


RUNS = f"{ONE}/runs"
NOT_FOUND = "Group not found: you may see no group '{}' of a DAG 'example_daily'"


def test_the_runs_of_a_group_come_page_by_page_with_json_values_in_either_format(living):
    living.create(prefix="redo_er", start_date="2024-12-21", end_date="2024-12-22")
    answer = living.get(f"{RUNS}?limit=3")
    first = answer.json["response"]
    assert first["dag_runs"][0] == {
        "id": 1,
        "run_id": "redo_0000001_2024-12-01T00:00:00",
        "logical_date": "2024-12-01T00:00:00Z",
        "run_type": "backfill",
        "state": "queued",
        "cancelled": False,
        "start_date": None,
        "end_date": None,
        "note": None,
        "failed_task_ids": [],
    }
    pages, link = [first], answer.headers.get("link")
    while link:
        answer = living.get(urljoin(RUNS, re.match("<(.*)>", link).group(1)))
        pages.append(answer.json["response"])
        link = answer.headers.get("link")
    assert [len(page["dag_runs"]) for page in pages] == [3, 3, 3, 3, 3, 3, 2]
    assert [run["id"] for page in pages for run in page["dag_runs"]] == list(range(1, 21))
    assert pages[-1]["next_start"] is None


def test_runs_of_a_group_that_have_not_changed_are_a_304(living):
    tag = living.get(RUNS).headers["etag"]
    assert living.get(RUNS, headers={"If-None-Match": tag}).status_code == 304
    assert living.get(f"{RUNS}?state=failed", headers={"If-None-Match": tag}).status_code == 200
    assert living.request("POST", f"{ONE}/note", json={"note": "seen", "limit": 1}).status_code == 200
    assert living.get(RUNS, headers={"If-None-Match": tag}).status_code == 200


def test_cancelled_runs_are_failed_ones_that_say_so(living):
    assert living.request("POST", f"{ONE}/cancel", json={"limit": 2}).status_code == 200
    assert [run["cancelled"] for run in living.ask(f"{RUNS}?state=failed")["dag_runs"]] == [True, True]
    assert len(living.ask(f"{RUNS}?state=queued")["dag_runs"]) == 18


@pytest.mark.parametrize(
    ("target", "status", "text"),
    [
        (f"{GROUPS}/example_daily/redo_/runs", 404, "there is one named 'redo'"),
        (f"{GROUPS}/nothing/redo/runs", 404, "Group not found"),
        (f"{RUNS}?limit=501", 400, "limit must be"),
        (f"{RUNS}?limit=0", 400, "limit must be"),
        (f"{RUNS}?start=-1", 400, "start must be"),
        (f"{RUNS}?state=done", 400, "state must be"),
        (f"{RUNS}?prefix=a", 400, "unknown query parameter 'prefix'"),
    ],
)
def test_runs_of_a_group_that_cannot_be_shown(living, target, status, text):
    answer = living.get(target)
    assert (answer.status_code, text in error(answer)) == (status, True)


def test_a_page_with_confs_has_a_hundred_runs_at_most(living):
    service = living
    service.create(dag_id="example_hourly", prefix="many", start_date="2024-12-01", end_date="2024-12-06")
    path = f"{GROUPS}/example_hourly/many/runs?limit=500"
    assert len(service.ask(path)["dag_runs"]) == 121
    page = service.ask(f"{path}&conf=true")
    assert (len(page["dag_runs"]), page["dag_runs"][0]["conf"]) == (100, {})
    assert len(service.ask(f"{path}&conf=true&start={page['next_start']}")["dag_runs"]) == 21
