"""A command under way: the client that it talks through, where it writes, and what its exit status is."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from airflow_run_groups.adapters.client import Client, RefusedByService, Repeat, Unreachable, Unsendable
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import Output

if TYPE_CHECKING:
    from airflow_run_groups.entrypoints.terminal.commands import CommandLine

LOCAL = "http://localhost"
"""What the service is called that runs in this process."""
TOKEN = "AIRFLOW_GROUPS_TOKEN"  # noqa: S105 - a name, and no token


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How the service is found."""

    url: str
    local: bool
    token_file: str | None
    ask_token: bool
    retry_for: float

    def open(self, on_repeat: Callable[[Repeat], None]) -> Client:
        """Return a client.

        :raises click.UsageError: when what it needs is wrong.
        """
        try:
            if not self.local:
                return Client(self.url, self._token(), retry_for=self.retry_for, on_repeat=on_repeat)
            from airflow_run_groups.entrypoints.terminal.local import transport  # noqa: PLC0415 - the whole service

            return Client(LOCAL, transport=transport(), retry_for=self.retry_for, on_repeat=on_repeat)
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    def _token(self) -> str | None:
        if self.ask_token:
            return _asked_for()
        if self.token_file is not None:
            return Path(self.token_file).read_text(encoding="utf-8").strip()
        return os.environ.get(TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a command works with."""

    client: Client
    output: Output
    command_line: CommandLine


def run(work: Callable[[Session], int], *, connection: Connection, output: str, command_line: CommandLine) -> int:
    """Do the work of a command, and return its exit status."""
    shown = Output(output)
    if sys.stdout is None:  # what is opened next would be taken for it
        shown.error("failed", "the standard output is closed, so that no result could be written", None)
        return exits.UNREACHABLE
    try:
        status = _done(work, connection, shown, command_line)
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up(sys.stdout, sys.stderr)
        return exits.NOT_READ
    except OSError as error:
        _give_up(sys.stdout)
        with suppress(OSError):
            shown.error("failed", str(error), None)
        return exits.UNREACHABLE
    return status


def _done(work: Callable[[Session], int], connection: Connection, shown: Output, command_line: CommandLine) -> int:
    with ExitStack() as stack:
        try:
            client = stack.enter_context(connection.open(lambda repeat: _tell(shown, repeat)))
            return work(Session(client=client, output=shown, command_line=command_line))
        except RefusedByService as error:
            shown.error("refused", str(error), error.request_id)
            return exits.REFUSED
        except Unreachable as error:
            shown.error("unreachable", str(error), error.request_id)
            return exits.UNREACHABLE
        except Unsendable as error:
            raise click.UsageError(str(error)) from None
        except KeyboardInterrupt:
            return exits.INTERRUPTED


def _asked_for() -> str:
    try:
        return getpass.getpass("Token: ", sys.stderr)
    except (EOFError, AttributeError):  # which Python raises where there is no standard input at all
        msg = "there is nobody to ask for the token: the standard input is at its end"
        raise click.UsageError(msg) from None


def _give_up(*streams: TextIO) -> None:
    """Have Python not try once more to write what could not be written, and complain of it, when it ends."""
    for stream in streams:
        with suppress(OSError, AttributeError):  # no file of the system, or none at all
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _tell(output: Output, repeat: Repeat) -> None:
    output.say(f"{repeat.reason}: again in {repeat.seconds:.1f} s", style="yellow")
