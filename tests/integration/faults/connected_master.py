"""Our gunicorn settings, with a master that has used the database before it forks its workers."""

from airflow_api_plugin.entrypoints import gunicorn as ours
from airflow_api_plugin.entrypoints.gunicorn import *  # noqa: F403 - gunicorn takes every setting by its name


def when_ready(server):
    ours.when_ready(server)
    from airflow_api_plugin.entrypoints.wsgi import container  # noqa: PLC0415 - gunicorn has loaded it by now

    container.backend().dags.list(readable=None)
