"""A small part of JSON Schema, enough for the params of in-memory DAGs to refuse a configuration."""

from collections.abc import Iterable, Mapping

from airflow_run_groups.domain import Conf, InvalidConf
from airflow_run_groups.domain.errors import words_of

Params = Mapping[str, Mapping[str, object]]
"""A schema for each param, with the keywords type, enum, minimum, maximum and default. No default: conf must give it."""

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list, tuple),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (Mapping,),
    "string": (str,),
}
_KEYWORDS = frozenset({"type", "enum", "minimum", "maximum", "default"})


def check_schemas(params: Params) -> None:
    """Check that the schemas use only what is supported here.

    :raises ValueError: naming the param, the keyword or type that is not supported, and those that are.
    """
    for name, schema in params.items():
        if unknown := schema.keys() - _KEYWORDS:
            msg = f"param {name!r} has {', '.join(sorted(unknown))}: supported are {', '.join(sorted(_KEYWORDS))}"
            raise ValueError(msg)
        kind = schema.get("type")
        if kind is not None and kind not in _TYPES:
            msg = f"param {name!r} has the type {kind!r}: supported are {', '.join(_TYPES)}"
            raise ValueError(msg)


def check_confs(params: Params, confs: Iterable[Conf]) -> None:
    """Check the configurations of runs, each as ``check_conf`` does.

    :raises InvalidConf: naming the first param that does not fit.
    """
    for conf in confs:
        check_conf(params, conf)


def check_conf(params: Params, conf: Conf) -> None:
    """Check a run's configuration against the params; keys that are no params are accepted, as Airflow does.

    :raises InvalidConf: naming the first param that does not fit.
    """
    for name, schema in params.items():
        if name not in conf and "default" not in schema:
            msg = f"conf must hold the param {name!r}, which has no default"
            raise InvalidConf(msg)
        value = conf.get(name, schema.get("default"))
        if (complaint := _complaint(value, schema)) is not None:
            msg = f"conf does not fit the param {name!r}: {words_of(repr(value))} {complaint}"
            raise InvalidConf(msg)


def _complaint(value: object, schema: Mapping[str, object]) -> str | None:
    kind, allowed = schema.get("type"), schema.get("enum")
    minimum, maximum = schema.get("minimum"), schema.get("maximum")
    if isinstance(kind, str) and not _has_type(value, kind):
        return f"is not of type {kind!r}"
    if isinstance(allowed, (list, tuple)) and value not in allowed:
        return f"is not one of {list(allowed)!r}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if isinstance(minimum, (int, float)) and value < minimum:
            return f"is less than the minimum of {minimum}"
        if isinstance(maximum, (int, float)) and value > maximum:
            return f"is greater than the maximum of {maximum}"
    return None


def _has_type(value: object, kind: str) -> bool:
    """Tell types apart as JSON Schema does: a boolean is no number, and 1.0 is an integer."""
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])
