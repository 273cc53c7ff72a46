"""Everything that can go wrong, in an order that chance has chosen."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator

import psutil
from airflow import settings
from sqlalchemy import text

from tests.integration.faults.proxy import COMMIT
from tests.integration.faults.torture.load import DAG_IDS
from tests.integration.faults.torture.misbehaving import crowd


class Faults:
    """Injects them, one after the other, and mends each."""

    def __init__(self, server, proxy, postgres) -> None:
        self._server = server
        self._proxy = proxy
        self._postgres = postgres
        self._chance = random.Random()
        self._kinds = {
            "the network falls silent": self._silence,
            "the network is reset": self._proxy.reset,
            "the network is slow": self._slow_down,
            "the network is reset in the middle of a batch": self._reset_in_a_batch,
            "the answer to a COMMIT is lost": self._lose_a_commit,
            "PostgreSQL is restarted": self._postgres.restart,
            "PostgreSQL crashes": lambda: self._postgres.restart("immediate"),
            "PostgreSQL is away": self._stop,
            "PostgreSQL is frozen": self._freeze,
            "sessions are ended": self._end_sessions,
            "a DAG is locked": lambda: self._hold("SELECT 1 FROM dag WHERE dag_id = :dag_id FOR UPDATE"),
            "a table is locked, and the pool exhausted": lambda: self._hold(
                "LOCK TABLE dag_run IN ACCESS EXCLUSIVE MODE"
            ),
            "a worker is killed": self._kill,
            "a worker is killed in the middle of a batch": self._kill_in_a_batch,
            "the workers are replaced": self._replace_workers,
            "a hundred clients send half a request": self._crowd,
        }

    def inject(self, seed: str) -> Iterator[str]:
        """Yield the name of each fault once it is mended; every kind comes once before one comes again."""
        round_ = 0
        while True:
            round_ += 1
            kinds = sorted(self._kinds)
            random.Random(f"{seed}, round {round_}").shuffle(kinds)
            for kind in kinds:
                self._chance = random.Random(f"{seed}, {kind} of round {round_}")
                second = self._one_more() if self._chance.random() < 0.3 else None
                self._kinds[kind]()
                self._proxy.heal()
                if second:
                    second.join()
                yield kind + (", and a worker is killed or all are replaced meanwhile" if second else "")

    def _one_more(self) -> threading.Timer:
        act = self._chance.choice((self._kill, self._replace_workers))
        timer = threading.Timer(self._chance.uniform(0, 1), act)
        timer.start()
        return timer

    def _some_time(self, most: float = 4) -> None:
        time.sleep(self._chance.uniform(0.2, most))

    def _silence(self) -> None:
        self._proxy.freeze()
        self._some_time()

    def _slow_down(self) -> None:
        self._proxy.delay = self._chance.choice((0.02, 0.5))
        self._some_time()

    def _reset_in_a_batch(self) -> None:
        self._proxy.trap(b"INSERT INTO task_instance", lambda link: self._proxy.reset())
        self._proxy.trapped.wait(3)

    def _lose_a_commit(self) -> None:
        def mute(link):
            link.mute = True

        self._proxy.trap(COMMIT, mute)
        self._proxy.trapped.wait(3)

    def _stop(self) -> None:
        self._postgres.stop(self._chance.choice(("fast", "immediate")))
        self._some_time()
        self._postgres.start()

    def _freeze(self) -> None:
        with self._postgres.frozen():
            self._some_time()

    def _end_sessions(self) -> None:
        with settings.engine.connect() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )

    def _hold(self, statement: str) -> None:
        with settings.engine.connect() as connection:
            values = {"dag_id": self._chance.choice(DAG_IDS)} if ":dag_id" in statement else {}
            connection.execute(text(statement), values)
            self._some_time()
            connection.rollback()

    def _kill(self) -> None:
        workers = psutil.Process(self._server.popen.pid).children()
        if workers:
            os.kill(random.choice(workers).pid, signal.SIGKILL)

    def _kill_in_a_batch(self) -> None:
        self._proxy.trap(b"INSERT INTO task_instance", lambda link: self._kill())
        self._proxy.trapped.wait(3)

    def _replace_workers(self) -> None:
        self._server.popen.send_signal(signal.SIGHUP)

    def _crowd(self) -> None:
        with crowd(self._server):
            self._some_time()
