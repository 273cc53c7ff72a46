"""``PATCH /api/v1/groups/<dag_id>/<prefix>``, and a creation that puts its group under control."""

import datetime as dt

import pytest

from airflow_run_groups.adapters.memory import MemoryBackend, MemoryDag
from airflow_run_groups.adapters.notifier_classes import NotifierClass
from airflow_run_groups.domain import WaitsFor
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate
from airflow_run_groups.entrypoints.settings import Auth, Settings
from tests.unit.http.service import NOW, UTC, Service, error, reason

ONE = "/api/v1/groups/example_daily/redo"
FREE = {"control": None, "uncontrolled_runs": 0}


class Living(Service):
    """The service with a clock that can be set."""

    def __init__(self, **parts):
        self.now = NOW
        super().__init__(lambda: self.now, **parts)

    def later(self, **by):
        self.now += dt.timedelta(**by)

    def change(self, target=ONE, **wishes):
        result = self.request("PATCH", target, json=wishes)
        assert result.status_code == 200, result.text
        return result.json["response"]

    def group(self):
        return self.ask(ONE)["group"]


@pytest.fixture
def living():
    living = Living()
    living.create(prefix="redo", start_date="2024-12-01", end_date="2024-12-20")
    return living


def test_a_paused_group_starts_nothing_until_it_is_resumed(living):
    changed = living.change(paused=True)
    assert changed["changed_runs"] == 20
    assert changed["group"]["control"] == {
        "paused": True,
        "paused_at": "2025-01-01T12:00:00Z",
        "paused_by": None,
        "max_active_runs": 16,
        "max_active_runs_from": "dag",
        "stop_after": None,
        "stopped": None,
    }
    living.later(hours=1)
    shown = living.group()
    assert (shown["states"]["queued"], shown["waiting_for"], shown["expected_end"]) == (20, ["group_paused"], None)
    assert living.change(paused=False)["group"]["control"] is None
    living.later(hours=1)
    assert living.group()["done"] == 1


def test_what_is_running_when_a_group_is_paused_goes_on_and_ends(living):
    living.later(seconds=2)
    assert living.group()["states"]["running"] == 16
    living.change(paused=True)
    living.later(hours=1)
    assert living.group()["states"] == {"queued": 4, "running": 0, "success": 16, "failed": 0}


def test_a_cap_holds_from_its_change_on(living):
    living.change(max_active_runs=3)
    living.later(seconds=2)
    shown = living.group()
    assert (shown["states"]["running"], shown["waiting_for"]) == (3, [WaitsFor.GROUP_CAP.value])
    living.change(max_active_runs=5)
    living.later(seconds=0.5)
    assert living.group()["states"]["running"] == 5
    living.change(max_active_runs=1)
    assert living.group()["states"]["running"] == 5
    living.later(seconds=4)
    assert living.group()["states"]["running"] == 1


def test_groups_of_one_dag_keep_each_their_own_cap(living):
    living.create(prefix="other", start_date="2024-11-01", end_date="2024-11-20", max_active_runs=2)
    living.create(prefix="third", start_date="2024-10-01", end_date="2024-10-20", max_active_runs=4)
    living.later(seconds=2)
    running = {
        name: living.ask(f"/api/v1/groups/example_daily/{name}")["group"]["states"]["running"]
        for name in ("redo", "other", "third")
    }
    assert running == {"redo": 16, "other": 2, "third": 4}


def test_null_restores_the_default_and_a_key_that_is_left_out_changes_nothing(living):
    living.change(paused=True, max_active_runs=3)
    assert living.change(paused=None)["group"]["control"]["max_active_runs"] == 3
    shown = living.change(max_active_runs=None)["group"]
    assert {key: shown[key] for key in FREE} == FREE


def test_a_dry_run_shows_the_control_that_the_group_would_have(living):
    would = living.change(paused=True, dry_run=True)
    assert (would["dry_run"], would["changed_runs"]) == (True, 20)
    assert would["group"]["control"]["paused"]
    assert would["group"]["waiting_for"] == ["group_paused"]
    assert living.group()["control"] is None


