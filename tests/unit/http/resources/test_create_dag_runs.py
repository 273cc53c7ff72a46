"""``POST /api/v1/dag_runs``."""

import json
from zoneinfo import ZoneInfo

import pytest

from airflow_run_groups.adapters.memory import MemoryDagRunRepository, demo_backend
from airflow_run_groups.domain import CreatedRuns
from tests.unit.http.service import NOW, Service, error


class _Spy:
    """A repository of runs that keeps what was last created."""

    def __init__(self):
        self._runs = MemoryDagRunRepository(demo_backend(clock=lambda: NOW))
        self.created: CreatedRuns | None = None

    def transaction(self, dag_id, work):
        self.created = self._runs.transaction(dag_id, work)
        return self.created


def test_a_range_gets_a_run_for_every_date_of_the_schedule_both_ends_inclusive(service):
    assert service.create(prefix="prefix_", start_date="2020-09-01", end_date="2020-09-03") == {
        "dag_run_ids": [
            "prefix_0000001_2020-09-01T00:00:00",
            "prefix_0000002_2020-09-02T00:00:00",
            "prefix_0000003_2020-09-03T00:00:00",
        ],
        "existing": 0,
        "next_start_date": None,
        "warnings": [],
        "rerun_dag_run_ids": [],
    }


def test_without_dates_there_is_one_run_now_with_the_default_prefix(service):
    assert service.create()["dag_run_ids"] == ["manual_0000001_2025-01-01T12:00:00"]


def test_only_a_start_goes_on_up_to_now(service):
    ids = service.create(start_date="2024-12-30")["dag_run_ids"]
    assert [run_id[-19:-9] for run_id in ids] == ["2024-12-30", "2024-12-31", "2025-01-01"]


def test_a_second_request_goes_on_counting_and_skips_the_dates_that_have_a_run(service):
    service.create(start_date="2020-01-01", end_date="2020-01-02")
    again = service.create(start_date="2020-01-01", end_date="2020-01-03")
    assert again["dag_run_ids"] == ["manual_0000003_2020-01-03T00:00:00"]
    assert again["existing"] == 2
    nothing = service.create(start_date="2020-01-01", end_date="2020-01-03")
    assert nothing["dag_run_ids"] == []
    assert nothing["existing"] == 3


def test_a_partial_batch_is_the_first_of_them_and_says_where_the_next_one_starts(service):
    created = service.create(start_date="2020-01-01", end_date="2020-01-09", limit=2, partial=True)
    assert [run_id[-19:-9] for run_id in created["dag_run_ids"]] == ["2020-01-01", "2020-01-02"]
    assert created["next_start_date"] == "2020-01-03T00:00:00Z"


def test_more_runs_than_the_limit_create_nothing_unless_partial_is_true(service):
    result = service.post(dag_id="example_daily", start_date="2020-01-01", end_date="2020-01-09", limit=2)
    assert result.status_code == 400
    assert service.listed() == []


def test_limit_is_500_unless_given(service):
    created = service.create(dag_id="example_hourly", start_date="2020-01-01", partial=True)
    assert len(created["dag_run_ids"]) == 500


@pytest.mark.parametrize("limit", [2, "2", "002"])
@pytest.mark.parametrize("partial", [True, "true", "True", "1"])
def test_booleans_and_integers_may_be_written_as_text(service, limit, partial):
    created = service.create(start_date="2020-01-01", end_date="2020-01-09", limit=limit, partial=partial)
    assert len(created["dag_run_ids"]) == 2


@pytest.mark.parametrize("partial", [False, "false", "False", "0"])
def test_partial_may_be_false_in_as_many_ways(service, partial):
    result = service.post(
        dag_id="example_daily", start_date="2020-01-01", end_date="2020-01-09", limit=2, partial=partial
    )
    assert result.status_code == 400


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-09-01", "2020-09-01T00:00:00"),
        ("2020-09-01T12:30", "2020-09-01T12:30:00"),
        ("2020-09-01 12:30:15", "2020-09-01T12:30:15"),
        ("2020-09-01T12:30:15.5", "2020-09-01T12:30:15.500000"),
        ("2020-09-01T12:30:15.123456Z", "2020-09-01T12:30:15.123456"),
        ("2020-09-01T12:30:15+02:00", "2020-09-01T10:30:15"),
        ("2020-09-01T12:30:15-0530", "2020-09-01T18:00:15"),
    ],
)
def test_dates_are_iso_8601(service, text, moment):
    created = service.create(dag_id="example_unscheduled", start_date=text)
    assert created["dag_run_ids"] == [f"manual_0000001_{moment}"]


