"""Deadlines of connections whose end comes in the middle of what is done to them."""

import socket
import threading

import pytest

from airflow_run_groups.adapters.airflow.database.deadlines import Deadlines
from airflow_run_groups.adapters.airflow.database.instrumentation import _Instrumentation


class Loan:
    """What the pool has lent; the last one to hold it checks the connection in, on the same thread."""

    def __init__(self, deadline):
        self._deadline = deadline

    def __del__(self):
        self._deadline.detach()

    def invalidate(self):
        """Close it, of which there is nothing here."""


def in_time(work):
    """Do work on a thread that would wait for ever for a lock that it holds itself."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(10)
    return not thread.is_alive()


@pytest.mark.parametrize("method", ["detach", "give_up", "attach"])
def test_the_last_hold_of_a_connection_may_be_the_deadlines_own(method):
    deadlines = Deadlines()
    deadline = deadlines.start(60)
    ours, theirs = socket.socketpair()

    def work():
        deadline.attach(ours, Loan(deadline))
        arguments = [ours, Loan(deadline)] if method == "attach" else []
        getattr(deadline, method)(*arguments)
        deadlines.end(deadline)

    with ours, theirs:
        assert in_time(work)


def test_a_connection_may_come_back_while_connections_are_counted():
    class Meter:
        def set(self, *_):
            if not self.nested:
                self.nested = True
                instrumentation.on_checkin(None, object())

        nested = False

    instrumentation = _Instrumentation(Meter(), 8)
    assert in_time(lambda: instrumentation.on_checkout(None, object(), None))
