"""The in-memory backend: for demos, and for every test that needs no Airflow."""
