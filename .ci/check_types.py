# ruff: noqa: INP001 - a script, and no module of a package
"""Checks the types of the package, the benchmarks and the examples with mypy.

Python finds the package by the editable install, at src itself. mypy follows folders only, so src gets a link of the
package's name in .venv: one in the repository would be a text file on Windows and with core.symlinks=false. What mypy
reports there is printed as a report about src.
"""

import os
import sys
from pathlib import Path

from mypy import api

if sys.platform == "win32":
    from _winapi import CreateJunction

LINK = Path(".venv", "typing", "airflow_run_groups")


def main() -> int:
    os.chdir(Path(__file__).resolve().parents[1])
    if not LINK.exists():
        link()
    status = 0
    for sources in (["-p", "airflow_run_groups", "-p", "benchmarks"], sorted(map(str, Path().glob("examples/*.py")))):
        report, errors, failed = api.run(sources)
        sys.stdout.write(report.replace(f"{LINK}{os.sep}", f"src{os.sep}"))
        sys.stderr.write(errors)
        status |= failed
    return status


def link() -> None:
    LINK.parent.mkdir(exist_ok=True)
    if sys.platform == "win32":
        CreateJunction(str(Path("src").resolve()), str(LINK))  # a symbolic link takes a privilege there
    else:
        LINK.symlink_to(Path("..", "..", "src"))


if __name__ == "__main__":
    sys.exit(main())