def test_a_creation_puts_its_group_under_control_and_says_so(living):
    body = {"prefix": "new", "start_date": "2024-06-01", "end_date": "2024-06-20"}
    planned = living.create(**body, paused=True, dry_run=True)
    assert planned["expected_seconds"] is None
    assert "is paused" not in "".join(planned["warnings"])  # as the request says itself
    assert [text for text in planned["warnings"] if "may have 16 runs at once" in text]
    created = living.create(**body, paused="True", max_active_runs=2)
    more = living.create(prefix="new", start_date="2024-07-01", end_date="2024-07-01", dry_run=True)
    assert "group 'new' is paused: its runs wait until it is resumed" in more["warnings"]
    assert not [text for text in created["warnings"] if "at once, which is the max_active_runs" in text]
    shown = living.ask("/api/v1/groups/example_daily/new")["group"]
    assert (shown["control"]["max_active_runs"], shown["control"]["max_active_runs_from"]) == (2, "group")


def test_paused_groups_of_all_dags_are_listed(living):
    living.create(dag_id="example_hourly", prefix="slow", start_date="2024-12-01", end_date="2024-12-01", paused=True)
    living.change(paused=True)
    shown = living.ask("/api/v1/groups?control=paused")
    assert {(group["dag_id"], group["prefix"]) for group in shown["groups"]} == {
        ("example_daily", "redo"),
        ("example_hourly", "slow"),
    }
    assert all(group["control"]["paused"] for group in shown["groups"])
    one = living.ask("/api/v1/groups?control=paused&dag_id=example_hourly")
    assert [group["prefix"] for group in one["groups"]] == ["slow"]
    part = living.get("/api/v1/groups?control=paused&limit=1")
    assert part.headers["link"] == '<?control=paused&limit=1&start=1>; rel="next"'


def test_starts_beyond_the_calendar_are_refused_and_change_nothing(living):
    result = living.request("PATCH", ONE, json={"pace": "1/P366D", "not_before": "9999-12-01", "paused": True})
    assert (result.status_code, error(result)) == (400, "not_before and pace reach beyond the year 9999")
    assert living.group()["control"] is None


def test_an_etag_changes_with_the_control(living):
    before = living.get(ONE).headers["etag"]
    living.change(max_active_runs=3)
    assert living.get(ONE).headers["etag"] != before


def test_an_error_names_the_group_that_may_be_meant(living):
    result = living.request("PATCH", f"{ONE}_", json={"paused": True})
    assert (result.status_code, reason(result)) == (404, "group_not_found")
    assert "there is one named 'redo'" in error(result)


def test_a_change_counts_as_a_write():
    service = Living(write_rate=WriteRate("2/minute"))
    service.create(prefix="redo", start_date="2024-12-01", end_date="2024-12-02")
    service.change(paused=True)
    assert service.request("PATCH", ONE, json={"paused": False}).status_code == 429


RULE = {"failed": 2}


def failing(**dag):
    backend = MemoryBackend(lambda: living.now)
    start = dt.datetime(2020, 1, 1, tzinfo=UTC)
    backend.add(MemoryDag(dag_id="failing", schedule="0 0 * * *", start_date=start, fails=True, **dag))
    living = Living(backend=backend)
    return living


def test_a_group_stops_by_itself_and_one_change_resumes_it():
    living = failing()
    one = "/api/v1/groups/failing/redo"
    living.create(
        dag_id="failing",
        prefix="redo",
        start_date="2024-12-01",
        end_date="2024-12-20",
        max_active_runs=5,
        stop_after={"failed": 5},
    )
    living.later(minutes=1)
    shown = living.ask(one)["group"]
    assert (shown["states"]["failed"], shown["states"]["queued"], shown["waiting_for"]) == (5, 15, ["group_paused"])
    assert shown["control"]["stopped"] == {"at": "2025-01-01T12:00:04Z", "rule": {"failed": 5}}
    resumed = living.change(one, paused=False)["group"]["control"]
    assert (resumed["stopped"], resumed["stop_after"], resumed["paused"]) == (None, {"failed": 5}, False)
    living.later(hours=1)
    assert living.ask(one)["group"]["states"]["failed"] == 10
    living.change(one, paused=False, stop_after=None)
    living.later(hours=1)
    assert living.ask(one)["group"]["states"] == {"queued": 0, "running": 0, "success": 0, "failed": 20}


