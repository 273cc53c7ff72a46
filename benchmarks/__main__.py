"""`make bench`: everything that is measured, from an empty folder to a table and a plot in benchmarks/results."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from benchmarks import filling, finding, growth, reading, starting
from benchmarks.airflow_process import AirflowProcess
from benchmarks.console import console, log
from benchmarks.creating import Creating
from benchmarks.growth import Table
from benchmarks.in_a_row import InARow
from benchmarks.large import Large
from benchmarks.line import Line
from benchmarks.parts import Parts
from benchmarks.plot import plot
from benchmarks.postgresql import Database, PostgreSQL
from benchmarks.reading import Reading
from benchmarks.report import report
from benchmarks.seeding import TEMPLATE, grow, seed_small
from benchmarks.servers import Home, Server
from benchmarks.size import FULL, QUICK, SMALL, Size, deep_page
from benchmarks.users import Users
from benchmarks.year import Year

RESULTS = Path(__file__).parent / "results"
WORKERS = 2


def main() -> int:
    """Measure, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="all of it; hours, and 20 GB in the folder for temporary files"
    )
    parser.add_argument(
        "--year",
        action="store_true",
        help="nothing but the year of hourly runs from a terminal; no results are written",
    )
    parser.add_argument(
        "--in-a-row",
        action="store_true",
        help="nothing but groups one after the other in tables that were never analysed; no results are written",
    )
    parser.add_argument(
        "--finding",
        action="store_true",
        help="nothing but groups, DAGs and gaps that are looked for in a small and in a large table; no results are written",
    )
    parser.add_argument(
        "--users", action="store_true", help="nothing but requests by users of Airflow; no results are written"
    )
    parser.add_argument(
        "--filling",
        action="store_true",
        help="nothing but coverage, and runs that run again, in a small table and in one of 1,100,000 runs; no results are written",
    )
    parser.add_argument(
        "--large",
        action="store_true",
        help="nothing but groups of more than 500 runs by one request; no results are written",
    )
    parser.add_argument(
        "--parts",
        action="store_true",
        help="nothing but the parts of a creation of 500 runs, beside the floor of the database; no results are written",
    )
    parser.add_argument(
        "--airflow", action="store_true", help="name the files of the results after the minor version of Airflow, too"
    )
    arguments = parser.parse_args()
    size = FULL if arguments.full else QUICK
    suffix = f"-{'.'.join(version('apache-airflow-core').split('.')[:2])}" if arguments.airflow else ""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="airflow-groups-bench-")))
        benchmark = Benchmark(size, folder, stack, suffix)
        if arguments.year:
            benchmark.year()
        elif arguments.in_a_row:
            benchmark.in_a_row()
        elif arguments.finding:
            benchmark.finding()
        elif arguments.users:
            benchmark.users()
        elif arguments.filling:
            benchmark.filling()
        elif arguments.large:
            benchmark.large()
        elif arguments.parts:
            benchmark.parts()
        else:
            benchmark.run()
    return 0


