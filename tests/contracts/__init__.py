"""What the ports promise, written once; an adapter's tests subclass the suites and give them a ``world`` fixture."""

import pytest

SUITES = ("audit", "dag_runs", "dags", "groups", "control", "planning", "creation", "timetables")
pytest.register_assert_rewrite(*(f"tests.contracts.{suite}" for suite in SUITES))
