"""What each endpoint may be asked."""

from __future__ import annotations

import datetime as dt
from typing import Any, NoReturn

from marshmallow import Schema, ValidationError
from marshmallow.fields import Field

from airflow_api_plugin.domain import Refused
from airflow_api_plugin.entrypoints.http.parameters import (
    Configuration,
    Date,
    Flag,
    Integer,
    PageSize,
    Start,
    State,
    Text,
)


class RequestSchema(Schema):
    """Parameters by name. A name that is not known is an error: a mistyped filter must not pass for none.

    :raises Refused: on ``load``, naming each parameter that is wrong, and what is allowed.
    """

    kind = "query parameter"

    def handle_error(self, error: ValidationError, data: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002 - marshmallow's signature
        """Put it into a sentence."""
        known = [field.data_key or name for name, field in self.fields.items()]
        wrong = error.messages_dict
        sentences = [f"{name} {wrong[name][0]}" for name in known if name in wrong]
        unknown = sorted(wrong.keys() - known)
        if unknown:
            names = ", ".join(repr(name[:100]) for name in unknown[:5])
            sentences.append(f"unknown {self.kind} {names}: known are {', '.join(known) or 'none'}")
        raise Refused("; ".join(sentences)) from None


class NoQuery(RequestSchema):
    """An endpoint without query parameters."""


class ListQuery(RequestSchema):
    """Which runs to list; loads as arguments of ``DagRunFilter``."""

    start = Start()
    limit = PageSize()
    state = State()
    external_trigger = Flag()
    prefix = Text()
    dag_id = Text()


class GetQuery(RequestSchema):
    """In which DAG to look for a run."""

    dag_id = Text()


class CreateBody(RequestSchema):
    """Which runs to create; loads as arguments of ``BatchRequest``."""

    kind = "key"

    dag_id = Text(required=True)
    prefix = Text()
    start_date = Date()
    end_date = Date()
    limit = Integer()
    partial_ = Flag(data_key="partial", attribute="partial")
    conf = Configuration(allow_none=True)

    def __init__(self, default_timezone: dt.tzinfo) -> None:
        """Take dates that name no offset as meant in this time zone."""
        self._default_timezone = default_timezone
        super().__init__()

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:  # noqa: ARG002 - marshmallow's signature
        """Tell the dates."""
        if isinstance(field_obj, Date):
            field_obj.default_timezone = self._default_timezone
