"""How a test ends what it has started."""

import sys

import pytest

from tests.integration.airflow.processes import Process, wait_until

SWALLOWS_ITS_EXIT = """
import signal, sys, time
class Collected:
    def __del__(self):
        print("collecting", flush=True)
        time.sleep(60)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
Collected()
time.sleep(60)
"""
ENDS_SLOWLY = """
import signal, sys, time
def end(*_):
    print("asked", flush=True)
    time.sleep(2.5)
    sys.exit(3)
signal.signal(signal.SIGTERM, end)
print("collecting", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("program", "code", "asked"), [(SWALLOWS_ITS_EXIT, 0, 0), (ENDS_SLOWLY, 3, 1)])
def test_a_process_is_asked_to_end_again_only_if_its_exit_was_swallowed(tmp_path, program, code, asked):
    process = Process(sys.executable, "-c", program, log=tmp_path / "log")
    wait_until(lambda: "collecting" in process.output)
    assert process.stop() == code
    assert process.output.count("asked") == asked
