"""The options of the section ``[airflow_api_plugin]``, each declared once: its default, bounds, description and secrecy.

Every component of Airflow loads this module for the descriptions, so it imports the standard library only.
"""

import configparser
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from importlib.util import find_spec
from typing import Any

from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.adapters.notifier_classes import NotifierClass, notifier_classes
from airflow_run_groups.entrypoints.airflow_cfg import problem_of
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile
from airflow_run_groups.entrypoints.http.security.tokens import (
    MAX_TOKEN,
    MIN_TOKEN,
    TokenFileError,
    checked_token,
    single_token,
)
from airflow_run_groups.entrypoints.option_values import between, flag, hosts, one_of, path, rate, seconds

SECTION = "airflow_api_plugin"
ENVIRONMENT_PREFIX = "AIRFLOW__AIRFLOW_API_PLUGIN__"
"""How Airflow spells the options of our section in the environment."""
OTHER_TOKEN_NAME = "AIRFLOW__AIRFLOW__API__PLUGIN_AIRFLOW_API_AUTH"  # noqa: S105 - a name, and no token
"""A second name of the token in the environment."""
AIRFLOW = "airflow"
MEMORY = "memory"


class SettingsError(Exception):
    """The service does not start with these settings; the text is a sentence for the operator."""


class Auth(str, Enum):
    """How callers are identified: by our tokens, by Airflow's auth manager, or not at all."""

    AUTO = "auto"
    TOKEN = "token"  # noqa: S105 - a name, and no token
    AIRFLOW = "airflow"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """The facts about an option beside its name; ``parse`` raises a ValueError that completes the sentence "name …"."""

    description: str
    parse: Callable[[str], Any]
    kind: str
    default: str | None
    sensitive: bool


def _option(
    description: str,
    parse: Callable[[str], Any] = str,
    *,
    default: str | None = None,
    kind: str = "string",
    sensitive: bool = False,
) -> Any:
    option = Option(description=description, parse=parse, kind=kind, default=default, sensitive=sensitive)
    value = None if default is None else parse(default)
    return field(default=value, repr=not sensitive, metadata={"option": option})


