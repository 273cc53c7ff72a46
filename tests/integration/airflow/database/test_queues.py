"""Writers of one DAG follow each other, and wait for nobody else."""

import threading

import pytest

from airflow_run_groups.adapters.airflow.database.queues import NoTurn, Queues


def test_writers_of_other_dags_wait_for_nobody():
    queues = Queues()
    with queues.turn("a", seconds=0):
        for number in range(500):
            with queues.turn(f"other_{number}", seconds=0):
                pass


def test_writers_of_one_dag_follow_each_other_and_give_up_in_time():
    queues, done, began = Queues(), [], threading.Event()

    def write():
        began.set()
        with queues.turn("a", seconds=60):
            done.append("second")

    with queues.turn("a", seconds=0):
        with pytest.raises(NoTurn), queues.turn("a", seconds=0):
            pass
        thread = threading.Thread(target=write)
        thread.start()
        began.wait()
        done.append("first")
    thread.join()
    assert done == ["first", "second"]


def test_queue_in_which_nobody_is_is_forgotten():
    queues = Queues()
    with queues.turn("a", seconds=0), queues.turn("b", seconds=0):
        with pytest.raises(NoTurn), queues.turn("a", seconds=0):
            pass
        assert len(queues) == 2
    assert len(queues) == 0


def test_error_of_a_writer_lets_the_next_one_in():
    queues = Queues()
    with pytest.raises(KeyError), queues.turn("a", seconds=0):
        raise KeyError
    with queues.turn("a", seconds=0):
        pass
