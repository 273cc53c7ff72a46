"""What the ports promise, written once; an adapter's tests subclass the suites and give them a ``world`` fixture."""

import pytest

pytest.register_assert_rewrite(
    "tests.contracts.dag_runs", "tests.contracts.dags", "tests.contracts.recording", "tests.contracts.timetables"
)
