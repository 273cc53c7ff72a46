"""The application for a WSGI server: ``airflow_run_groups.entrypoints.wsgi:app``."""

from airflow_run_groups.entrypoints.gunicorn.process import container

app = container.app()
