"""Whether a group's runs can go on behind the runs before them."""

import pytest

from airflow_run_groups.domain.groups.waiting import PreviousRun, RunningRun, WaitsFor, previous_run_that_blocks
from airflow_run_groups.entrypoints.http.schemas.responses import GroupProgressSchema
from tests.documents import Document, code

OTHERS = "o"


def running(*runs):
    """Return running runs, each its id and what it waits for with its state; those of other groups begin with ``o``."""
    return [
        RunningRun(
            run_id=run_id,
            in_group=not run_id.startswith(OTHERS),
            has_place=True,
            waits_for=None if not before else PreviousRun(run_id=before[0], state=before[1]),
        )
        for run_id, *before in runs
    ]


def blocking(*runs, has_queued=True, is_full=False):
    return previous_run_that_blocks(running(*runs), has_queued=has_queued, is_full=is_full)


@pytest.mark.parametrize("is_full", [True, False])
def test_runs_that_wait_for_none_are_blocked_by_none(is_full):
    assert blocking(is_full=is_full) is None
    assert blocking(("g1",), ("g2",), is_full=is_full) is None


@pytest.mark.parametrize("state", ["failed", "success"])
def test_a_run_that_has_ended_without_what_another_waits_for_blocks_it(state):
    assert blocking(("g1",), ("g2", "failed", state)) == "failed"


def test_it_blocks_all_that_wait_for_each_other_behind_it():
    assert blocking(("o1", "failed", "failed"), ("o2", "o1", "running"), ("g1", "o2", "running")) == "failed"


def test_runs_behind_one_that_is_running_go_on_when_it_has_ended():
    assert blocking(("g1",), ("g2", "g1", "running"), ("g3", "g2", "running"), is_full=True) is None


def test_a_queued_run_comes_to_its_end_while_there_are_places():
    assert blocking(("g2", "g1", "queued"), ("g3", "g2", "running")) is None
    assert blocking(("o1",), ("g2", "g1", "queued"), is_full=True) is None


def test_a_queued_run_blocks_those_that_have_all_the_places_and_wait_for_it():
    assert blocking(("g2", "g1", "queued"), ("g3", "g2", "running"), is_full=True) == "g1"


def test_the_queued_runs_of_a_group_are_blocked_where_blocked_runs_have_all_the_places():
    blocked = ("o1", "failed", "failed")
    assert blocking(blocked, is_full=True) == "failed"
    assert blocking(blocked, is_full=True, has_queued=False) is None
    assert blocking(blocked, is_full=False) is None
    assert blocking(blocked, ("o2",), is_full=True) is None


def test_a_backfill_run_gives_no_place_to_others():
    backfill = RunningRun(run_id="b", in_group=False, has_place=False, waits_for=None)
    blocked = running(("o1", "failed", "failed"))
    assert previous_run_that_blocks([backfill, *blocked], has_queued=True, is_full=True) == "failed"


def test_every_word_is_documented():
    rows = {code(word)[0]: text.partition(":")[0] for word, _, text in Document("docs/groups.md").table("waiting for")}
    assert {word: not text.startswith("no") for word, text in rows.items()} == {
        reason.value: reason.passes_by_itself for reason in WaitsFor
    }


def test_every_word_is_described():
    described = GroupProgressSchema().fields["waiting_for"].metadata["description"]
    assert [reason for reason in WaitsFor if f"`{reason.value}`" not in described] == []
