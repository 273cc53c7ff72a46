"""Work beside a loop that must not wait for it."""

import threading

import pytest

from airflow_run_groups.adapters.background import Background

NEVER = 3600.0


class Worker:
    """Has what was done, by which threads, and how often it has looked round."""

    def __init__(self):
        self.done = []
        self.looks = 0
        self.threads = set()
        self.may_work = threading.Event()
        self.may_work.set()
        self.fails = False
        self.background = None
        self._changed = threading.Condition()

    def start(self, *, most=100, first=NEVER):
        self.background = Background(self._work, self._look_round, most=most, gather=0.0, first=first, every=0.01)
        self.background.start()
        return self.background.put

    def _work(self, things):
        with self._changed:
            self.done.append(things)
            self.threads.add(threading.current_thread())
            self._changed.notify_all()
        self.may_work.wait(60)

    def _look_round(self):
        with self._changed:
            self.looks += 1
            self._changed.notify_all()
        if self.fails:
            raise RuntimeError(self.looks)

    def wait_until(self, condition):
        with self._changed:
            assert self._changed.wait_for(condition, 60)


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.may_work.set()
    worker.background.stop(60)


def test_what_is_put_is_worked_at_on_another_thread_which_does_not_keep_the_process(worker):
    put = worker.start()
    put({1, 2})
    worker.wait_until(lambda: worker.done)
    assert worker.done == [{1, 2}]
    (thread,) = worker.threads
    assert thread is not threading.current_thread()
    assert thread.daemon


def test_putting_waits_for_nothing_and_what_is_too_much_is_dropped(worker, caplog):
    put = worker.start(most=3)
    worker.may_work.clear()
    put({0})
    worker.wait_until(lambda: worker.done == [{0}])
    for number in range(1, 10):
        put({number // 2})
    worker.may_work.set()
    worker.wait_until(lambda: len(worker.done) == 2)
    assert worker.done == [{0}, {0, 1, 2}]
    assert "more than 3 runs have ended meanwhile" in caplog.text


def test_it_looks_round_by_itself_again_and_again(worker):
    worker.start(first=0.0)
    worker.wait_until(lambda: worker.looks >= 3)
    assert worker.done == []


def test_it_goes_on_after_an_error(worker, caplog):
    worker.fails = True
    put = worker.start(first=0.0)
    worker.wait_until(lambda: worker.looks >= 2)
    put({1})
    worker.wait_until(lambda: worker.done)
    assert "work beside the scheduler failed" in caplog.text


def test_it_stops_when_it_has_done_what_is_under_way(worker):
    put = worker.start()
    worker.may_work.clear()
    put({1})
    worker.wait_until(lambda: worker.done)
    put({2})
    worker.background.stop(0.01)
    (thread,) = worker.threads
    assert thread.is_alive()
    worker.may_work.set()
    thread.join(60)
    assert not thread.is_alive()
    assert worker.done == [{1}]
