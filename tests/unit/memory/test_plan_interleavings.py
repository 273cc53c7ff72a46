"""A creation with the id of a plan beside other writers: it does exactly that plan, or it is refused and does nothing."""

from contextlib import suppress
from dataclasses import replace
from itertools import takewhile

from hypothesis import HealthCheck, given, settings, strategies as st

from airflow_run_groups.domain import (
    Action,
    Cancel,
    CreateRuns,
    DagRunFilter,
    GroupAction,
    GroupChange,
    GroupNotFound,
    GroupRequest,
    GroupRunId,
    Order,
    PlanChanged,
    Refused,
    ReprocessBehavior,
    Retry,
    Which,
)
from tests.contracts.rerun import Everyone, ids
from tests.contracts.world import add, date, group_run, new_run
from tests.unit.memory.world import MemoryWorld

DAYS = range(1, 7)
STATES = ("success", "failed", "running", "queued")
days = st.sampled_from(DAYS)
requests = st.fixed_dictionaries(
    {
        "prefix": st.sampled_from(["g", "h"]),
        "reprocess_behavior": st.sampled_from(ReprocessBehavior),
        "order": st.sampled_from(Order),
        "limit": st.integers(1, 6),
        "partial": st.sampled_from([True]),
        "conf": st.sampled_from([None, {"x": 1}]),
        "max_active_runs": st.sampled_from([None, 3]),
    }
)
interferences = st.one_of(
    st.tuples(st.just("end"), days, st.sampled_from(STATES[:3])),
    st.tuples(st.just("add"), days, st.sampled_from(["other", "g", "h"])),
    st.tuples(st.just("delete"), days, st.none()),
    st.tuples(st.just("create"), days, requests),
    st.tuples(st.just("cancel"), st.none(), st.sampled_from(["g", "h"])),
    st.tuples(st.just("retry"), st.none(), st.sampled_from(["g", "h"])),
    st.tuples(st.just("control"), st.none(), st.sampled_from(["g", "h"])),
    st.tuples(st.just("version"), st.none(), st.none()),
)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    runs=st.dictionaries(days, st.tuples(st.sampled_from(STATES), st.sampled_from(["other", "h"])), max_size=6),
    wishes=requests,
    others=st.lists(interferences, max_size=4),
)
def test_a_thousand_interleavings_with_other_writers(runs, wishes, others):
    world = MemoryWorld()
    world.dag("a", start_date=date(1))
    for number, (day, (state, prefix)) in enumerate(sorted(runs.items()), 1):
        add(world, "a", new_run(group_run(prefix, number, day), date(day)))
        if state != "queued":
            world.end("a", group_run(prefix, number, day), state)
    request = GroupRequest(dag_id="a", start_date=date(1), end_date=date(6), **wishes)
    create_runs = CreateRuns(world.runs, world.clock)
    plan = create_runs.plan(request, Everyone())
    seen = shown(plan)
    for kind, day, what in others:
        interfere(world, kind, day, what)
    as_then = CreateRuns(world.runs, lambda: plan.plan_id.time)
    is_same = shown(as_then.plan(request, Everyone())) == seen
    before = states(world)
    started_since = {
        stored.run.run_id
        for stored in world.backend.dags["a"].runs
        if stored.run.start_date is not None and stored.run.start_date > plan.plan_id.time
    }
    try:
        created = create_runs.create(replace(request, plan_id=plan.plan_id), Everyone())
    except PlanChanged:
        assert others
        assert states(world) == before
        assert not is_same or any(kind in {"control", "version", "create", "retry", "end"} for kind, *_ in others)
        return
    assert {*ids(created.runs), *ids(created.reruns)} <= {*ids(plan.runs), *ids(plan.reruns)}
    there = states(world)
    assert {*ids(plan.runs), *ids(plan.reruns)} <= there.keys()
    assert not started_since & set(ids(created.reruns))
    assert is_same or {kind for kind, *_ in others} & {"create", "add", "retry", "end"}  # they did it, or left it alone
    if is_same:
        assert (created.runs, ids(created.reruns)) == (plan.runs, ids(plan.reruns))
    again = create_runs.create(replace(request, plan_id=plan.plan_id), Everyone())
    assert (again.runs, again.reruns) == ((), ())
    assert states(world) == there


def interfere(world, kind, day, what):
    """Do what another writer could do, if it can be done now."""
    dag = world.backend.dags["a"]
    there = {stored.run.logical_date: stored for stored in dag.runs}
    stored = None if day is None else there.get(date(day))
    if kind == "end" and stored is not None:
        world.end("a", stored.run.run_id, what)
    elif kind == "add" and stored is None:
        number = dag.last_numbers.get(what, 0) + 1
        add(world, "a", new_run(group_run(what, number, day), date(day)))
    elif kind == "delete" and stored is not None:
        delete(dag, stored)
    elif kind == "version":
        dag.dag = replace(dag.dag, params={"x": {"default": 1}})
    elif kind == "create":
        _try(lambda: CreateRuns(world.runs, world.clock).create(_request(day, what), Everyone()))
    elif kind in {"cancel", "retry"}:
        action = Cancel() if kind == "cancel" else Retry(which=Which.ALL)
        _try(lambda: world.groups.apply(GroupAction(dag_id="a", prefix=what, action=action)))
    elif kind == "control":
        change = GroupChange(dag_id="a", prefix=what, max_active_runs=7)
        _try(lambda: world.groups.change(change, now=world.clock()))


def _request(day, wishes):
    return GroupRequest(dag_id="a", start_date=date(day), end_date=date(6), **wishes)


def _try(work):
    with suppress(Refused, GroupNotFound):
        work()


def delete(dag, stored):
    """Let a run be gone, as when somebody deletes it in Airflow."""
    dag.queue_of(stored).remove(stored)
    dag.runs.remove(stored)
    del dag.by_run_id[stored.run.run_id]
    dag.logical_dates.remove(stored.run.logical_date)
    if stored.prefix is not None:
        group = dag.groups[stored.prefix]
        group.remove(stored)
        dag.last_numbers[stored.prefix] = max((GroupRunId.parse(one.run.run_id).number for one in group), default=0)
        if not group:
            del dag.groups[stored.prefix]


def shown(plan):
    """Return what is done about each date up to the limit, and what tells the plan from others."""
    due = {run.run_id: (run.run_after, run.conf) for run in (*plan.runs, *plan.reruns)}
    within = takewhile(lambda one: one.action is not Action.LEFT_OUT, plan.dates)
    dates = [(one.logical_date, one.action, None if one.action is Action.EXISTS else one.run_id) for one in within]
    return dates, due, plan.control


def states(world):
    return {
        run.run_id: (run.state, run.start_date) for run in world.runs.list(DagRunFilter(dag_id="a", limit=500)).runs
    }
