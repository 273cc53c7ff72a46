"""What backends promise about the unfinished runs of groups: how many there are, and that limits hold."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest

from airflow_run_groups.domain import (
    Cancel,
    CreateRuns,
    DagRunFilter,
    GroupAction,
    GroupRequest,
    Groups,
    Retry,
    TooManyUnfinishedRuns,
    UnfinishedRunLimits,
    UnfinishedRuns,
)
from tests.contracts.world import NOW, World, date, group_run

DAG_LIMITS = UnfinishedRunLimits(per_dag=5)
CALLER_LIMITS = UnfinishedRunLimits(per_caller=5)


class Named:
    """A caller who may do everything."""

    def __init__(self, name: str | None = None) -> None:
        self.name = self.display_name = name

    def readable_dag_ids(self, dag_id=None):
        return None

    def may_create_runs(self, dag_id):
        return True

    may_change_runs = may_create_runs


def every_kind(world: World, **creator):
    """Put runs there of which two count for each DAG."""
    for dag_id in ("a", "b"):
        world.dag(dag_id)
        for day, state in enumerate(("queued", "running", "success", "failed"), start=1):
            world.run(dag_id, group_run("g", day, day), logical_date=date(day), state=state, **creator)
            world.run(dag_id, f"other_{state}", logical_date=date(10 + day), state=state, **creator)


def count(world: World, limits: UnfinishedRunLimits, caller: str | None = None) -> UnfinishedRuns:
    return world.runs.snapshot("a", lambda dag: dag.unfinished(limits, caller))


def creation(world: World, limits: UnfinishedRunLimits) -> CreateRuns:
    return CreateRuns(world.runs, lambda: NOW, limits)


def days(first: int, last: int, dag_id: str = "a", **more) -> GroupRequest:
    return GroupRequest(dag_id=dag_id, prefix="g", start_date=date(first), end_date=date(last), **more)


class UnfinishedRunsContract:
    def test_those_of_a_dag_are_the_queued_and_the_running_ones_of_its_groups(self, world: World):
        every_kind(world)
        assert count(world, DAG_LIMITS) == UnfinishedRuns(of_dag=2, of_caller=None)

    def test_nothing_is_counted_for_which_there_is_no_limit(self, world: World):
        every_kind(world)
        assert count(world, UnfinishedRunLimits()) == UnfinishedRuns()

    def test_a_creation_that_leads_to_more_is_refused_with_the_numbers_and_writes_nothing(self, world: World):
        world.dag("a")
        create = creation(world, DAG_LIMITS)
        create.create(days(1, 3), Named())
        with pytest.raises(TooManyUnfinishedRuns) as refused:
            create.create(days(4, 6), Named())
        assert str(refused.value) == (
            "DAG 'a' has 3 unfinished runs of groups, and 3 more would exceed the limit of 5: wait until some have ended, or "
            "ask for 2 at most"
        )
        assert world.count_runs() == 3
        create.create(days(4, 5), Named())
        with pytest.raises(TooManyUnfinishedRuns, match=r"has 5 .* and 1 more .* ended$"):
            create.create(days(6, 6), Named())
        assert world.count_runs() == 5

    def test_a_plan_is_refused_as_the_creation_would_be(self, world: World):
        world.dag("a")
        create = creation(world, DAG_LIMITS)
        create.create(days(1, 3), Named())
        assert len(create.plan(days(4, 5), Named()).runs) == 2
        assert create.summarise(days(4, 5), Named(), limited=True).counts["create"] == 2
        with pytest.raises(TooManyUnfinishedRuns):
            create.plan(days(4, 6), Named())
        with pytest.raises(TooManyUnfinishedRuns):
            create.summarise(days(4, 6), Named(), limited=True)
        with pytest.raises(TooManyUnfinishedRuns):
            create.summarise(days(4, 5), Named(), limited=True, planned=1)

    def test_a_repeat_creates_nothing_and_is_never_too_much(self, world: World):
        world.dag("a")
        creation(world, UnfinishedRunLimits()).create(days(1, 9), Named())
        assert creation(world, DAG_LIMITS).create(days(1, 9), Named()).existing == 9

    def test_other_dags_do_not_count(self, world: World):
        for dag_id in ("a", "b"):
            world.dag(dag_id)
            creation(world, DAG_LIMITS).create(days(1, 5, dag_id), Named())
        assert world.count_runs() == 10

    def test_a_retry_that_leads_to_more_is_refused_and_does_nothing(self, world: World):
        world.dag("a")
        creation(world, DAG_LIMITS).create(days(1, 4), Named())
        groups = Groups(world.groups, lambda: NOW, DAG_LIMITS)
        groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel()), Named())
        creation(world, DAG_LIMITS).create(days(5, 7), Named())
        for dry_run in (True, False):
            retry = GroupAction(dag_id="a", prefix="g", action=Retry(), dry_run=dry_run)
            with pytest.raises(TooManyUnfinishedRuns, match=r"has 3 unfinished .* and 4 more .* ask for 2 at most"):
                groups.apply(retry, Named())
        states = [run.state for run in world.runs.list(DagRunFilter(dag_id="a")).runs]
        assert states == ["failed"] * 4 + ["queued"] * 3
        assert len(groups.apply(GroupAction(dag_id="a", prefix="g", action=Retry(), limit=2), Named()).dag_run_ids) == 2

    def test_what_ends_runs_is_never_too_much(self, world: World):
        world.dag("a")
        creation(world, UnfinishedRunLimits()).create(days(1, 9), Named())
        groups = Groups(world.groups, lambda: NOW, DAG_LIMITS)
        assert len(groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel()), Named()).dag_run_ids) == 9

    def test_requests_at_once_stay_within_the_limit_of_the_dag(self, world: World):
        world.dag("a")
        requests = [days(day, day + 1) for day in (1, 3, 5, 7)]
        assert sorted(at_once(world, DAG_LIMITS, requests)) == [0, 0, 2, 2]
        assert world.count_runs() == 4


class UnfinishedRunsOfCallersContract:
    def test_those_of_a_caller_are_those_that_they_have_created_in_all_dags(self, world: World):
        every_kind(world, created_by="ada")
        world.run("a", group_run("h", 5, 5), logical_date=date(5), state="queued", created_by="bob")
        world.run("a", group_run("h", 6, 6), logical_date=date(6), state="queued")
        for caller, runs in {"ada": 4, "bob": 1, "ADA": 0, None: 1}.items():
            assert count(world, CALLER_LIMITS, caller) == UnfinishedRuns(of_dag=None, of_caller=runs)

    def test_a_creation_that_leads_to_more_is_refused_with_the_numbers_and_writes_nothing(self, world: World):
        for dag_id in ("a", "b"):
            world.dag(dag_id)
        create = creation(world, CALLER_LIMITS)
        create.create(days(1, 3, "b"), Named("ada"))
        with pytest.raises(
            TooManyUnfinishedRuns, match=r"^you have 3 unfinished runs of groups, and 3 more would exceed"
        ):
            create.create(days(1, 3), Named("ada"))
        assert world.count_runs() == 3
        create.create(days(1, 3), Named("bob"))
        create.create(days(4, 6), Named())
        with pytest.raises(TooManyUnfinishedRuns, match=r"^you have 3 "):
            create.create(days(7, 9), Named())

    def test_a_retry_counts_for_the_caller_who_requests_it(self, world: World):
        world.dag("a")
        creation(world, CALLER_LIMITS).create(days(1, 4), Named("ada"))
        groups = Groups(world.groups, lambda: NOW, CALLER_LIMITS)
        groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel()), Named("ada"))
        creation(world, CALLER_LIMITS).create(days(5, 7), Named("ada"))
        retry = GroupAction(dag_id="a", prefix="g", action=Retry())
        with pytest.raises(TooManyUnfinishedRuns, match=r"^you have 3 "):
            groups.apply(retry, Named("ada"))
        assert len(groups.apply(retry, Named("bob")).dag_run_ids) == 4

    def test_a_transaction_of_another_dag_that_counts_the_same_caller_waits_until_this_one_has_ended(
        self, world: World
    ):
        for dag_id in ("a", "b"):
            world.dag(dag_id)
        other_has_counted = Event()
        seen = []

        def count_and_tell(dag):
            seen.append(dag.unfinished(CALLER_LIMITS, "ada").of_caller)
            other_has_counted.set()

        other = Thread(target=world.runs.transaction, args=("b", count_and_tell))

        def work(dag):
            dag.unfinished(CALLER_LIMITS, "ada")
            other.start()
            assert not other_has_counted.wait(timeout=0.3)

        world.runs.transaction("a", work)
        other.join(timeout=30)
        assert seen == [0]

    def test_requests_at_once_for_several_dags_stay_within_the_limit_of_the_caller(self, world: World):
        dag_ids = ("a", "b", "c", "d")
        for dag_id in dag_ids:
            world.dag(dag_id)
        requests = [days(1, 2, dag_id) for dag_id in dag_ids]
        assert sorted(at_once(world, CALLER_LIMITS, requests)) == [0, 0, 2, 2]
        assert world.count_runs() == 4


def at_once(world: World, limits: UnfinishedRunLimits, requests):
    """Send requests of one caller at the same time; return how many runs each creates, 0 for a refusal."""
    create_runs = creation(world, limits)
    ready = Barrier(len(requests))

    def create(request):
        ready.wait()
        try:
            return len(create_runs.create(request, Named("ada")).runs)
        except TooManyUnfinishedRuns:
            return 0

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(create, requests))
