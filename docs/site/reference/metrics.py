"""The metrics, from their definitions."""

from airflow_run_groups.adapters.metrics import METRICS, PREFIX
from reference.markdown import code, table

UNITS = {"counter": "_total", "duration": "_seconds", "gauge": ""}
KINDS = {"counter": "counter", "duration": "histogram", "gauge": "gauge"}
AIRFLOW_KINDS = {"counter": "counter", "duration": "timer", "gauge": "gauge"}


def page() -> str:
    """List every metric with its labels, under both of its names."""
    rows = [
        [
            code(f"{PREFIX}_{metric.name}{UNITS[metric.kind]}"),
            KINDS[metric.kind],
            ", ".join(map(code, metric.labels)),
            code(f"{PREFIX}.{metric.name}"),
            metric.help,
        ]
        for metric in METRICS
    ]
    return f"""# Metrics

The service on its own serves these metrics for Prometheus at `/metrics`. Inside Airflow's API server they go to Airflow's own metrics, under the names of the fourth column.
[Operations](../operations.md#metrics) says what to alert on.

{table(["Prometheus", "type", "labels", "Airflow", "description"], rows)}
"""
