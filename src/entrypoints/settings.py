"""What an operator can set. It is read once, and refused as a whole when any of it is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from enum import Enum
from importlib.util import find_spec
from typing import Any

from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.entrypoints.gunicorn.limits import ServerLimits
from airflow_run_groups.entrypoints.http.schemas.formats import ValueFormat
from airflow_run_groups.entrypoints.http.security.rate_limit import RATE
from airflow_run_groups.entrypoints.http.security.same_origin import ANY_HOST
from airflow_run_groups.entrypoints.http.security.tokens import TokenFile, TokenFileError, single_token

AIRFLOW = "airflow"
MEMORY = "memory"
ENVIRONMENT_PREFIX = "AIRFLOW__AIRFLOW_API_PLUGIN__"
"""How Airflow spells the options of our section in the environment."""
OTHER_TOKEN_NAME = "AIRFLOW__AIRFLOW__API__PLUGIN_AIRFLOW_API_AUTH"  # noqa: S105 - a name, and no token
"""A second name of the token in the environment."""


class SettingsError(Exception):
    """The service does not start with these settings; the text is a sentence for the operator."""


class Auth(str, Enum):
    """How callers are told apart: by tokens of ours, by Airflow's auth manager, or not at all."""

    TOKEN = "token"  # noqa: S105 - a name, and no token
    AIRFLOW = "airflow"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of the section ``[airflow_api_plugin]``; ``auth`` is what ``auto`` comes to."""

    airflow_api_auth: str | None = field(default=None, repr=False)
    airflow_api_auth_file: str | None = None
    allow_unknown_schema: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    auth: Auth = Auth.NONE
    backend: str = AIRFLOW
    value_format: ValueFormat = ValueFormat.TEXT
    write_rate_limit: str | None = None
    server: ServerLimits = field(default_factory=ServerLimits)
    database: DatabaseLimits = field(default_factory=DatabaseLimits)


LIMITS = {limit.name: limit for limits in (ServerLimits, DatabaseLimits) for limit in fields(limits)}
"""The options that are numbers, with their defaults and the reasons for them."""
OPTIONS = (
    "airflow_api_auth",
    "airflow_api_auth_file",
    "allow_unknown_schema",
    "allowed_hosts",
    "auth",
    "backend",
    "value_format",
    "write_rate_limit",
    *LIMITS,
)
"""The names of all options."""
MOST = 3600
"""No limit needs to be larger."""


def read_settings(environ: Mapping[str, str], *, mounted: bool = False) -> Settings:
    """Read the environment and, unless it names the memory backend, Airflow's configuration.

    :param mounted: whether the service is part of Airflow's API server.
    :raises SettingsError: when an option is unknown, empty, or none of its values, or some of them disagree.
    """
    options = {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }
    _check(options, options)
    if _backend(options) == AIRFLOW:
        options = _with_airflow(options)
    elif elsewhere := [name for name in _ELSEWHERE if name in options]:
        msg = f"[airflow_api_plugin] {elsewhere[0]} is for Airflow to resolve, which the backend 'memory' does without"
        raise SettingsError(msg)
    token = _token(options.get("airflow_api_auth"), environ.get(OTHER_TOKEN_NAME))
    backend = _backend(options)
    if mounted and backend == MEMORY:
        msg = "[airflow_api_plugin] backend = memory is for the service on its own, not inside Airflow's API server"
        raise SettingsError(msg)
    return Settings(
        airflow_api_auth=token,
        airflow_api_auth_file=_token_file(options.get("airflow_api_auth_file"), token),
        allowed_hosts=_hosts(options.get("allowed_hosts")),
        auth=_auth(options, token, backend, mounted=mounted),
        backend=backend,
        value_format=ValueFormat(_one_of("value_format", options.get("value_format", "text"), ValueFormat)),
        allow_unknown_schema=_flag("allow_unknown_schema", options.get("allow_unknown_schema", "false")),
        write_rate_limit=_rate(options.get("write_rate_limit")),
        server=ServerLimits(**_numbers(ServerLimits, options)),
        database=DatabaseLimits(**_numbers(DatabaseLimits, options)),
    )


_ELSEWHERE = ("airflow_api_auth_cmd", "airflow_api_auth_secret")
"""Where Airflow finds the token: printed by a command, or in its secrets backend."""


def _check(options: Mapping[str, str], names: Iterable[str]) -> None:
    for name in names:
        if name == "disabled" and find_spec(
            "airflow_api_plugin"
        ):  # another project's package, which reads this option here
            continue
        if name not in OPTIONS and name not in _ELSEWHERE:
            msg = f"[airflow_api_plugin] has no option {name!r}: known are {', '.join(OPTIONS)}"
            raise SettingsError(msg)
    for name, value in options.items():
        if not value.strip():
            msg = f"[airflow_api_plugin] {name} is set, but empty: give it a value, or remove it"
            raise SettingsError(msg)


def _with_airflow(options: Mapping[str, str]) -> dict[str, str]:
    """Add what Airflow's configuration says to what the environment does."""
    if find_spec("airflow") is None:
        msg = (
            "the backend 'airflow' needs Apache Airflow, which is not installed: install airflow-run-groups[airflow], "
            f"or choose the other backend with {ENVIRONMENT_PREFIX}BACKEND={MEMORY}"
        )
        raise SettingsError(msg)
    from airflow_run_groups.adapters.airflow.configuration import (  # noqa: PLC0415 - loads Airflow
        Unresolved,
        names_in_file,
        resolved,
    )

    try:
        found = resolved(OPTIONS)
    except Unresolved as error:
        raise SettingsError(str(error)) from error
    names = {*names_in_file(), *options}
    _check(found, names)
    elsewhere = [name for name in _ELSEWHERE if name in names]
    if elsewhere and "airflow_api_auth" not in found:
        msg = f"[airflow_api_plugin] {elsewhere[0]} is set, but Airflow finds no token there"
        raise SettingsError(msg)
    return {**found, **options}


