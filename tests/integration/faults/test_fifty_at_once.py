"""Fifty batches at once for the same dates, on one service and on two: somebody creates each run, and nobody is refused."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from airflow.models.taskinstance import TaskInstance

from airflow_run_groups.adapters.airflow import connect
from airflow_run_groups.entrypoints.settings import Settings
from tests.integration.faults.client import Client


@pytest.mark.parametrize("bodies", ["identical", "overlapping"])
@pytest.mark.parametrize("services", ["two workers of one service", "two services"])
def test_fifty_batches_at_once_create_each_date_once_and_number_it_without_a_gap(first, second, dags, services, bodies):
    clients = Client(first), Client(second if services == "two services" else first)

    def post(number):
        end = 1 + (number % 25 if bodies == "overlapping" else 24)
        return clients[number % 2].post(start="2024-01-01", end=f"2024-01-{end:02}")

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(post, range(50)))
    assert {status for status, _, _ in answers} == {200}
    created = sorted(run_id for _, _, answer in answers for run_id in answer["dag_run_ids"])
    assert [re.match(r"p_(\d{7})_", run_id)[1] for run_id in created] == [f"{number:07}" for number in range(1, 26)]
    assert len({run_id[10:] for run_id in created}) == 25
    assert (dags.count_runs(), dags.count_tasks()) == (25, 50)


def test_what_is_worked_out_at_the_first_insert_is_there_before_any_thread_is(dags):
    """Two threads that do it at once meet a RuntimeError: dictionary changed size during iteration."""
    known = vars(TaskInstance.__mapper__)
    known.pop("all_orm_descriptors", None)
    connect(Settings().database, allow_unknown_schema=False)
    assert "all_orm_descriptors" in known
