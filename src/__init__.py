"""Groups of Airflow DAG runs over a date range: created with one HTTP request, found again by their prefix."""

__version__ = "0.2.0"
