"""The threads of a worker: how many work at a time, and who is next."""

import threading
from concurrent.futures import Future

import pytest

from airflow_run_groups.entrypoints.gunicorn import threads as module
from airflow_run_groups.entrypoints.gunicorn.threads import Threads

SECONDS = 10


class Held:
    """A job that goes on until it is told to end; ``pauses`` is told to wait for its client first."""

    def __init__(self, threads, *, pauses=False):
        self.began, self.end, self.client = threading.Event(), threading.Event(), threading.Event()
        self.ended = threading.Event()
        self._threads, self._pauses = threads, pauses
        threads.submit(self)

    def __call__(self):
        self.began.set()
        if self._pauses:
            with self._threads.paused():
                assert self.client.wait(SECONDS)
        assert self.end.wait(SECONDS)
        self.ended.set()


def test_no_more_jobs_than_the_size_work_at_a_time():
    threads = Threads(2)
    first, second, third = [Held(threads) for _ in range(3)]
    assert first.began.wait(SECONDS)
    assert second.began.wait(SECONDS)
    assert not third.began.is_set()
    first.end.set()
    assert third.began.wait(SECONDS)
    second.end.set()
    third.end.set()


def test_a_job_that_waits_for_a_client_lets_another_work():
    threads = Threads(1)
    crowd = [Held(threads, pauses=True) for _ in range(50)]
    assert all(job.began.wait(SECONDS) for job in crowd)
    other = Held(threads)
    assert other.began.wait(SECONDS)
    other.end.set()
    for job in crowd:
        job.client.set()
        job.end.set()
    assert all(job.ended.wait(SECONDS) for job in crowd)


def test_a_job_whose_client_has_come_is_before_new_ones():
    threads = Threads(1)
    paused = Held(threads, pauses=True)
    assert paused.began.wait(SECONDS)
    working = Held(threads)
    assert working.began.wait(SECONDS)
    paused.client.set()
    later = Held(threads)
    assert not paused.ended.is_set()
    paused.end.set()
    while not threads._resuming:  # noqa: SLF001 - nothing else tells that it is there
        pass
    working.end.set()
    assert paused.ended.wait(SECONDS)
    later.end.set()
    assert later.ended.wait(SECONDS)


def test_a_job_that_fails_takes_no_turn_with_it(caplog):
    threads = Threads(1)
    threads.submit(lambda: 1 / 0)
    after = Held(threads)
    assert after.began.wait(SECONDS)
    after.end.set()
    assert "a job of a worker failed" in caplog.text


@pytest.mark.parametrize("number", [1, 20])
def test_threads_without_work_are_used_again_and_end(monkeypatch, number):
    monkeypatch.setattr(module, "IDLE", 0.05)
    threads = Threads(number)
    for _ in range(3):
        found = [Future() for _ in range(number)]
        for future in found:
            threads.submit(lambda future=future: future.set_result(threading.current_thread()))
        used = {future.result(SECONDS) for future in found}
        assert len(used) <= number
        for thread in used:
            thread.join(SECONDS)
            assert not thread.is_alive()
