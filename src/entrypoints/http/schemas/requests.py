"""What each endpoint may be asked."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, NoReturn

from airflow_run_groups.domain import MAX_CONF_BYTES, MAX_LIMIT, DagRunFilter, GroupAction, GroupRequest, Refused
from airflow_run_groups.entrypoints.http.schemas.fields import (
    MAX_NOTE,
    After,
    BetweenDates,
    Configuration,
    ConfigurationPerRun,
    Cursor,
    Date,
    Dates,
    Flag,
    Integer,
    Note,
    PageSize,
    RunOrder,
    Speed,
    Start,
    State,
    StepSize,
    Text,
    WhichRuns,
)
from marshmallow import Schema, ValidationError
from marshmallow.fields import Field


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


class _SteerBody(RequestSchema):
    """To which runs of a group something is done; loads as arguments of ``GroupAction``."""

    kind = "key"
    arguments_of = GroupAction

    dry_run = Flag(metadata={"description": "`true`: only say to which runs it would be done.", "examples": [True]})
    limit = StepSize(metadata={"description": "To at most so many runs.", "examples": [100]})
    start = After(metadata={"description": "Where to go on: `next_start` of the answer before.", "examples": [0]})


class CancelBody(_SteerBody):
    """Which runs are to fail."""

    running = Flag(
        metadata={
            "description": "`true`: those that are running, too; `false`: only the queued ones.",
            "default": False,
            "examples": [True],
        }
    )


class RetryBody(_SteerBody):
    """Which runs are to run again."""

    which = WhichRuns(
        metadata={
            "description": "`failed`: what has not succeeded of the failed runs; `all`: all runs that have ended, from "
            "their start.",
            "default": "failed",
            "examples": ["all"],
        }
    )


class NoteBody(_SteerBody):
    """What is to be noted on runs."""

    note = Note(
        required=True,
        metadata={
            "description": "What Airflow's UI shows beside each run, in place of the note that it has.",
            "examples": ["wrong prices in the source"],
        },
    )


class CreateBody(RequestSchema):
    """Which runs to create; loads as arguments of ``GroupRequest``."""

    kind = "key"
    arguments_of = GroupRequest

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
    dry_run = Flag(
        metadata={
            "description": "`true` creates nothing and answers with the plan: each date, and what would be done about it. It "
            "takes the permission to create.",
            "default": False,
            "examples": [True],
        }
    )
    not_before = Date(
        metadata={
            "description": "No run starts before. Airflow keeps it, by the `run_after` of the runs.",
            "examples": ["2025-03-01T22:00:00Z"],
        }
    )
    pace = Speed(
        metadata={
            "description": "So many runs may start per interval, from `not_before` or now on: the number of runs, 1 to "
            f"{MAX_LIMIT}, and an ISO 8601 duration of 1 second to 366 days. Airflow keeps it, by the `run_after` of the runs. "
            "The answer then has `next_not_before`.",
            "examples": ["20/PT10M", "1/P1D"],
        }
    )
    order = RunOrder(
        metadata={
            "description": "`desc`: the newest date first, with the first number. A range may hold at most 10000 dates then.",
            "examples": ["desc"],
        }
    )
    dates = Dates(
        metadata={
            "description": "These dates in place of `start_date` and `end_date`, none twice. One that the DAG's schedule "
            "holds gets the data interval of its scheduled run, any other that of a manual run.",
            "examples": [["2025-02-01", "2025-02-03T12:00:00Z"]],
        }
    )
    interval = BetweenDates(
        metadata={
            "description": "For a range of a DAG without a periodic schedule: what lies between two of its dates, an ISO 8601 "
            "duration of 1 second to 366 days, counted from `start_date`, or a cron expression in the DAG's time zone.",
            "examples": ["PT6H", "0 6 * * 1"],
        }
    )
    conf_per_run = ConfigurationPerRun(
        metadata={
            "description": "Merged over `conf`, key by key, for each run: a list with an object for each of `dates`, or one "
            "object in whose texts `{logical_date}`, `{data_interval_start}`, `{data_interval_end}`, `{number}` and `{run_id}` "
            f"are replaced by those of the run. What comes out has at most {MAX_CONF_BYTES} bytes, and fits the DAG's params.",
            "examples": [{"day": "{logical_date}"}],
        }
    )
    note = Note(
        metadata={
            "description": f"A note on each run, as Airflow's UI shows it, of at most {MAX_NOTE} characters.",
            "examples": ["Corrected prices, see the ticket"],
        }
    )

    def __init__(self, default_timezone: dt.tzinfo) -> None:
        """Take dates that name no offset as meant in this time zone."""
        self._default_timezone = default_timezone
        super().__init__()

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:  # noqa: ARG002 - marshmallow's signature
        """Tell the dates."""
        if isinstance(field_obj, (Date, Dates)):
            field_obj.default_timezone = self._default_timezone