def test_a_date_without_an_offset_is_meant_in_the_default_time_zone():
    service = Service(default_timezone=ZoneInfo("Europe/Berlin"))
    created = service.create(start_date="2020-07-01T02:00:00", end_date="2020-07-01T02:00:00")
    assert created["dag_run_ids"] == ["manual_0000001_2020-07-01T00:00:00"]


@pytest.mark.parametrize("conf", [{"a": [1, {"b": None}]}, '{"a": [1, {"b": null}]}'])
def test_conf_is_an_object_or_text_that_holds_one(conf):
    runs = _Spy()
    Service(runs=runs).create(conf=conf)
    assert runs.created is not None
    assert runs.created.runs[0].conf == {"a": [1, {"b": None}]}


@pytest.mark.parametrize("keys", [{}, {"conf": None}])
def test_no_conf_is_no_conf(keys):
    runs = _Spy()
    Service(runs=runs).create(**keys)
    assert runs.created is not None
    assert runs.created.runs[0].conf == {}


def test_conf_holds_any_text_and_huge_integers_as_they_are():
    conf = {"ключ": "\U0001f600 \\u0000 \x7f", "huge": 10**400, "float": 0.1, "": [True, False, None, ""]}
    runs = _Spy()
    Service(runs=runs).create(conf=conf)
    assert runs.created is not None
    assert runs.created.runs[0].conf == conf


def test_conf_has_64_kib_as_utf_8_json_at_most(service):
    room = 64 * 1024 - len('{"a":""}')
    assert service.create(conf={"a": "a" * room})["dag_run_ids"]
    assert service.post(dag_id="example_daily", conf={"a": "a" * (room + 1)}).status_code == 400


def test_conf_may_be_nested_60_levels_deep(service):
    assert service.create(conf='{"a":' * 60 + "1" + "}" * 60)["dag_run_ids"]


@pytest.mark.parametrize("content_type", [None, "application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_the_body_is_read_as_json_whatever_its_content_type_says(service, content_type):
    result = service.request(
        "POST", "/api/v1/dag_runs", body='{"dag_id": "example_daily"}', headers={"Content-Type": content_type or ""}
    )
    assert result.status_code == 200


def test_a_byte_order_mark_before_the_body_is_no_part_of_it(service):
    body = b"\xef\xbb\xbf" + json.dumps({"dag_id": "example_daily"}).encode()
    assert service.request("POST", "/api/v1/dag_runs", body=body).status_code == 200


def test_a_paused_dag_is_told_in_the_warnings(service):
    created = service.create(dag_id="example_paused", start_date="2020-01-01", end_date="2020-01-01")
    assert len(created["dag_run_ids"]) == 1
    assert "paused" in created["warnings"][0]


def test_what_the_answer_adds_is_typed_as_json_in_either_format(service):
    created = service.create(start_date="2020-01-01", limit=1, partial=True)
    assert created["next_start_date"] == "2020-01-02T00:00:00Z"
    assert created["existing"] == 0


def test_the_runs_created_are_listed_by_their_prefix(service):
    ids = service.create(prefix="group_", start_date="2020-01-01", end_date="2020-01-03")["dag_run_ids"]
    service.create(prefix="other", start_date="2020-01-04", end_date="2020-01-05")
    assert service.listed("?prefix=group_") == ids


def test_an_error_names_everything_that_is_wrong(service):
    text = error(service.post(limit="many", partial=3, wrong=True))
    for part in ("dag_id is required", "limit must be", "partial must be", "unknown key 'wrong'"):
        assert part in text


def test_a_version_of_the_bundle_is_one_that_the_dag_has(service):
    assert service.create(bundle_version="4f2a9c1", start_date="2024-02-01", limit=1, partial=True)["dag_run_ids"]
    answer = service.post(
        dag_id="example_daily", bundle_version="another", start_date="2024-02-01", limit=1, partial=True
    )
    assert (answer.status_code, answer.json["response"]["reason"]) == (404, "bundle_version_not_found")
    assert "has no version for bundle_version 'another'" in answer.json["response"]["error"]
