"""How a scheduler with our listener is known by its row in Airflow's ``job`` table."""

MARK = "airflow_run_groups:listener"
"""The ``dag_id`` of its row. Airflow leaves it empty for a scheduler, and no DAG can have this id (read in 3.0 to 3.3)."""
