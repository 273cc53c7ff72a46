"""``POST /api/v1/dag_runs`` for a group that exists already."""

import pytest

from tests.unit.http.service import Service, error

WEEK = {"dag_id": "example_daily", "prefix": "redo_", "start_date": "2024-12-01", "end_date": "2024-12-07"}
MORE = {**WEEK, "start_date": "2024-12-08", "end_date": "2024-12-09"}


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_group_that_exists_is_a_warning_with_what_is_known_of_it(service, dry_run):
    assert service.create(**WEEK)["warnings"] == []
    assert service.create(**WEEK, dry_run=dry_run)["warnings"] == []
    (warning,) = service.create(**MORE, dry_run=dry_run)["warnings"]
    assert "group 'redo' of DAG 'example_daily' exists already, with 7 runs since 2025-01-01T12:00:00Z: " in warning


@pytest.mark.parametrize("dry_run", [True, False])
def test_new_group_refuses_a_group_that_exists(service, dry_run):
    service.create(**WEEK)
    answer = service.post(**MORE, new_group=True, dry_run=dry_run)
    assert answer.status_code == 409
    assert error(answer).startswith("group 'redo' of DAG 'example_daily' exists already, with 7 runs since")
    assert len(service.listed("?prefix=redo_")) == 7


def test_new_group_takes_the_repeat_of_the_request_that_made_the_group(service):
    first = service.create(**WEEK, new_group=True)
    assert len(first["dag_run_ids"]) == 7
    again = service.create(**WEEK, new_group=True)
    assert (again["dag_run_ids"], again["existing"], again["warnings"]) == ([], 7, [])
    planned = service.create(**WEEK, new_group=True, dry_run=True)
    assert {one["action"] for one in planned["plan"]} == {"exists"}


def test_new_group_false_adds_to_a_group_without_a_warning(service):
    service.create(**WEEK)
    assert service.create(**MORE, new_group=False)["warnings"] == []


def test_the_reason_is_in_the_log():
    lines = []
    service = Service(log_request=lines.append)
    service.create(**WEEK)
    service.post(**MORE, new_group=True)
    assert lines[-1]["reason"] == "group_exists"
