"""A command under way: the client that it uses, where it writes, and its exit status."""

import getpass
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TextIO

import click

from airflow_run_groups.adapters.client import (
    Client,
    ClientError,
    NoConnection,
    RefusedByService,
    Unreachable,
    Unsendable,
    UpcomingRetry,
)
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.command_line.service_command import CommandLine
from airflow_run_groups.entrypoints.terminal.command_line.wording import NO_CONNECTION, NO_TOKEN, without_headers
from airflow_run_groups.entrypoints.terminal.output import Output
from airflow_run_groups.entrypoints.terminal.sign_in import token_of_user

CONNECT_FOR = 5.0
"""Seconds for which a service that has never worked is tried, unless ``--retry-for`` is given: its URL may be wrong."""
LOCAL = "http://localhost"
"""The URL of the service that runs in this process."""
TOKEN = "AIRFLOW_GROUPS_TOKEN"  # noqa: S105 - a name, and no token
AIRFLOWS_TOKEN = "AIRFLOW_CLI_TOKEN"  # noqa: S105 - the name that Airflow's own client, airflowctl, has for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The options that say how the service is found."""

    url: str
    local: bool
    token_file: str | None
    ask_token: bool
    user: str | None
    airflow_url: str | None
    retry_for: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    client: Client
    output: Output
    command_line: CommandLine
    retry_for: float = 60.0


def run(
    work: Callable[[Session], int], connection: Mapping[str, Any], output_format: str, command_line: CommandLine
) -> int:
    """Do the work of a command, and return its exit status; ``connection`` has the fields of a :class:`Connection`."""
    output = Output(output_format, command_line.worded)
    if sys.stdout is None:  # the next file that is opened would be taken for it
        output.error("failed", "the standard output is closed, so that no result could be written")
        return exits.UNREACHABLE
    try:
        status = _status(work, Connection(**connection), output, command_line)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout, sys.stderr)
        return exits.BROKEN_PIPE
    except OSError as error:
        _discard(sys.stdout)
        with suppress(OSError):
            output.error("failed", str(error))
        return exits.UNREACHABLE
    return status


def may_be_done(error: BaseException) -> bool:
    """Tell whether the step under way may have been done in spite of this error."""
    return not (isinstance(error, ClientError) and error.nothing_was_done)


def _status(work: Callable[[Session], int], connection: Connection, output: Output, command_line: CommandLine) -> int:
    try:
        connect_for = None if command_line.has("retry_for") else CONNECT_FOR
        with _client(connection, output, connect_for) as client:
            return work(
                Session(client=client, output=output, command_line=command_line, retry_for=connection.retry_for)
            )
    except RefusedByService as error:
        output.error("refused", without_headers(command_line.worded(str(error))), error.request_id)
        if error.status == HTTPStatus.UNAUTHORIZED:
            output.message(NO_TOKEN)
        return exits.REFUSED
    except Unreachable as error:
        output.error("unreachable", str(error), error.request_id)
        if isinstance(error, NoConnection):
            output.message(NO_CONNECTION)
        return exits.UNREACHABLE
    except Unsendable as error:
        raise click.UsageError(str(error)) from None
    except KeyboardInterrupt:
        return exits.INTERRUPTED


def _client(connection: Connection, output: Output, connect_for: float | None) -> Client:
    def on_retry(retry: UpcomingRetry) -> None:
        pause = f"in {retry.seconds:.1f} s" if retry.seconds else "at once"
        output.message(f"{retry.reason}: again {pause}", style="yellow")

    client = partial(Client, retry_for=connection.retry_for, connect_for=connect_for, on_retry=on_retry)
    try:
        if not connection.local:
            return client(connection.url, _token(connection, output))
        from airflow_run_groups.entrypoints.terminal.local import transport  # noqa: PLC0415 - the whole service

        return client(LOCAL, transport=transport())
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _token(connection: Connection, output: Output) -> str | None:
    if connection.ask_token:
        try:
            return getpass.getpass("Token: ", sys.stderr)
        except (EOFError, AttributeError):  # Python raises the latter where there is no standard input at all
            msg = "there is nobody to ask for the token: the standard input is at its end"
            raise click.UsageError(msg) from None
    if connection.token_file is not None:
        return Path(connection.token_file).read_text(encoding="utf-8").strip()
    token = os.environ.get(TOKEN) or os.environ.get(AIRFLOWS_TOKEN)
    return token or token_of_user(connection.url, connection.airflow_url, connection.user, output)


def _discard(*streams: TextIO) -> None:
    """Have Python not write once more, when it ends, what could not be written."""
    for stream in streams:
        with suppress(OSError, AttributeError):  # no file of the system, or none at all
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
