"""Which connection makes room for another."""

import selectors
import socket
from contextlib import closing

from airflow_run_groups.entrypoints.gunicorn.waits import Wait, Waits


class Conn:
    def __init__(self, sock):
        self.socket = sock


def wait(deadline):
    return Wait(selectors.EVENT_READ, deadline, lambda conn: None, lambda conn: None)


def test_a_connection_that_has_just_come_makes_room_for_none_but_itself():
    first, second = socket.socketpair()
    with first, second, closing(selectors.DefaultSelector()) as poller:
        waits = Waits(poller, lambda conn, step: None)
        new, old = Conn(first), Conn(second)
        waits.add(new, wait(1.0))
        assert waits.take_next(but=new) is None
        waits.add(old, wait(2.0))
        assert waits.take_next(but=new) is old
        assert waits.take_next() is new
