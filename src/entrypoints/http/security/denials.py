"""Denials: requests refused for lack of permission, which are recorded in the backend's audit log."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from threading import Lock

from falcon import Request

from airflow_run_groups.domain import AuditLog, Denial, Forbidden, OutcomeUnknown

MAX_PER_PERIOD = 10
"""Denials of one caller that a process records in each period, since nothing deletes the audit log's rows."""
PERIOD = 60
"""Seconds."""
_log = logging.getLogger(__name__)


class Denials:
    """Records denials, as far as they do not flood the audit log. The response is the same if a record fails."""

    def __init__(self, audit: AuditLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._audit = audit
        self._clock = clock
        self._lock = Lock()
        self._period_began = clock()
        self._counts: Counter[str | None] = Counter()

    def record(self, req: Request, error: Forbidden) -> None:
        caller = req.context.caller.name
        if not self._has_room(caller):
            return
        request = f"{req.method} {req.root_path}{req.path}"[:200]
        try:
            self._audit.denied(Denial(caller=caller, dag_id=error.dag_id, request=request, reason=str(error)))
        except OutcomeUnknown:
            _log.warning("whether the denial of %r to %s is in the audit log is not known", request, caller)
        except Exception as failure:  # noqa: BLE001 - the response must not depend on the record
            _log.warning("the denial of %r to %s is not in the audit log: %s", request, caller, failure)

    def _has_room(self, caller: str | None) -> bool:
        with self._lock:
            if self._clock() - self._period_began >= PERIOD:
                self._period_began = self._clock()
                self._counts.clear()
            self._counts[caller] += 1
            return self._counts[caller] <= MAX_PER_PERIOD
