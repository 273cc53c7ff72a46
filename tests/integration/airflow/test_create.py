"""Batches on a real Airflow."""

import datetime as dt

from airflow_api_plugin.domain import BatchRequest, CreateBatch

UTC = dt.timezone.utc
NOW = dt.datetime(2026, 1, 1, tzinfo=UTC)


class Anybody:
    name = None
    readable_dag_ids = None

    def may_create_runs(self, dag_id):
        return True


def test_a_range_becomes_queued_runs_with_their_tasks(world):
    world.dag("daily", tasks=3)
    create = CreateBatch(world.runs, lambda: NOW)
    batch = create(
        BatchRequest(
            dag_id="daily",
            prefix="p_",
            start_date=dt.datetime(2020, 1, 1, tzinfo=UTC),
            end_date=dt.datetime(2020, 1, 3, tzinfo=UTC),
        ),
        Anybody(),
    )
    assert [run.run_id for run in batch.runs] == [
        "p_0000001_2020-01-01T00:00:00",
        "p_0000002_2020-01-02T00:00:00",
        "p_0000003_2020-01-03T00:00:00",
    ]
    assert (world.count_runs(), world.count_tasks()) == (3, 9)