class Benchmark:
    """One run of the benchmark."""

    def __init__(self, size: Size, folder: Path, stack: ExitStack, suffix: str = "") -> None:
        """Work in this folder; whatever is started is stopped by the stack. The results' names end with the suffix."""
        self._size = size
        self._name = f"{size.name}{suffix}"
        self._stack = stack
        self._environment = [f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the start"]
        self._home = Home(folder / "airflow")
        log("starting PostgreSQL")
        self._postgresql = PostgreSQL(folder)
        stack.callback(self._postgresql.stop)

    def run(self) -> None:
        """Measure everything, and write the results."""
        self._prepare()
        small, small_airflow, seconds = self._serve(SMALL)
        creating = Creating(
            database=small.database,
            ours=small.ours,
            airflow=small_airflow,
            process=self._process(small.database),
            size=self._size,
        )
        lines = [*creating.lines(), *self._users(creating).lines(), *self._year(small), *self._in_a_row()]
        large, large_airflow, _ = self._serve(self._size.large)
        lines += [growth.groups(small, large, self._size.rounds), *growth.group_reads(small, large)]
        lines += finding.lines(small, large)
        lines += self._filling(small, large)
        here = Reading(database=small.database, ours=small.ours, airflow=small_airflow)
        there = Reading(database=large.database, ours=large.ours, airflow=large_airflow)
        of_small, of_large = f"of {small.runs:,}", f"of {large.runs:,}"
        lines += [*here.lists(of_small), *there.lists(of_large)]
        lines += [there.page(deep_page(large.runs))]
        lines += reading.in_process(creating.process)
        lines += [*here.single_runs(of_small), *there.single_runs(of_large)]
        lines += [*here.dags(), *here.throughput()]
        grown = [large]
        if self._size.huge is not None:
            grown.append(self._table(self._size.huge))
            growth.groups(small, grown[-1], 1)
        tables: list[tuple[str, Sequence[Sequence[str]]]] = [("More than 500 runs by one request", self._large())]
        for table in grown:
            pages = growth.pages(small, table)
            lines += [
                *growth.plain(pages, small, table),
                growth.summary(pages, small, table),
                growth.dags(small, table),
            ]
            rows = [growth.headings(small, table), *(page.cells() for page in pages)]
            tables.append((f"Pages of {table.runs:,} runs, with filters", rows))
        lines += starting.airflow(small_airflow, seconds)
        small_airflow.stop()
        large_airflow.stop()
        lines += [*starting.demo(self._home), *starting.workers(self._home, small.database, self._size.rounds)]
        self._write(lines, tables)

    def year(self) -> None:
        """Measure a year of hourly runs from a terminal, and print it."""
        self._prepare()
        for line in self._year(self._table(SMALL)):
            console.print(" | ".join(line.cells()), soft_wrap=True)

    def in_a_row(self) -> None:
        """Measure groups in tables that were never analysed, and print it."""
        self._prepare()
        for line in self._in_a_row():
            console.print(" | ".join(line.cells()), soft_wrap=True)

    def finding(self) -> None:
        """Look for groups, DAGs and gaps in a small table and in a large one, and print it."""
        self._prepare()
        small, large = self._table(SMALL), self._table(self._size.large)
        growth.groups(small, large, 1)
        for line in chain(finding.lines(small, large), growth.group_reads(small, large)):
            console.print(" | ".join(line.cells()), soft_wrap=True)

    def users(self) -> None:
        """Measure this service for users of Airflow, and print it."""
        self._prepare()
        table, airflow, _ = self._serve(SMALL)
        creating = Creating(
            database=table.database,
            ours=table.ours,
            airflow=airflow,
            process=self._process(table.database),
            size=self._size,
        )
        for line in self._users(creating).lines():
            console.print(" | ".join(line.cells()), soft_wrap=True)

    def _users(self, creating: Creating) -> Users:
        alone = self._home.ours(creating.database, WORKERS, airflow_users=True)
        self._stack.callback(alone.stop)
        alone.wait("/health/ready")
        alone.token = creating.airflow.token
        return Users(alone=alone, creating=creating)

    def _in_a_row(self) -> list[Line]:
        rounds = range(self._size.rounds)
        databases = tuple(self._postgresql.database(f"new_{number}", "migrated") for number in rounds)
        return InARow(databases=databases, home=self._home).lines()

    def filling(self) -> None:
        """Measure coverage and runs that run again, and print it."""
        self._prepare()
        for line in self._filling(self._table(SMALL), self._table(self._size.large)):
            console.print(" | ".join(line.cells()), soft_wrap=True)

    def _filling(self, *tables: Table) -> list[Line]:
        return filling.lines([(table, self._process(table.database)) for table in tables], self._size.rounds + 1)

    def large(self) -> None:
        """Measure groups of more than 500 runs, and print it."""
        self._prepare()
        for cells in self._large():
            console.print(" | ".join(cells), soft_wrap=True)

    def parts(self) -> None:
        """Measure the parts of a creation, and print them."""
        self._prepare()
        table, airflow, _ = self._serve(SMALL)
        process = self._process(table.database)
        creating = Creating(database=table.database, ours=table.ours, airflow=airflow, process=process, size=self._size)
        for cells in Parts(creating=creating).rows():
            console.print(" | ".join(cells), soft_wrap=True)

    def _large(self) -> list[tuple[str, ...]]:
        database = self._postgresql.database("large", "prepared")
        return Large(database=database, home=self._home, rounds=self._size.rounds).rows()

    def _year(self, table: Table) -> list[Line]:
        environment = self._home.environment(table.database)
        return Year(database=table.database, ours=table.ours, environment=environment).lines()

    def _prepare(self) -> None:
        log("migrating Airflow's database, storing the DAGs")
        database = self._postgresql.database("prepared")
        process = self._process(database)
        process.prepare(TEMPLATE)
        versions = process.versions()
        process.stop()
        self._postgresql.database("migrated", "prepared")
        seed_small(database)
        self._environment += [
            f"Python {platform.python_version()}",
            *(f"{name} {one}" for name, one in versions.items()),
        ]
        self._environment += [self._postgresql.describe()]

    def _database(self, per_dag: int) -> Database:
        database = self._postgresql.database(f"runs_{per_dag}", "prepared")
        if per_dag > SMALL:
            grow(database, SMALL, per_dag)
        return database

    def _table(self, per_dag: int) -> Table:
        """Make a table with so many runs of each DAG, and have this service ready on it."""
        database = self._database(per_dag)
        ours = self._home.ours(database, WORKERS)
        self._stack.callback(ours.stop)
        ours.wait("/health/ready")
        return Table(per_dag=per_dag, database=database, ours=ours)

    def _serve(self, per_dag: int) -> tuple[Table, Server, float]:
        """Do the same with Airflow's API server beside it; the seconds are those of its start."""
        table = self._table(per_dag)
        log(f"{table.database.name}: starting Airflow's API server")
        airflow = self._home.airflow(table.database, WORKERS)
        self._stack.callback(airflow.stop)
        return table, airflow, airflow.wait_for_airflow()

    def _process(self, database: Database) -> AirflowProcess:
        process = AirflowProcess(self._home.environment(database), self._home.folder / f"process-{database.name}.log")
        self._stack.callback(process.stop)
        return process

    def _write(self, lines: Sequence[Line], tables: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> None:
        RESULTS.mkdir(exist_ok=True)
        picture = RESULTS / f"{self._name}.svg"
        picture.write_text(plot(lines))
        text = report(f"Benchmark, {self._size.name} size", ", ".join(self._environment), lines, tables, picture.name)
        (RESULTS / f"{self._name}.md").write_text(text)
        log("done")
        console.print("\n" + text, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
