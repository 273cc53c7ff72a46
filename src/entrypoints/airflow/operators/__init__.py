"""The parts that DAGs use: operator, sensor, trigger and hook. DAG authors import them from ``airflow_run_groups.operators``."""
