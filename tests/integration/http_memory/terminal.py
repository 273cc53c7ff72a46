"""Our command as a user types it: at a terminal, or with its output in pipes."""

import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from airflow_run_groups.entrypoints.terminal.command_line.main import main
from tests.integration.http_memory.server import BIN, environment

COMMAND = str(BIN / "airflow-groups")


def environ_of(url, **environ):
    """Return the environment of a command that asks the service at this URL; the command is found by its name."""
    clean = {name: value for name, value in environment().items() if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}}
    path = f"{BIN}{os.pathsep}{clean['PATH']}"
    return {**clean, "PATH": path, "AIRFLOW_GROUPS_URL": url, "NO_PROXY": "*", "TERM": "xterm-256color", **environ}


def piped(*words, url="http://127.0.0.1:9", **environ):
    """Run it with pipes."""
    environ = environ_of(url, **environ)
    return subprocess.run([COMMAND, *words], check=False, env=environ, capture_output=True, text=True, timeout=60)


@dataclass
class Done:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


def called(*words, url="http://127.0.0.1:9"):
    """Run it in this process, which takes a tenth of the time."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr), pytest.MonkeyPatch.context() as environ:
        environ.setenv("AIRFLOW_GROUPS_URL", url)
        environ.setenv("NO_PROXY", "*")
        try:
            main(words, prog_name="airflow-groups")
        except SystemExit as end:
            return Done(end.code, stdout.getvalue(), stderr.getvalue())


class Terminal:
    """A terminal of 120 columns in which a command runs."""

    def __init__(self, *words, url, **environ):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.process = subprocess.Popen(
            words,
            env=environ_of(url, **environ),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - so that Ctrl-C reaches it
        )
        os.close(slave)
        self.output = ""

    def wait_for(self, text, seconds=30):
        """Read until this is on the terminal."""
        self._read(lambda: text in self.output, seconds, text)

    def type(self, text):
        """Type this once the command waits: Python misses a Ctrl-C between the prompt and the call that reads."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        deadline = time.monotonic() + 30
        while stat.read_text().rpartition(")")[2].split()[0] != "S":
            assert time.monotonic() < deadline, f"it does not wait for input: {self.output[-2000:]!r}"
            time.sleep(0.001)
        os.write(self._master, text.encode())

    def end(self, seconds=60):
        """Wait for the command to end; return its exit status."""
        self._read(lambda: False, seconds, "the end")
        os.close(self._master)
        return self.process.wait(10)

    def _read(self, is_enough, seconds, what):
        deadline = time.monotonic() + seconds
        while not is_enough():
            assert time.monotonic() < deadline, f"{what!r} did not come: {self.output[-2000:]!r}"
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    read = os.read(self._master, 1 << 16)
                except OSError:  # the other end is closed
                    return
                if not read:
                    return
                self.output += read.decode(errors="replace")

    @property
    def text(self):
        """What was written, without colours and moves of the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.output).replace("\r\n", "\n")
