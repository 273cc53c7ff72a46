"""Which of Airflow's schedulers are alive, and have our listener: they say so in their own row of ``job``.

A listener marks the row when the scheduler makes it, before it is written (Job.__init__, 3.0 to 3.4). So the mark is there
as long as the scheduler is, and needs no heartbeat of its own.
"""

import datetime as dt

from airflow.configuration import conf
from airflow.jobs.job import Job
from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection

from airflow_run_groups.adapters.scheduler_mark import MARK
from airflow_run_groups.domain.errors import NoListener

_JOB = Job.__table__
_ALIVE = select(
    func.count().label("all"), func.count(_JOB.c.dag_id).filter(_JOB.c.dag_id == MARK).label("listening")
).where(
    _JOB.c.job_type == "SchedulerJob",
    _JOB.c.state == "running",
    _JOB.c.latest_heartbeat > bindparam("since", type_=_JOB.c.latest_heartbeat.type),
)


def require_listener(key: str, connection: Connection, *, now: dt.datetime) -> None:
    """Require that each scheduler that is alive, by Airflow's own measure, has a listener, and that there is one.

    :param key: the one of a request that needs it.
    :raises NoListener: when that is not so.
    """
    threshold = dt.timedelta(seconds=conf.getint("scheduler", "scheduler_health_check_threshold"))
    found = connection.execute(_ALIVE, {"since": now - threshold}).one()
    if not found.all or found.listening < found.all:
        raise NoListener(key, schedulers=found.all, listening=found.listening)
