"""What an operator can set. It is read once, and refused as a whole when any of it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec

from airflow_api_plugin.entrypoints.http.values import ValueFormat

AIRFLOW = "airflow"
MEMORY = "memory"
ENVIRONMENT_PREFIX = "AIRFLOW__AIRFLOW_API_PLUGIN__"
"""How Airflow spells the options of our section in the environment."""
OTHER_TOKEN_NAME = "AIRFLOW__AIRFLOW__API__PLUGIN_AIRFLOW_API_AUTH"  # noqa: S105 - a name, and no token
"""A second name of the token in the environment."""


class SettingsError(Exception):
    """The service does not start with these settings; the text is a sentence for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of the section ``[airflow_api_plugin]``. Without a token everybody may do everything."""

    airflow_api_auth: str | None = field(default=None, repr=False)
    backend: str = AIRFLOW
    value_format: ValueFormat = ValueFormat.TEXT


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the environment and, unless it names the memory backend, Airflow's configuration.

    :raises SettingsError: when an option is unknown, empty, or none of its values, or two names of it disagree.
    """
    options = {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }
    other_token = environ.get(OTHER_TOKEN_NAME)
    settings = _settings(options, other_token)
    return settings if settings.backend == MEMORY else _settings({**_airflow_section(), **options}, other_token)


def _settings(options: Mapping[str, str], other_token: str | None) -> Settings:
    known = [option.name for option in fields(Settings)]
    for name, value in options.items():
        if name not in known:
            msg = f"[airflow_api_plugin] has no option {name!r}: known are {', '.join(known)}"
            raise SettingsError(msg)
        if not value.strip():
            msg = f"[airflow_api_plugin] {name} is set, but empty: give it a value, or remove it"
            raise SettingsError(msg)
    return Settings(
        airflow_api_auth=_token(options.get("airflow_api_auth"), other_token),
        backend=_one_of("backend", options.get("backend", AIRFLOW), (AIRFLOW, MEMORY)),
        value_format=ValueFormat(
            _one_of("value_format", options.get("value_format", "text"), tuple(form.value for form in ValueFormat))
        ),
    )


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        msg = f"[airflow_api_plugin] {name} must be one of {', '.join(allowed)}, not {value!r}"
        raise SettingsError(msg)
    return value


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


def _airflow_section() -> Mapping[str, str]:
    if find_spec("airflow") is None:
        msg = (
            "the backend 'airflow' needs Apache Airflow, which is not installed: install airflow-api-plugin[airflow], "
            f"or choose the other backend with {ENVIRONMENT_PREFIX}BACKEND={MEMORY}"
        )
        raise SettingsError(msg)
    from airflow_api_plugin.adapters.airflow.configuration import section  # noqa: PLC0415 - loads Airflow

    return section()
