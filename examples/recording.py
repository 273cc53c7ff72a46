"""Write docs/create-watch.svg: what `airflow-groups create --watch` shows at a terminal, from the command itself (`make recording`)."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import shlex
import socket
import struct
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "create-watch.svg"
BIN = Path(sys.executable).parent
COMMAND = "airflow-groups create --dag-id example_hourly --prefix redo --from-date 2025-01-01 --to-date 2025-01-10 --max-active-runs 16 --pace 20/PT4S --watch"
ROWS, COLUMNS = 40, 152
HALFWAY = 100
"""How many runs have succeeded on the first of the two screens."""


def main() -> None:
    with demo() as url:
        screens = record({**os.environ, "AIRFLOW_GROUPS_URL": url, "NO_PROXY": "*", "TERM": "xterm-256color"})
    halfway = next(screen for screen in screens if succeeded(screen) >= HALFWAY)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {COMMAND}", style="bold"))
    last = next(number for number, line in enumerate(screens[-1]) if "Created" in line) + 1
    for title, screen in (("", halfway), ("… and when all have ended:", screens[-1][:last])):
        if title:
            console.print(Text(f"\n{title}\n", style="bright_black"))
        for line in screen:
            console.print(Text.from_ansi(line))
    console.print()  # the picture cuts the last line at its lower edge, with the underscores in it
    svg = console.export_svg(title="airflow-groups create --watch", unique_id="create-watch")
    PICTURE.write_text(
        re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8"
    )  # no other site's fonts


@contextmanager
def demo() -> Iterator[str]:
    """Serve the in-memory backend, and return its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen([BIN / "airflow-groups", "serve", "--backend", "memory", "--bind", address])
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://{address}/health/ready")
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait()


def record(environ: dict[str, str]) -> list[list[str]]:
    """Run the command at a terminal, and return the screen after each change."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    words = [str(BIN / "airflow-groups"), *shlex.split(COMMAND)[1:]]
    process = subprocess.Popen(words, env=environ, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    screen = Screen()
    screens = []
    while True:
        select.select([master], [], [])
        try:
            data = os.read(master, 1 << 16)
        except OSError:  # it has ended
            break
        if not data:
            break
        screen.write(data.decode())
        screens.append([line for line in screen.lines if line])
    process.wait()
    return screens


class Screen:
    """As much of a terminal as rich's bars need: lines that are erased as a whole before they are written again."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = 0

    def write(self, text: str) -> None:
        """Apply text and control sequences to the screen."""
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
            if part == "\n":
                self._row += 1
                if self._row == len(self.lines):
                    self.lines.append("")
            elif part == "\x1b[2K":
                self.lines[self._row] = ""
            elif part == "\x1b[1A":
                self._row -= 1
            elif part != "\r" and not re.fullmatch(r"\x1b\[.*[^m]", part):
                self.lines[self._row] += part


def succeeded(screen: list[str]) -> int:
    """Return how many runs have succeeded on a screen, 0 where there is no such number."""
    found = re.search(r"success.*?([\d,]+) / ", Text.from_ansi("\n".join(screen)).plain)
    return 0 if found is None else int(found[1].replace(",", ""))


if __name__ == "__main__":
    main()