def _one_of(name: str, value: str, allowed: Iterable[str | Enum]) -> str:
    values = [one.value if isinstance(one, Enum) else one for one in allowed]
    if value not in values:
        msg = f"[airflow_api_plugin] {name} must be one of {', '.join(values)}, not {value!r}"
        raise SettingsError(msg)
    return value


def _flag(name: str, value: str) -> bool:
    return _one_of(name, value.lower(), ("true", "false")) == "true"


def _backend(options: Mapping[str, str]) -> str:
    return _one_of("backend", options.get("backend", AIRFLOW), (AIRFLOW, MEMORY))


def _numbers(limits: type[ServerLimits | DatabaseLimits], options: Mapping[str, str]) -> dict[str, Any]:
    return {limit.name: _number(limit, options[limit.name]) for limit in fields(limits) if limit.name in options}


def _number(limit: Field[Any], text: str) -> float:
    whole = isinstance(limit.default, int)
    least = 1 if whole else 0 if limit.name == "drain_delay" else 0.1
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= MOST:
        what = "a whole number" if whole else "a number of seconds"
        msg = f"[airflow_api_plugin] {limit.name} must be {what} from {least} to {MOST}, not {text!r}"
        raise SettingsError(msg)
    return number


def _token(token: str | None, other: str | None) -> str | None:
    if other is not None and not other.strip():
        msg = f"{OTHER_TOKEN_NAME} is set, but empty: give it a value, or remove it"
        raise SettingsError(msg)
    if None not in (token, other) and token != other:
        msg = f"[airflow_api_plugin] airflow_api_auth and {OTHER_TOKEN_NAME} disagree: set one of them"
        raise SettingsError(msg)
    token = token or other
    if token is not None and (token != token.strip() or not token.isprintable()):
        msg = "[airflow_api_plugin] airflow_api_auth has white space around it, or control characters: no request could send it"
        raise SettingsError(msg)
    return token


def _token_file(path: str | None, token: str | None) -> str | None:
    """Return the path, if what lies there can be used now."""
    if path is None:
        return None
    if not path.startswith("/"):
        msg = f"[airflow_api_plugin] airflow_api_auth_file must be a path that begins with a slash, not {path!r}"
        raise SettingsError(msg)
    try:
        TokenFile(path, beside=() if token is None else (single_token(token),))
    except TokenFileError as error:
        msg = f"[airflow_api_plugin] airflow_api_auth_file: {error}"
        raise SettingsError(msg) from None
    return path


def _hosts(text: str | None) -> frozenset[str]:
    if text is None:
        return frozenset()
    hosts = [host.strip().lower() for host in text.split(",")]
    for host in hosts:
        if host != ANY_HOST and not _HOST_NAME.fullmatch(host):
            msg = (
                "[airflow_api_plugin] allowed_hosts must be host names without scheme and port, with commas between "
                f"them, or {ANY_HOST}, not {text!r}"
            )
            raise SettingsError(msg)
    return frozenset(hosts)


_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def _rate(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(RATE, text):
        msg = (
            "[airflow_api_plugin] write_rate_limit must be a number from 1 to 99999 and /second, /minute, /hour or "
            f"/day, such as 60/minute, not {text!r}"
        )
        raise SettingsError(msg)
    return text


def _auth(options: Mapping[str, str], token: str | None, backend: str, *, mounted: bool) -> Auth:
    chosen = _one_of("auth", options.get("auth", "auto"), ("auto", *Auth))
    tokens = [
        name
        for name, is_set in {
            "airflow_api_auth": token is not None,
            "airflow_api_auth_file": "airflow_api_auth_file" in options,
        }.items()
        if is_set
    ]
    if chosen == "auto":
        if tokens:
            return Auth.TOKEN
        return Auth.AIRFLOW if mounted else Auth.NONE
    auth = Auth(chosen)
    if auth is Auth.TOKEN and not tokens:
        msg = "[airflow_api_plugin] auth = token needs a token: set airflow_api_auth, or airflow_api_auth_file"
        raise SettingsError(msg)
    if auth is not Auth.TOKEN and tokens:
        msg = (
            f"[airflow_api_plugin] auth = {auth.value} asks for no token of ours, but {tokens[0]} is set: "
            "remove one of them"
        )
        raise SettingsError(msg)
    if auth is Auth.AIRFLOW and backend == MEMORY:
        msg = "[airflow_api_plugin] auth = airflow needs the backend 'airflow'"
        raise SettingsError(msg)
    return auth
