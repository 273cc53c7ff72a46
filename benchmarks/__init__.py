"""Airflow's own API and this service on one machine and one database, measured in turn."""
