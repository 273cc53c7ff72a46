"""The whole service in this process, for users who may open the database anyway."""

import getpass
import logging
import sys

import click
import httpx
from dependency_injector.providers import Object
from falcon import Request

from airflow_run_groups.domain import Caller
from airflow_run_groups.entrypoints import logs
from airflow_run_groups.entrypoints.container import Container
from airflow_run_groups.entrypoints.http.security.authentication import FullAccess
from airflow_run_groups.entrypoints.settings import SettingsError


class OperatingSystemUser:
    """The user who runs the command, named as Airflow's CLI does; nameless where the system knows none."""

    def identify(self, req: Request) -> Caller:
        try:
            return FullAccess(getpass.getuser())
        except (KeyError, OSError):
            return FullAccess()


def transport() -> httpx.WSGITransport:
    """Build the service, with nothing between it and its one caller; only warnings are logged.

    :raises click.UsageError: when its configuration is wrong.
    """
    container = Container(authenticator=Object(OperatingSystemUser()), write_rate=Object(None))
    try:
        app = container.app()
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    logs.configure(sys.stderr, logging.WARNING)
    return httpx.WSGITransport(app=app)  # type: ignore[arg-type]
