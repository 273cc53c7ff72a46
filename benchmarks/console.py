"""The progress of the benchmark, on the console."""

from __future__ import annotations

import time

from rich.console import Console

console = Console(markup=False, highlight=False)
_begin = time.monotonic()


def log(text: str) -> None:
    """Print a line, with the seconds since the start."""
    console.print(f"{time.monotonic() - _begin:5.0f} s  {text}", soft_wrap=True)
