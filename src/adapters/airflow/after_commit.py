"""Work that is remembered within a transaction of Airflow's, and done after its commit, when it holds no locks any more."""

import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, object_session

KEY = "airflow_run_groups"
"""Where a session's ``info`` has what is remembered in it."""
_log = logging.getLogger(__name__)


def after_commit(function: Callable[[set[Any]], None], thing: Hashable, row: object) -> None:
    """Have a function called after the commit of the session that this row is in, with all things that it is to be called with.

    A rollback forgets them. Errors of the function are logged: the transaction that has ended is somebody else's.
    """
    session = object_session(row)
    if session is not None:
        session.info.setdefault(KEY, {}).setdefault(function, set()).add(thing)


@contextmanager
def _logged() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - Airflow goes on, whatever it is
        _log.warning("nothing was done after a commit of Airflow's: %s", error)


# Listeners of each session would have Python call back whenever one is collected, and a scheduler that gets SIGTERM
# within such a call goes on: Python ignores the SystemExit of Airflow's signal handler there.
@event.listens_for(Session, "after_commit")
def _call(session: Session) -> None:
    if session.in_nested_transaction():
        return
    remembered: dict[Callable[[set[Any]], None], set[Any]] = session.info.pop(KEY, {})
    for function, things in remembered.items():
        with _logged():
            function(things)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(KEY, None)
