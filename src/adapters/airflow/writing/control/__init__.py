"""The control of a group as rows that Airflow's scheduler obeys."""
