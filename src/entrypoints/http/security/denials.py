"""What becomes of a refusal besides its answer: it is entered in the backend's audit log."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from threading import Lock

from falcon import Request

from airflow_run_groups.domain import AuditLog, Denial, Forbidden

MOST = 10
"""How many refusals of one caller a process enters in each stretch of ``SECONDS``: the log's rows are for ever."""
SECONDS = 60
_log = logging.getLogger(__name__)


class Denials:
    """Enters refusals, as far as the log is not flooded with them, and the answer goes out whether it can or not."""

    def __init__(self, audit: AuditLog, clock: Callable[[], float] = time.monotonic) -> None:
        """Enter them in this log."""
        self._audit = audit
        self._clock = clock
        self._lock = Lock()
        self._began = clock()
        self._entered: Counter[str | None] = Counter()

    def enter(self, req: Request, error: Forbidden) -> None:
        """Enter that the caller of the request was refused it."""
        caller = req.context.caller.name
        if not self._has_room(caller):
            return
        request = f"{req.method} {req.root_path}{req.path}"[:200]
        try:
            self._audit.refused(Denial(caller=caller, dag_id=error.dag_id, request=request, reason=str(error)))
        except Exception as failure:  # noqa: BLE001 - the answer is what it is, whatever became of the entry
            _log.warning("the refusal of %r to %s is not in the audit log: %s", request, caller, failure)

    def _has_room(self, caller: str | None) -> bool:
        with self._lock:
            if self._clock() - self._began >= SECONDS:
                self._began = self._clock()
                self._entered.clear()
            self._entered[caller] += 1
            return self._entered[caller] <= MOST
