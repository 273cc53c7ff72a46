"""gunicorn's own lines, in the log of the process."""

import sys
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]

from airflow_run_groups.entrypoints.logs import configure


class Logger(glogging.Logger):  # type: ignore[misc]
    """Configures the log of the process before the application is loaded; ``--log-level`` is the level of all lines.

    A ``--log-config`` of the operator's takes its place.
    """

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        if not (cfg.logconfig or cfg.logconfig_dict or cfg.logconfig_json):
            configure(sys.stderr, self.loglevel)
