"""The README is short, and its figures are those of the benchmark; test_examples.py and test_terminal_docs.py run its examples."""

import re
import subprocess
import sys

import pytest

from tests.documents import Document

README = Document("README.md")
LIBRARY = Document("docs/library.md")
HEADINGS = ("work", "against", "ours", "theirs", "measured", "goal", "")
PEERS = {
    "500 runs of ten tasks over HTTP": [
        ("create 500 runs x 10 tasks", "Airflow `POST /api/v2/backfills`, the same range"),
        ("create 500 runs x 10 tasks", "500 x Airflow `POST /api/v2/dags/{id}/dagRuns`"),
    ],
    "a year of hourly runs from a terminal": [
        (
            "create a year of hourly runs, 8,760 x 1 task, with `airflow-groups create`",
            "`airflow backfill create`, the same range",
        ),
    ],
}


def test_readme_fits_on_a_few_screens():
    assert len(README.text.splitlines()) <= 150


def test_figures_are_those_of_the_benchmark():
    """Each row shows the time of each peer, ours, and how many times faster that is."""
    (measured,) = Document("benchmarks/results/full.md").tables(*HEADINGS)
    (compared,) = README.tables("", "Airflow's backfill", "a loop of triggers", "Airflow Run Groups")
    rows = {row[0]: row[1:] for row in compared}
    for name, peers in PEERS.items():
        found = [row for work, against in peers for row in measured if row[:2] == [work, against]]
        assert len(found) == len(peers), name
        shown = [cell for cell in rows[name][:-1] if cell]
        assert shown == [theirs for _, _, _, theirs, *_ in found]
        ours, times = rows[name][-1].split(": ")
        assert [ours] == list({row[2] for row in found})
        assert re.findall(r"[\d.]+", times) == [row[4].removesuffix(" times faster") for row in found]
        assert [name for name in ("backfill", "loop") if f"than the {name}" in times] == ["backfill", "loop"][
            : len(found)
        ]


def test_the_loop_that_how_groups_work_compares_with_is_that_of_the_benchmark():
    (measured,) = Document("benchmarks/results/full.md").tables(*HEADINGS)
    (times,) = (
        row[4]
        for row in measured
        if row[0].startswith("create 500 runs x 10 tasks")
        and row[1].startswith("a loop of `create_dagrun` in one transaction")
    )
    text = " ".join(Document("docs/why.md").text.split())
    shown = re.search(
        r"a loop of Airflow's `create_dagrun` in one transaction, without HTTP, takes ([0-9.]+) times as long", text
    )
    assert f"{shown[1]} times faster" == times


@pytest.mark.parametrize("mark", ["create and wait", "failure"])
def test_example_of_a_dag_is_the_one_that_tests_execute(mark):
    assert README.block(mark) == Document("docs/from-a-dag.md").block(mark)


def test_the_example_of_the_library_prints_what_the_page_says():
    command = [sys.executable, "-c", LIBRARY.block("library")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == LIBRARY.block("library output")
