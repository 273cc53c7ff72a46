"""The domain's repositories on Airflow's metadata database."""
