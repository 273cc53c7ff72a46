"""Where the supported versions of Airflow differ, one line a difference: which version needs it, and when it may go."""

from airflow import __version__

MINOR = tuple(int(part) for part in __version__.split(".")[:2])
CARRIER_PER_RUN = MINOR >= (3, 2)
"""Since 3.2 each run starts a trace of its own; before, every run has the same empty carrier."""
PROVED_MINORS = {(3, 3)}
"""Minors on which the comparison with create_dagrun has shown every copied column to be what Airflow writes."""
