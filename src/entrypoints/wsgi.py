"""What a WSGI server serves: ``airflow_run_groups.entrypoints.wsgi:app``."""

from airflow_run_groups.entrypoints.container import Container

container = Container()
app = container.app()
