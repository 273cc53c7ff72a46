"""Groups of the in-memory backend stop by themselves as time passes, at the very run that is one too many."""

import datetime as dt

import pytest

from airflow_run_groups.adapters.memory import MemoryBackend, MemoryDag, MemoryDagRunRepository, MemoryGroupRepository
from airflow_run_groups.domain import CreateRuns, GroupChange, GroupRequest, StopAfter
from tests.contracts.creation import Anyone
from tests.contracts.world import date, utc

NOON = utc(2025, 1, 1, 12)
HOUR = dt.timedelta(hours=1)
RUNS = 40


class Doomed:
    """A group of 40 runs of a DAG of which all fail, and a clock to turn."""

    def __init__(self, **wishes):
        self.now = NOON
        backend = MemoryBackend(lambda: self.now)
        backend.add(MemoryDag(dag_id="a", schedule="0 0 * * *", start_date=date(1), fails=True))
        self.groups = MemoryGroupRepository(backend)
        dates = tuple(date(day) for day in range(1, RUNS + 1))
        request = GroupRequest(dag_id="a", prefix="g", dates=dates, **wishes)
        CreateRuns(MemoryDagRunRepository(backend), lambda: self.now).create(request, Anyone())

    def later(self, by):
        self.now += by
        return self.groups.get("a", "g", now=self.now)

    def change(self, **wishes):
        self.groups.change(GroupChange(dag_id="a", prefix="g", **wishes), now=self.now)


@pytest.mark.parametrize("step", [dt.timedelta(seconds=1), HOUR])
@pytest.mark.parametrize("cap", [1, 5, 40])
def test_a_group_of_which_all_fails_stops_whenever_it_is_looked_at(cap, step):
    doomed = Doomed(max_active_runs=cap, stop_after=StopAfter(failed=5))
    for _ in range(60):
        states = doomed.later(step).group.states
    assert 5 <= states.failed <= 5 + cap - 1
    assert states.failed + states.queued == RUNS
    doomed.change(paused=False)
    again = doomed.later(HOUR).group.states
    assert again.failed == min(RUNS, 2 * states.failed)
    assert (doomed.later(HOUR).control.stopped is None) is (again.queued == 0)


def test_the_moment_of_the_stop_is_that_of_the_run():
    doomed = Doomed(max_active_runs=1, stop_after=StopAfter(failed_percent=100, of_at_least=3))
    stopped = doomed.later(HOUR).control.stopped
    assert stopped.at == NOON + dt.timedelta(seconds=1 + 3 * 3)
    assert doomed.later(HOUR).control.stopped == stopped


def test_a_group_that_has_stopped_is_listed_as_paused_before_anybody_looks_at_it():
    doomed = Doomed(max_active_runs=1, stop_after=StopAfter(failed=1))
    doomed.now += HOUR
    assert doomed.groups.paused("a", readable=None, start=None, limit=10).groups == (("a", "g"),)
