"""Our gunicorn settings, with a master that has used the database before it forks its workers."""

from airflow_run_groups.entrypoints.gunicorn import configuration as ours
from airflow_run_groups.entrypoints.gunicorn.configuration import *  # noqa: F403 - gunicorn takes every setting by its name
from airflow_run_groups.entrypoints.gunicorn.process import container


def when_ready(server):
    ours.when_ready(server)
    container.backend().dags.list(readable=None)