def _auth(text: str) -> Auth:
    return Auth(one_of(*Auth)(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The value of each option. ``auth`` is never ``auto`` in settings that were read."""

    airflow_api_auth: str | None = _option(
        "A secret token for every DAG and every action. Requests carry the token as\n"
        f"``authorization: <token>`` or ``authorization: Bearer <token>``. It has {MIN_TOKEN} to {MAX_TOKEN} characters.",
        checked_token,
        sensitive=True,
    )
    airflow_api_auth_file: str | None = _option(
        "The path of a file with more tokens, which is read again when it changes. A line is\n"
        "``name: token``, with ``read-only``, ``create`` or ``change`` behind it where the token is not good for everything,\n"
        "and last ``dags=pattern,pattern`` where it is not for all DAGs. The token may be given by its SHA-256, as\n"
        "``sha256:`` and hexadecimal digits. No other user may be able to read the file. An empty file has no tokens; a file\n"
        "that cannot be used makes the service not ready, and after 5 seconds lets nobody in.",
        path,
    )
    allow_unknown_schema: bool = _option(
        "Whether to write to a database whose schema revision is known neither to this service nor to the installed\n"
        "Airflow. Columns that would stay empty are refused in any case.",
        flag,
        default="false",
        kind="boolean",
    )
    allowed_hosts: frozenset[str] | None = _option(
        "Comma-separated host names that are accepted in the ``Host`` header when no token is set (``*``: any).\n"
        "Addresses and localhost are always accepted. Other names are refused, because a web page can make its own\n"
        "name lead to this service.",
        hosts,
    )
    auth: Auth = _option(
        "How callers are identified. ``token``: by airflow_api_auth and the tokens of airflow_api_auth_file.\n"
        "``airflow``: by Airflow's auth manager, with the bearer tokens of Airflow's API. ``none``: not at all.\n"
        "``auto``: token if one is set, else airflow inside Airflow's API server, else none.",
        _auth,
        default="auto",
    )
    backend: str = _option(
        "``airflow``, or ``memory``: a handful of example DAGs that live in the process of the service.",
        one_of(AIRFLOW, MEMORY),
        default=AIRFLOW,
    )
    listener: bool = _option(
        "Whether Airflow's schedulers and API servers call this package when a run ends, which ``stop_after`` and\n"
        "``notify`` of a group need.\n"
        "While a listener is registered, Airflow does not import DAGs that have tasks with ``end_from_trigger``; this one is\n"
        "registered in no process that imports DAGs. Read when these components start.",
        flag,
        default="false",
        kind="boolean",
    )
    mount_in_airflow: bool = _option(
        "Whether Airflow's API server serves the endpoints below /api/v1 where this package is installed. With ``false`` it\n"
        "has nothing of ours there, and the service on its own serves as before. Read when the API server starts.",
        flag,
        default="true",
        kind="boolean",
    )
    notifiers: Mapping[str, NotifierClass] | None = _option(
        "A JSON object of notifier classes of Airflow's providers, which ``notify`` of a group may name. Each name has the\n"
        "``class``, such as ``airflow.providers.slack.notifications.slack.SlackNotifier``, and ``arguments`` of its constructor.\n"
        "Set it for the service and for the schedulers, which call the notifiers. Put no secrets there: notifiers take them\n"
        "from Airflow's connections.",
        notifier_classes,
    )
    ui: bool = _option(
        "Whether there is the page of groups at /api/v1/ui/, and from Airflow 3.1 on in Airflow's navigation and in the tabs of\n"
        "each DAG. With ``false``, the service takes no cookie of a browser's session either. Read when the server starts.",
        flag,
        default="true",
        kind="boolean",
    )
    value_format: str = _option(
        "How responses write dates, booleans and nulls of a DAG run: as ``text``, or as ``json`` types.",
        one_of("text", "json"),
        default="text",
    )
    write_rate_limit: str | None = _option(
        "How many write requests each caller may send, such as ``60/minute``; per second, minute, hour or day. More\n"
        "get a 429. Each process counts for itself, so n workers and replicas allow n times as many.",
        rate,
    )
    plan_rate_limit: str | None = _option(
        "How many requests with ``dry_run``, which write nothing, each caller may send. They do not count against\n"
        "``write_rate_limit``. As many as that where this is not set.",
        rate,
    )
    max_limit: int = _option(
        "How many runs one request may create, with a ``limit`` of so many; a request without one creates 500 at most.\n"
        "More than 500 are for PostgreSQL: SQLite has a limit of 500 whatever this says. Requests for more than 500 runs may\n"
        "create 4,000 task instances together for each second of ``write_timeout``, and are refused beforehand with the\n"
        "``limit`` that would do. Other writers of the DAG, and the DAG processor, wait meanwhile.",
        between(500, 10_000, "a whole number", int),
        default="500",
        kind="integer",
    )
    max_unfinished_runs_per_dag: int | None = _option(
        "How many runs of groups one DAG may have that are queued or running. A creation or a retry that would lead to more\n"
        "is a 409 with the numbers, and nothing is done. Counted in the transaction that writes, for all processes together.",
        between(1, 999_999, "a whole number", int),
        kind="integer",
    )
    max_unfinished_runs_per_caller: int | None = _option(
        "The same for the runs of groups, of all DAGs, that one caller has created. Callers without a name are one caller. A\n"
        "retry counts for the caller who sends it. Needs Airflow 3.1 or newer, which knows who created a run.",
        between(1, 999_999, "a whole number", int),
        kind="integer",
    )
    receive_timeout: float = _option(
        "Seconds from a request's first byte to its last. Most requests have a few hundred bytes, and one of the\n"
        "largest, 1 MiB, comes in time at 2 Mbit/s. A TLS handshake has as long, and a client has twice as long to take\n"
        "the response.",
        seconds(0.1),
        default="5.0",
        kind="float",
    )
    drain_delay: float = _option(
        "Seconds between SIGTERM and the end of listening. /health/ready is a 503 meanwhile, so that a load balancer\n"
        "that asks every second or two sends no more requests. None with the memory backend, on Ctrl-C, and at a\n"
        "second SIGTERM.",
        seconds(0),
        default="3.0",
        kind="float",
    )
    pool_size: int = _option(
        "Database connections of one process. Reads take milliseconds, and writes of one DAG queue up before they take\n"
        "a connection, so a few serve many threads.",
        between(1, 3600, "a whole number", int),
        default="8",
        kind="integer",
    )
    read_timeout: float = _option(
        "Seconds for one read: a short statement or two. A read that takes longer will hardly end. Proxies and probes\n"
        "tend to give up after 10. The waits for a connection follow from this timeout.",
        seconds(0.1),
        default="8.0",
        kind="float",
    )
    write_timeout: float = _option(
        "Seconds for one write with all its waits. The waits for other writers follow from this timeout, and so does\n"
        "gunicorn's graceful_timeout: a server that stops finishes its writes before it ends.",
        seconds(0.1),
        default="25.0",
        kind="float",
    )

    @property
    def database(self) -> DatabaseLimits:
        return DatabaseLimits.derive(
            pool_size=self.pool_size, read_timeout=self.read_timeout, write_timeout=self.write_timeout
        )


OPTIONS: dict[str, Option] = {one.name: one.metadata["option"] for one in fields(Settings)}
_INDIRECT = ("airflow_api_auth_cmd", "airflow_api_auth_secret")
"""Where Airflow finds the token: printed by a command, or in its secrets backend."""


def read_settings(environ: Mapping[str, str], *, mounted: bool = False) -> Settings:
    """Read the environment and, unless it names the memory backend, Airflow's configuration.

    :param mounted: whether the service is part of Airflow's API server.
    :raises SettingsError: when an option is unknown, empty or malformed, or some of them disagree.
    """
    texts = {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }
    _check_names(texts)
    _check_not_empty(texts)
    if _parse("backend", texts.get("backend", AIRFLOW)) == AIRFLOW:
        texts = {**_from_airflow(texts), **texts}
    elif indirect := [name for name in _INDIRECT if name in texts]:
        msg = f"[{SECTION}] {indirect[0]} is for Airflow to resolve, which the backend 'memory' does without"
        raise SettingsError(msg)
    if "max_unfinished_runs_per_caller" in texts and texts.get("backend", AIRFLOW) == AIRFLOW:
        _check_creators_are_known()
    settings = Settings(**{name: _parse(name, text) for name, text in texts.items() if name in OPTIONS})
    settings = replace(settings, airflow_api_auth=_agreed_token(settings, environ.get(OTHER_TOKEN_NAME)))
    _check_token_file(settings)
    if mounted and settings.backend == MEMORY:
        msg = f"[{SECTION}] backend = memory is for the service on its own, not inside Airflow's API server"
        raise SettingsError(msg)
    return replace(settings, auth=_resolved_auth(settings, mounted=mounted))


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if name == "disabled" and find_spec(SECTION):
            continue  # the option of another project's package of this name
        if name not in OPTIONS and name not in _INDIRECT:
            msg = f"[{SECTION}] has no option {name!r}: known are {', '.join(OPTIONS)}"
            raise SettingsError(msg)


def _check_not_empty(texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        if not text.strip():
            msg = f"[{SECTION}] {name} is set, but empty: give it a value, or remove it"
            raise SettingsError(msg)


def _parse(name: str, text: str) -> Any:
    try:
        return OPTIONS[name].parse(text)
    except ValueError as error:
        msg = f"[{SECTION}] {name} {error}"
        raise SettingsError(msg) from None


def _from_airflow(texts: Mapping[str, str]) -> dict[str, str]:
    """Return what Airflow's configuration has of the options that the environment does not set itself."""
    if find_spec("airflow") is None:
        msg = (
            "the backend 'airflow' needs Apache Airflow, which is not installed: install airflow-run-groups[airflow], "
            f"or choose the other backend with {ENVIRONMENT_PREFIX}BACKEND={MEMORY}"
        )
        raise SettingsError(msg)
    try:
        from airflow_run_groups.adapters.airflow.configuration import (  # noqa: PLC0415 - loads Airflow
            Unresolved,
            names_in_file,
            resolved,
        )
    except configparser.Error as error:
        raise SettingsError(problem_of(error)) from None
    in_file = names_in_file()
    _check_names(in_file)
    try:
        found = resolved(name for name in OPTIONS if name not in texts)
    except Unresolved as error:
        raise SettingsError(str(error)) from error
    _check_not_empty(found)
    indirect = [name for name in _INDIRECT if name in {*in_file, *texts}]
    if indirect and "airflow_api_auth" not in {*found, *texts}:
        msg = f"[{SECTION}] {indirect[0]} is set, but Airflow finds no token there"
        raise SettingsError(msg)
    return found


def _check_creators_are_known() -> None:
    from airflow_run_groups.adapters.airflow.configuration import knows_creators  # noqa: PLC0415 - loads Airflow

    if not knows_creators():
        msg = f"[{SECTION}] max_unfinished_runs_per_caller needs Airflow 3.1 or newer, which knows who created a run"
        raise SettingsError(msg)


def _agreed_token(settings: Settings, other: str | None) -> str | None:
    token = settings.airflow_api_auth
    if other is None:
        return token
    if not other.strip():
        msg = f"{OTHER_TOKEN_NAME} is set, but empty: give it a value, or remove it"
        raise SettingsError(msg)
    if token not in (None, other):
        msg = f"[{SECTION}] airflow_api_auth and {OTHER_TOKEN_NAME} disagree: set one of them"
        raise SettingsError(msg)
    return str(_parse("airflow_api_auth", other))


def _check_token_file(settings: Settings) -> None:
    if settings.airflow_api_auth_file is None:
        return
    token = settings.airflow_api_auth
    try:
        TokenFile(settings.airflow_api_auth_file, beside=() if token is None else (single_token(token),))
    except TokenFileError as error:
        msg = f"[{SECTION}] airflow_api_auth_file: {error}"
        raise SettingsError(msg) from None


def _resolved_auth(settings: Settings, *, mounted: bool) -> Auth:
    auth = settings.auth
    tokens = [name for name in ("airflow_api_auth", "airflow_api_auth_file") if getattr(settings, name) is not None]
    if auth is Auth.AUTO:
        if tokens:
            return Auth.TOKEN
        return Auth.AIRFLOW if mounted else Auth.NONE
    if auth is Auth.TOKEN and not tokens:
        msg = f"[{SECTION}] auth = token needs a token: set airflow_api_auth, or airflow_api_auth_file"
        raise SettingsError(msg)
    if auth is not Auth.TOKEN and tokens:
        msg = f"[{SECTION}] auth = {auth.value} asks for no token of ours, but {tokens[0]} is set: remove one of them"
        raise SettingsError(msg)
    if auth is Auth.AIRFLOW and settings.backend == MEMORY:
        msg = f"[{SECTION}] auth = airflow needs the backend 'airflow'"
        raise SettingsError(msg)
    return auth
