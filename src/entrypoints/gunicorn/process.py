"""The container of this process: gunicorn's configuration and the WSGI application read the same settings, once."""

from dependency_injector.providers import Object

from airflow_run_groups.entrypoints.container import Container
from airflow_run_groups.entrypoints.gunicorn import shutdown

container = Container(is_stopping=Object(shutdown.is_announced))
