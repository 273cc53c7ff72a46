"""A plugin of an Airflow installation: timetables that take their time, never come back, or end the process."""

import datetime as dt
import threading
import time
from contextlib import suppress

from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

FREE = threading.Event()
"""Lets those go on that hang, in this process."""


class Daily(Timetable):
    """Every midnight from the start of the range, each the outcome of ``step``."""

    def infer_manual_data_interval(self, *, run_after):
        return DataInterval.exact(run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        last = last_automated_data_interval
        if last:
            self.step()
        return DagRunInfo.exact(last.start + dt.timedelta(days=1) if last else restriction.earliest)

    def step(self):
        pass


class Slow(Daily):
    """It ignores the end of the range, too."""

    def step(self):
        time.sleep(0.4)


class Hangs(Daily):
    """It waits in C, where no exception reaches it."""

    def step(self):
        FREE.wait()


class Spins(Daily):
    def step(self):
        while True:
            pass


class SpinsCatching(Daily):
    """Nobody should, and somebody does."""

    def step(self):
        with suppress(BaseException):
            while True:
                pass
        while True:
            pass


class Exits(Daily):
    def step(self):
        raise SystemExit(3)


class Interrupts(Daily):
    def step(self):
        raise KeyboardInterrupt


class ClosesGenerator(Daily):
    def step(self):
        raise GeneratorExit


class ExitsForManualRuns(Daily):
    def infer_manual_data_interval(self, *, run_after):
        raise SystemExit(4)


class ExitsWhenRead(Daily):
    is_harmless = False

    @classmethod
    def deserialize(cls, data):
        if cls.is_harmless:
            return cls()
        raise SystemExit(5)


class CustomTimetables(AirflowPlugin):
    name = "custom_timetables"
    timetables = [  # noqa: RUF012 - Airflow's
        *(
            Daily,
            Slow,
            Hangs,
            Spins,
            SpinsCatching,
            Exits,
            Interrupts,
            ClosesGenerator,
            ExitsForManualRuns,
            ExitsWhenRead,
        )
    ]
