"""gunicorn's own lines, as a part of the log of the process."""

from __future__ import annotations

import sys
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]

from airflow_run_groups.entrypoints.logs import configure


class Logger(glogging.Logger):  # type: ignore[misc]
    """Sets the log of the process up, before the application is loaded; ``--log-level`` is the level of all of it.

    With a ``--log-config`` of the operator's, the log is what that says.
    """

    def setup(self, cfg: Any) -> None:
        """Set it up, at the start and again after SIGHUP."""
        super().setup(cfg)
        if not (cfg.logconfig or cfg.logconfig_dict or cfg.logconfig_json):
            configure(sys.stderr, self.loglevel)
