"""The service inside Airflow: plugin, provider, mount and commands. Airflow's components import this package, so it imports nothing."""
