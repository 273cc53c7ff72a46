"""gunicorn's own lines, as a part of the log of the process."""

from __future__ import annotations

import logging
import sys
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]

from airflow_api_plugin.entrypoints.logs import configure


class ServerLog(glogging.Logger):  # type: ignore[misc]
    """Sets the log of the process up, before the application is loaded; ``--log-level`` is the level of all of it.

    gunicorn's lines go there as well, unless the operator has given them a place of their own.
    """

    def setup(self, cfg: Any) -> None:
        """Set it up, at the start and again after SIGHUP."""
        super().setup(cfg)
        configure(sys.stderr, self.loglevel)
        if cfg.errorlog == "-" and not (cfg.logconfig or cfg.logconfig_dict or cfg.logconfig_json):
            self.error_log.handlers = [one for one in self.error_log.handlers if type(one) is not logging.StreamHandler]
            self.error_log.propagate = True
