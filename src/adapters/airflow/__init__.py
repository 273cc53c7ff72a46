"""Airflow's metadata database behind the ports: the only place that imports Airflow or SQLAlchemy."""
