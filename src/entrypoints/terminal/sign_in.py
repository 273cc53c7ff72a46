"""Name and password of a user of Airflow, from the terminal or the environment, in exchange for a token."""

import getpass
import ipaddress
import os
import sys
from urllib.parse import urlsplit

import click

from airflow_run_groups.adapters.client import asks_for_airflows_users, login_url, sign_in
from airflow_run_groups.entrypoints.terminal.output import Output

PASSWORD = "AIRFLOW_GROUPS_PASSWORD"  # noqa: S105 - a name, and no password


def token_of_user(url: str, airflow_url: str | None, user: str | None, output: Output) -> str | None:
    """Sign in where the service asks for Airflow's users, and there is a user or somebody to ask; else return None.

    :raises ClientError: when Airflow does not let the user in, or does not respond.
    :raises Unsendable: when one of the URLs is none.
    :raises click.UsageError: when there is nobody to ask for the password.
    """
    is_terminal = sys.stdin is not None and sys.stdin.isatty()
    if (user is None and not is_terminal) or not asks_for_airflows_users(url):
        return None
    where = airflow_url or url
    target = login_url(where)
    output.message(f"The service asks for a user of Airflow: signing in at {target}")
    if _is_open(target):
        output.message(
            "warning: the password is sent without encryption, as the URL begins with http://", style="yellow"
        )
    name = _prompt_for_name() if user is None else user
    password = os.environ.get(PASSWORD)
    if password is None:
        if not is_terminal:
            msg = f"there is nobody to ask for the password of {name!r}: set {PASSWORD}, or use a token"
            raise click.UsageError(msg)
        password = getpass.getpass("Password: ", sys.stderr)
    return sign_in(where, name, password)


def _prompt_for_name() -> str:
    sys.stderr.write("User: ")
    sys.stderr.flush()
    name = sys.stdin.readline().strip()
    if not name:
        msg = "there is no user to sign in as: name one with --user, or use a token"
        raise click.UsageError(msg)
    return name


def _is_open(url: str) -> bool:
    """Tell whether others may read what is sent: neither encrypted nor within this machine."""
    parts = urlsplit(url)
    if parts.scheme.lower() == "https" or parts.hostname == "localhost":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True
