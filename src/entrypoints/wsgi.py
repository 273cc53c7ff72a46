"""What a WSGI server serves: ``airflow_api_plugin.entrypoints.wsgi:app``."""

from airflow_api_plugin.entrypoints.container import Container

container = Container()
app = container.app()
