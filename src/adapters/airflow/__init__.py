"""Airflow's metadata database behind the ports: the only place that imports Airflow or SQLAlchemy."""

# first, since it refuses an Airflow that is too old for the other modules to be imported at all
from airflow_run_groups.adapters.airflow import (
    compat as compat,
)
from airflow_run_groups.adapters.airflow.backend import (
    AirflowBackend as AirflowBackend,
    connect as connect,
    hide_values_of_airflow as hide_values_of_airflow,
)
