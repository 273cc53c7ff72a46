# ruff: noqa: INP001 - a script, and no module of a package
"""Links src as the package airflow_run_groups in .venv/typing, where mypy finds it.

Python finds the package by the editable install, at src itself. mypy follows a folder only, so it gets a link to src: one
that this script makes, since a link in the repository would be a text file on Windows and with core.symlinks=false.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = ROOT / ".venv" / "typing" / "airflow_run_groups"

LINK.parent.mkdir(exist_ok=True)
if not LINK.exists():
    if sys.platform == "win32":
        import _winapi

        _winapi.CreateJunction(str(ROOT / "src"), str(LINK))  # a symbolic link takes a privilege there
    else:
        LINK.symlink_to(ROOT / "src", target_is_directory=True)
