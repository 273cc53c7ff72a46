"""dependency-injector, loaded without the frameworks that it can inject into.

It imports FastAPI, pydantic and others wherever they are installed, as they are beside Airflow. That takes longer than
all the rest of the in-memory service, which uses none of it. May go when dependency-injector imports them on demand.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from threading import get_ident
from typing import Any


class _NotInstalled(MetaPathFinder):
    """Says of some modules, to this thread alone, that they are not installed; those already loaded are not asked for."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._thread = get_ident()

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:  # noqa: ARG002 - Python's signature
        if fullname in self._names and get_ident() == self._thread:
            raise ModuleNotFoundError(name=fullname)


_finder = _NotInstalled("fast_depends", "fastapi", "pydantic", "pydantic_settings", "starlette", "werkzeug", "yaml")
sys.meta_path.insert(0, _finder)
try:
    from dependency_injector.containers import DeclarativeContainer
    from dependency_injector.providers import Object, Selector, ThreadSafeSingleton
finally:
    sys.meta_path.remove(_finder)

__all__ = ["DeclarativeContainer", "Object", "Selector", "ThreadSafeSingleton"]
