"""Reading one page, one run, all DAGs: this service and Airflow's API server on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from statistics import median

from benchmarks.airflow_process import AirflowProcess
from benchmarks.console import log
from benchmarks.line import Line, at_most, faster, more
from benchmarks.postgresql import Database
from benchmarks.rounds import gets, in_turn, throughput
from benchmarks.servers import Server
from benchmarks.size import PAGE

ROUNDS = 5
OUR_REPEATS = 40
THEIR_REPEATS = 8
_CLIENTS = 4
_SECONDS = 1.5
_RUNS = 20
"""How many different runs are requested, one by one."""
_IN_PROCESS = 1000

OUR_LIST = f"/api/v1/dag_runs?limit={PAGE}"
OUR_RUNS = (PAGE, ("response", "dag_runs"))
THEIR_RUNS = (PAGE, ("dag_runs",))
LISTS = {"its default form": f"/api/v2/dags/~/dagRuns?limit={PAGE}"}
LISTS["its `cursor=` form"] = f"{LISTS['its default form']}&cursor="


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Both servers on one database."""

    database: Database
    ours: Server
    airflow: Server

    def lists(self, where: str) -> list[Line]:
        """Compare a list of runs with both forms that Airflow has."""
        log(f"listing runs {where}")
        works = [gets(self.ours, [OUR_LIST], repeats=OUR_REPEATS, items=OUR_RUNS)]
        works += [gets(self.airflow, [path], repeats=THEIR_REPEATS, items=THEIR_RUNS) for path in LISTS.values()]
        ours, *theirs = in_turn(ROUNDS, *works)
        peers = [f"Airflow `GET /api/v2/dags/~/dagRuns?limit={PAGE}`, {form}" for form in LISTS]
        return [
            faster(f"list {PAGE} runs {where}", ours, peer, values, 40)
            for peer, values in zip(peers, theirs, strict=True)
        ]

    def page(self, number: int) -> Line:
        """Compare a page far into the table with Airflow's, which has to walk there."""
        log(f"listing page {number:,}")
        skipped = (number - 1) * PAGE
        before = self.database.value(f"SELECT id FROM dag_run ORDER BY id OFFSET {skipped - 1} LIMIT 1")
        offset = LISTS["its default form"] + f"&offset={skipped}"
        ours, theirs = in_turn(
            ROUNDS,
            gets(self.ours, [f"{OUR_LIST}&start={before}"], repeats=OUR_REPEATS, items=OUR_RUNS),
            gets(self.airflow, [offset], repeats=THEIR_REPEATS // 2, items=THEIR_RUNS),
        )
        return faster(f"list page {number:,}", ours, "Airflow, the same page by `offset=`", theirs)

    def single_runs(self, where: str) -> list[Line]:
        """Compare one run with Airflow's, which needs the DAG."""
        log(f"reading single runs {where}")
        query = f"SELECT run_id FROM dag_run WHERE dag_id = 'busy' AND run_id LIKE 'group%' ORDER BY id LIMIT {_RUNS}"
        run_ids = [run_id for (run_id,) in self.database.rows(query)]
        with_dag, without, theirs = in_turn(
            ROUNDS,
            gets(self.ours, [f"/api/v1/dag_runs/{one}?dag_id=busy" for one in run_ids], repeats=OUR_REPEATS),
            gets(self.ours, [f"/api/v1/dag_runs/{one}" for one in run_ids], repeats=OUR_REPEATS),
            gets(self.airflow, [f"/api/v2/dags/busy/dagRuns/{one}" for one in run_ids], repeats=OUR_REPEATS),
        )
        peer = "Airflow `GET /api/v2/dags/{id}/dagRuns/{run}`"
        return [
            faster(f"get one run {where}, with `dag_id`", with_dag, peer, theirs, 8),
            faster(f"get one run {where}, without `dag_id`", without, peer, theirs, 4),
        ]

    def dags(self) -> list[Line]:
        """Compare a list of 100 DAGs: for the time being the others are stale, which both leave out."""
        log(f"listing {PAGE} DAGs")
        others = f"dag_id NOT IN (SELECT dag_id FROM dag ORDER BY dag_id LIMIT {PAGE})"
        self.database.execute(f"UPDATE dag SET is_stale = true WHERE {others}", "VACUUM (ANALYZE) dag")
        ours, theirs = in_turn(
            ROUNDS,
            gets(self.ours, ["/api/v1/dags"], repeats=OUR_REPEATS, items=(PAGE, ("response", "dags"))),
            gets(self.airflow, [f"/api/v2/dags?limit={PAGE}"], repeats=THEIR_REPEATS, items=(PAGE, ("dags",))),
        )
        self.database.execute("UPDATE dag SET is_stale = false", "VACUUM (FULL, ANALYZE) dag")
        return [faster(f"list {PAGE} DAGs", ours, f"Airflow `GET /api/v2/dags?limit={PAGE}`", theirs, 10)]

    def throughput(self) -> list[Line]:
        """Compare how many lists several clients get at once."""
        log(f"{_CLIENTS} clients at once")
        paths = ((self.ours, OUR_LIST), (self.airflow, LISTS["its `cursor=` form"]))
        ours, theirs = in_turn(
            ROUNDS, *(partial(throughput, server, path, clients=_CLIENTS, seconds=_SECONDS) for server, path in paths)
        )
        work = f"requests per second, list of {PAGE} runs, {_CLIENTS} clients, two workers"
        return [more(work, ours, "Airflow's API server with two workers, its `cursor=` form", theirs, 20)]


def in_process(process: AirflowProcess) -> list[Line]:
    """Compare a list by our WSGI application with what the driver and the JSON library take for it."""
    log("listing runs in process")
    ours, floor = process.list_runs(PAGE, _IN_PROCESS)
    chunks = range(0, _IN_PROCESS, _IN_PROCESS // ROUNDS)
    medians = [[median(values[start : start + _IN_PROCESS // ROUNDS]) for start in chunks] for values in (ours, floor)]
    return [
        at_most(
            f"list {PAGE} runs in process, without HTTP",
            medians[0],
            "floor: the driver, plain dicts, orjson",
            medians[1],
            1.5,
        )
    ]
