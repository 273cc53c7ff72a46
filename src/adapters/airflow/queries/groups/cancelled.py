"""The mark of a cancelled run: a number in a column of its row that nothing else uses once the run is there.

``creating_job_id`` is written by ``create_dagrun`` alone, and shown nowhere (read in Airflow 3.0 to 3.4); edited notes and
``airflow db clean`` leave it as it is. The mark holds the run's ``clear_number``, which grows when the run is cleared
(until 3.1: when it has ended by then), so that it ends by itself when the run is to run again.
"""

from typing import Any

from airflow.models.dagrun import DagRun
from sqlalchemy import func

from airflow_run_groups.domain.groups.actions import Retry, Which
from airflow_run_groups.domain.model import DagRunState

_RUN = DagRun.__table__
_MARK = func.coalesce(_RUN.c.creating_job_id, 0)
_SURE = -1 - 2 * _RUN.c.clear_number
_UNSURE = -2 - 2 * _RUN.c.clear_number

FAILED = _RUN.c.state == DagRunState.FAILED.value
CANCELLED = (FAILED & _MARK.in_([_SURE, _UNSURE])) | ((_RUN.c.state == DagRunState.SUCCESS.value) & (_MARK == _UNSURE))
"""Also a run that the scheduler, which holds runs in memory, calls a success because no task that it looks at has failed."""


def mark(clear_number: int, *, fails_by_itself: bool) -> int:
    """Return the mark of a run that is cancelled now.

    :param fails_by_itself: whether Airflow, when it looks at the run's tasks again, calls it failed.
    """
    return -1 - 2 * clear_number - (not fails_by_itself)


def is_marked(run: DagRun) -> bool:
    """Tell whether the run was cancelled, whatever its state is, and has not been cleared since."""
    return run.creating_job_id in {mark(run.clear_number, fails_by_itself=sure) for sure in (True, False)}


def is_for(retry: Retry) -> Any:
    """Return the condition that a run is one that the retry is for."""
    if retry.which is Which.FAILED:
        return FAILED & ~CANCELLED
    if retry.which is Which.CANCELLED:
        return CANCELLED
    return FAILED | (_RUN.c.state == DagRunState.SUCCESS.value if retry.which is Which.ALL else CANCELLED)
