"""Calling notifiers of Airflow's providers, as a callback of a DAG does."""

import copy
import logging
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from airflow_run_groups.adapters.airflow.custom_code import CustomCode
from airflow_run_groups.adapters.notifier_classes import NotifierClass
from airflow_run_groups.domain.errors import words_of

SECONDS = 60.0
"""For how long a notifier may take."""
_log = logging.getLogger(__name__)


class NotifierFailed(Exception):
    """The notifier has raised an error, or takes too long, or could not be imported."""


class Notifiers:
    """The notifiers of an installation, imported when this is made: later, another thread may fork meanwhile."""

    def __init__(self, classes: Mapping[str, NotifierClass]) -> None:
        self._classes = classes
        self._imported = {name: found for name, one in classes.items() if (found := _imported(name, one)) is not None}
        self._custom_code = CustomCode(grace=1.0)

    def call(self, name: str, context: Mapping[str, Any]) -> None:
        """Call the notifier with this context, whose keys its templates can name.

        :raises NotifierFailed: when that was no success, as far as the notifier says so.
        """
        if name not in self._imported:
            msg = f"the notifier {name!r} is not in the configuration of this scheduler, or could not be imported"
            raise NotifierFailed(msg)
        arguments = copy.deepcopy(dict(self._classes[name].arguments))
        given = {"dag": None, **context}  # without the key, 3.0 renders no templates
        try:
            self._custom_code.run(
                f"the notifier {name!r}", lambda: self._imported[name](**arguments)(given), seconds=SECONDS
            )
        except Exception as error:
            msg = f"{type(error).__name__}: {words_of(error)}"
            raise NotifierFailed(msg) from error


def _imported(name: str, one: NotifierClass) -> Any:
    module, _, attribute = one.path.rpartition(".")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:  # noqa: BLE001 - whatever a module raises
        _log.error("the notifier %r cannot be used, as %s cannot be imported: %s", name, one.path, error)
        return None
