"""What a repository of DAGs promises."""

from airflow_run_groups.domain import DagFilter, DagPage
from tests.contracts.world import World, date


class DagRepositoryContract:
    def test_without_dags_the_list_is_empty(self, world: World):
        assert list(world.dags.list(readable=None)) == []

    def test_dags_are_ordered_by_id(self, world: World):
        for dag_id in ("zebra", "aardvark", "monkey"):
            world.dag(dag_id)
        assert ids(world.dags.list(readable=None)) == ["aardvark", "monkey", "zebra"]

    def test_a_stale_dag_is_not_listed(self, world: World):
        world.dag("gone", is_stale=True)
        world.dag("here")
        assert ids(world.dags.list(readable=None)) == ["here"]

    def test_a_paused_dag_is_listed_as_paused(self, world: World):
        world.dag("asleep", is_paused=True)
        world.dag("awake")
        assert [dag.is_paused for dag in world.dags.list(readable=None)] == [True, False]

    def test_dags_without_a_schedule_and_with_import_errors_are_listed(self, world: World):
        world.dag("broken", has_import_errors=True)
        world.dag("unscheduled", schedule=None)
        assert ids(world.dags.list(readable=None)) == ["broken", "unscheduled"]

    def test_only_readable_dags_are_listed(self, world: World):
        for dag_id in ("a", "b", "c"):
            world.dag(dag_id)
        assert ids(world.dags.list(readable=frozenset({"a", "c", "no_such_dag"}))) == ["a", "c"]
        assert ids(world.dags.list(readable=frozenset())) == []

    def test_a_dag_says_which_file_it_comes_from(self, world: World):
        world.dag("a")
        (dag,) = world.dags.list(readable=None)
        assert dag.fileloc.endswith(".py")

    def test_the_last_logical_date_is_the_largest_whoever_made_the_run(self, world: World):
        world.dag("a")
        world.run("a", "first", logical_date=date(1))
        world.run("a", "third", logical_date=date(3), run_type="scheduled", state="failed")
        world.run("a", "second", logical_date=date(2), run_type="backfill", state="queued")
        world.run("a", "dateless")
        world.dag("other")
        world.run("other", "later", logical_date=date(9))
        assert [dag.last_logical_date for dag in world.dags.list(readable=None)] == [date(3), date(9)]

    def test_a_dag_without_dated_runs_has_no_last_logical_date(self, world: World):
        world.dag("a")
        world.dag("b")
        world.run("b", "dateless")
        assert [dag.last_logical_date for dag in world.dags.list(readable=None)] == [None, None]

    def test_a_page_of_dags_tells_what_a_form_needs_to_know(self, world: World):
        world.dag("awake", schedule="30 4 * * *", max_active_runs=3)
        world.dag("asleep", schedule=None, is_paused=True)
        world.dag("gone", is_stale=True)
        world.run("awake", "x", logical_date=date(3))
        page = world.dags.search(DagFilter())
        assert [(dag.dag_id, dag.is_paused, dag.last_logical_date) for dag in page.dags] == [
            ("asleep", True, None),
            ("awake", False, date(3)),
        ]
        assert [(dag.schedule, dag.max_active_runs, dag.allows_range) for dag in page.dags] == [
            (None, 16, False),
            ("30 4 * * *", 3, True),
        ]
        assert all(dag.fileloc.endswith(".py") for dag in page.dags)
        assert page.next_start is None

    def test_dags_are_searched_by_a_part_of_their_ids_in_capitals_or_not(self, world: World):
        for dag_id in ("Sales_daily", "sales.hourly", "presales", "stock"):
            world.dag(dag_id)
        for part, found in {
            "SALES": ["Sales_daily", "presales", "sales.hourly"],
            ".": ["sales.hourly"],
            "%": [],
            "_": ["Sales_daily"],
        }.items():
            assert ids(world.dags.search(DagFilter(q=part)).dags) == found
        assert world.dags.search(DagFilter(q="nothing")) == DagPage(dags=(), next_start=None)

    def test_pages_of_dags_hold_each_readable_one_once(self, world: World):
        everything = [f"dag_{number}" for number in range(7)]
        for dag_id in reversed(everything):
            world.dag(dag_id)
        readable = frozenset({*everything[1:], "nowhere"})
        pages, start = [], None
        while True:
            page = world.dags.search(DagFilter(start=start, limit=3, readable=readable))
            pages.append(ids(page.dags))
            start = page.next_start
            if start is None:
                break
        assert pages == [everything[1:4], everything[4:7]]
        assert world.dags.search(DagFilter(readable=frozenset())).dags == ()

    def test_the_ids_are_those_of_all_dags(self, world: World):
        assert world.dags.ids() == frozenset()
        world.dag("gone", is_stale=True)
        world.dag("asleep", is_paused=True)
        world.dag("awake")
        assert world.dags.ids() == {"gone", "asleep", "awake"}

    def test_a_backend_that_is_there_answers_a_ping(self, world: World):
        world.dags.ping()


def ids(dags):
    return [dag.dag_id for dag in dags]
