"""Airflow's metadata database behind the ports: the only place that imports Airflow or SQLAlchemy."""

from airflow_api_plugin.adapters.airflow.backend import AirflowBackend, connect

__all__ = ["AirflowBackend", "connect"]
