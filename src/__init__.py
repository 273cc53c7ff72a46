"""Groups of Airflow DAG runs over a date range, asked for once over HTTP and found again by their prefix."""

__version__ = "0.2.0"