@pytest.mark.parametrize(
    "rule",
    [
        5,
        "5",
        {},
        {"failed": "5"},
        {"failed": True},
        {"failed": 0},
        {"failed": 5, "of_at_least": 5},
        {"failed_percent": 5},
        {"failed_percent": 101, "of_at_least": 5},
        {"failures": 5},
        {"failed": None},
        [{"failed": 5}],
    ],
)
def test_a_rule_that_is_none_is_refused_with_what_is_allowed(living, rule):
    text = 'stop_after must be {"failed": 1 to 1000000}, or {"failed_percent": 1 to 100, "of_at_least": 1 to 1000000}, not '
    for method, target, more in (("PATCH", ONE, {}), ("POST", "/api/v1/dag_runs", {"dag_id": "example_daily"})):
        refused = living.request(method, target, json={"stop_after": rule, **more})
        assert refused.status_code == 400
        assert error(refused).startswith(text)


def test_null_takes_a_rule_away(living):
    assert living.change(stop_after=RULE)["group"]["control"]["stop_after"] == RULE
    assert living.change(stop_after=None)["group"]["control"] is None


def test_whom_to_notify_is_shown_and_null_takes_it_away(living):
    team = {"connection_id": "team", "on": ["end", "first_failure"]}
    shown = living.change(notify={**team, "on": ["first_failure", "end"]})["group"]
    assert (shown["notify"], shown["notified"], shown["control"]) == (team, {}, None)
    assert living.ask(ONE)["group"]["notify"] == team
    assert living.change(paused=True)["group"]["notify"] == team
    assert living.change(notify=None)["group"]["notify"] is None


def test_a_creation_says_whom_to_notify_and_of_everything_unless_it_says_of_what():
    living = Living()
    living.create(
        dag_id="example_daily",
        prefix="told",
        start_date="2024-12-01",
        end_date="2024-12-02",
        notify={"connection_id": "a.b-c_1"},
    )
    shown = living.ask("/api/v1/groups/example_daily/told")["group"]["notify"]
    assert shown == {"connection_id": "a.b-c_1", "on": ["end", "stop", "first_failure"]}


def test_a_notifier_is_one_that_the_installation_names():
    slack = {"slack": NotifierClass(path="a.Slack", arguments={})}
    living = Living(settings=Settings(backend="memory", auth=Auth.NONE, notifiers=slack))
    body = {"dag_id": "example_daily", "prefix": "redo", "start_date": "2024-12-01", "end_date": "2024-12-02"}
    living.create(**body, notify={"notifier": "slack", "on": ["end"]})
    assert living.ask(ONE)["group"]["notify"] == {"notifier": "slack", "on": ["end"]}
    other = {"notify": {"notifier": "mail"}}
    for method, target, more in (
        ("PATCH", ONE, {}),
        *(("POST", "/api/v1/dag_runs", {**body, "dry_run": dry}) for dry in (True, False)),
    ):
        refused = living.request(method, target, json={**other, **more})
        assert (refused.status_code, reason(refused)) == (400, "unknown_notifier")
        assert "known are slack" in error(refused)


def test_a_group_that_is_resumed_says_what_else_holds_its_runs(living):
    service = living
    service.create(dag_id="example_paused", prefix="held", start_date="2024-01-01", end_date="2024-01-02", paused=True)
    path = "/api/v1/groups/example_paused/held"
    holds = ["DAG 'example_paused' is paused: its runs wait until it is unpaused"]
    for dry_run in (True, False):
        resumed = service.request("PATCH", path, json={"paused": False, "dry_run": dry_run}).json["response"]
        assert resumed["warnings"] == holds
    service.request("PATCH", path, json={"paused": True})
    service.request("POST", f"{path}/cancel", json={})
    retried = service.request("POST", f"{path}/retry", json={}).json["response"]
    assert (len(retried["dag_run_ids"]), retried["warnings"]) == (2, holds)


def test_a_pause_that_holds_nothing_says_so(living):
    assert living.request("POST", "/api/v1/groups/example_daily/redo/cancel", json={}).status_code == 200
    paused = living.request("PATCH", "/api/v1/groups/example_daily/redo", json={"paused": True}).json["response"]
    assert paused["warnings"] == ["no run of the group is queued: the pause holds runs that are retried later"]
