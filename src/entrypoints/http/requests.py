"""What each endpoint may be asked."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, NoReturn

from marshmallow import Schema, ValidationError
from marshmallow.fields import Field

from airflow_api_plugin.domain import MAX_LIMIT, BatchRequest, DagRunFilter, Refused
from airflow_api_plugin.entrypoints.http.parameters import (
    MAX_CONF_BYTES,
    Configuration,
    Cursor,
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

    The metadata of the fields is what the description of the API says about them.

    :raises Refused: on ``load``, naming each parameter that is wrong, and what is allowed.
    """

    kind = "query parameter"
    arguments_of: ClassVar[type | None] = None
    """The dataclass whose arguments it loads, which has the defaults."""

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

    arguments_of = DagRunFilter

    start = Start(
        metadata={
            "description": "Only runs created after this one: its `id`, or its run id. `next_start` of an answer is the "
            "`start` of the next page.",
            "examples": [2, "redo_0000001_2025-02-01T00:00:00"],
        }
    )
    limit = PageSize(metadata={"description": "At most so many runs.", "examples": [100]})
    state = State(metadata={"description": "Only runs in this state.", "examples": ["failed"]})
    external_trigger = Flag(
        metadata={
            "description": "`true`: only runs that somebody asked for; `false`: only Airflow's own.",
            "examples": [True],
        }
    )
    prefix = Text(metadata={"description": "How the run id begins, letter for letter.", "examples": ["redo_"]})
    dag_id = Text(metadata={"description": "Only runs of this DAG.", "examples": ["example_daily"]})


class GetQuery(RequestSchema):
    """In which DAG to look for a run."""

    dag_id = Text(
        metadata={
            "description": "The DAG of the run. Needed when several DAGs have a run with this id.",
            "examples": ["example_daily"],
        }
    )


class GroupsQuery(RequestSchema):
    """Which groups to list; loads as arguments of ``Groups.list``."""

    dag_id = Text(required=True, metadata={"description": "The DAG of the groups.", "examples": ["example_daily"]})
    start = Cursor(
        metadata={
            "description": "Where to go on: `next_start` of the page before. Left out, the newest groups come.",
            "examples": [12],
        }
    )
    limit = PageSize(metadata={"description": "At most so many groups.", "examples": [10], "default": 50})


class CreateBody(RequestSchema):
    """Which runs to create; loads as arguments of ``BatchRequest``."""

    kind = "key"
    arguments_of = BatchRequest

    dag_id = Text(required=True, metadata={"description": "The DAG to create runs of.", "examples": ["example_daily"]})
    prefix = Text(
        metadata={
            "description": "How the run ids begin: a run id is the prefix, a number that goes on from the last one of "
            'this prefix, and the logical date. Without the word "backfill", and without the start of Airflow\'s '
            "other run types, such as `scheduled__`; the whole run id fits Airflow's `allowed_run_id_pattern`, which is "
            "letters, digits and `_.~:+-` unless it is changed, and has at most 250 characters.",
            "examples": ["redo"],
        }
    )
    start_date = Date(
        metadata={
            "description": "The first date, inclusive. Left out, there is one run, now. Without an offset it is in "
            "Airflow's `default_timezone`.",
            "examples": ["2025-02-01", "2025-02-01T12:00:00Z", "2025-02-01T12:00:00.123456+02:00"],
        }
    )
    end_date = Date(
        metadata={
            "description": "The last date, inclusive; now when it is left out. It needs a `start_date`.",
            "examples": ["2025-02-03"],
        }
    )
    limit = Integer(
        metadata={"description": "At most so many runs.", "minimum": 1, "maximum": MAX_LIMIT, "examples": [100]}
    )
    partial_ = Flag(
        data_key="partial",
        attribute="partial",
        metadata={
            "description": "When there are more dates than `limit`: `true` creates the first ones, `false` none.",
            "examples": [True],
        },
    )
    conf = Configuration(
        allow_none=True,
        metadata={
            "description": "The configuration of every run, checked against the DAG's params: a JSON object, or text "
            f"that holds one, of at most {MAX_CONF_BYTES} bytes.",
            "examples": [{"colour": "red"}],
        },
    )

    def __init__(self, default_timezone: dt.tzinfo) -> None:
        """Take dates that name no offset as meant in this time zone."""
        self._default_timezone = default_timezone
        super().__init__()

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:  # noqa: ARG002 - marshmallow's signature
        """Tell the dates."""
        if isinstance(field_obj, Date):
            field_obj.default_timezone = self._default_timezone
