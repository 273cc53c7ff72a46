"""Connections to Airflow's metadata database: the engine, its sessions, their deadlines, and what is measured of them."""
