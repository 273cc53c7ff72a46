"""The client and the domain, from their docstrings by autodoc."""

from __future__ import annotations

import importlib
import inspect

PACKAGES = {
    "client.md": (
        "airflow_run_groups.adapters.client",
        "Python client",
        "The client needs neither Airflow nor the service on its machine. [In a script](../terminal.md#in-a-script) shows it at work.",
    ),
    "domain.md": (
        "airflow_run_groups.domain",
        "Domain",
        "The rules of groups, with the standard library alone. [The rules as a library](../library.md) shows them at work.",
    ),
}


def pages() -> dict[str, str]:
    """Return a page for each package."""
    return {name: page(*about) for name, about in PACKAGES.items()}


def page(package: str, title: str, text: str) -> str:
    """List what the package exports: functions, classes and errors, each with its docstring."""
    module = importlib.import_module(package)
    exported = {name: value for name, value in vars(module).items() if name[0] != "_" and not inspect.ismodule(value)}
    errors = {name for name, value in exported.items() if inspect.isclass(value) and issubclass(value, Exception)}
    classes = {name for name, value in exported.items() if inspect.isclass(value)} - errors
    functions = {name for name, value in exported.items() if inspect.isfunction(value)}
    parts = [f"# {title}", f"`{package}`. {text}"]
    kinds = {
        "Functions": ("function", functions, ""),
        "Classes": ("class", classes, "   :members:\n"),
        "Errors": ("exception", errors, "   :members:\n   :show-inheritance:\n"),
        "Constants and types": ("data", set(exported) - functions - classes - errors, ""),
    }
    for heading, (kind, names, options) in kinds.items():
        if names:
            directives = "\n".join(f".. auto{kind}:: {package}.{name}\n{options}" for name in exported if name in names)
            parts += [f"## {heading}", f"```{{eval-rst}}\n{directives}```"]
    return "\n\n".join(parts) + "\n"
