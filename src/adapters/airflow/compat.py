"""Where the supported versions of Airflow differ, one line a difference: which version needs it, and when it may go."""

from airflow import __version__

MINOR = tuple(int(part) for part in __version__.split(".")[:2])
PROVED_MINORS = {(3, 3)}
"""Minors on which the comparison with create_dagrun has shown every copied column to be what Airflow writes."""
