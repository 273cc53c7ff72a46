"""Work that is remembered within a transaction of Airflow's, and done after its commit, when it holds no locks any more."""

import logging
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import object_session

KEY = "airflow_run_groups"
"""Where a session's ``info`` has what is remembered in it."""
_log = logging.getLogger(__name__)


class AfterCommit:
    """Calls functions after the commit, each with the things that were remembered for it, once for each thing.

    A rollback forgets it. Errors of the functions are logged: the transaction that has ended is somebody else's.
    """

    def __init__(self, functions: Sequence[Callable[[set[Any]], None]]) -> None:
        self._functions = functions

    def put(self, things: Sequence[Hashable | None], row: object) -> None:
        """Remember a thing, or None, for each of the functions in the session that this row is in."""
        session: Any = object_session(row)
        if session is None:
            return
        if KEY not in session.info:
            session.info[KEY] = [set() for _ in self._functions]
            event.listen(session, "after_commit", self._after_commit)
            event.listen(session, "after_rollback", _forget)
        for remembered, thing in zip(session.info[KEY], things, strict=True):
            if thing is not None:
                remembered.add(thing)

    def _after_commit(self, session: Any) -> None:
        if session.in_nested_transaction():
            return
        for function, things in zip(self._functions, _forget(session), strict=True):
            if things:
                try:
                    function(things)
                except Exception as error:  # noqa: BLE001 - Airflow goes on, whatever it is
                    _log.warning("nothing was done after a commit of Airflow's: %s", error)


def _forget(session: Any) -> list[set[Any]]:
    """Empty what is remembered in a session, and return what it was."""
    found = [set(things) for things in session.info[KEY]]
    for things in session.info[KEY]:
        things.clear()
    return found
