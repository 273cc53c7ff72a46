"""What requests may hold. The metadata of a field is what the description of the API says about it."""

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields as dataclass_fields
from enum import Enum as PythonEnum
from typing import Any, ClassVar, NoReturn

from marshmallow import Schema, ValidationError, post_load, pre_load, validates_schema
from marshmallow.fields import Field

from airflow_run_groups.domain import (
    MAX_CONF_BYTES,
    MAX_CONFS_BYTES,
    MAX_LIMIT,
    MAX_NOTE_LENGTH,
    Cancel,
    DagRunFilter,
    DagRunState,
    DagRunType,
    Detail,
    GroupAction,
    GroupRequest,
    GroupRunFilter,
    Note,
    Order,
    Refused,
    Retry,
    Which,
)
from airflow_run_groups.domain.control import MAX_ACTIVE_RUNS
from airflow_run_groups.domain.planning.request import contradictions
from airflow_run_groups.domain.planning.summary import MAX_DATES, MAX_TIME
from airflow_run_groups.entrypoints.http.schemas.dates import parse_date
from airflow_run_groups.entrypoints.http.schemas.fields import (
    MAX_ID,
    Boolean,
    ConfField,
    ConfPerRunField,
    Date,
    Dates,
    Enum,
    Integer,
    IntervalField,
    LenientInteger,
    PaceField,
    QueryInteger,
    Start,
    Text,
)

_MAX_PAGE = 100
_NEXT_START = f"the next_start of an answer, 0 to {MAX_ID}"


class RequestSchema(Schema):
    """Parameters by name. An unknown name is an error: a mistyped filter must not pass for none.

    :raises Refused: on ``load``, naming each parameter that is wrong, and what is allowed.
    """

    kind = "query parameter"
    arguments_of: ClassVar[tuple[type, ...]] = ()
    """The dataclasses whose arguments are loaded, which have the defaults."""

    def handle_error(self, error: ValidationError, data: Any, **kwargs: Any) -> NoReturn:
        known = [field.data_key or name for name, field in self.fields.items()]
        wrong = error.messages_dict
        sentences = [f"{name} {wrong[name][0]}" for name in known if name in wrong]
        unknown = sorted(wrong.keys() - known)
        if unknown:
            names = ", ".join(repr(name[:100]) for name in unknown[:5])
            sentences.append(f"unknown {self.kind} {names}: known are {', '.join(known) or 'none'}")
        if not wrong.keys() & set(known):  # else what is wrong would be missed in what is right
            sentences += self.contradictions(error.valid_data)
        raise Refused("; ".join(sentences)) from None

    def contradictions(self, parameters: Any) -> Iterable[str]:
        """Return what parameters that are right by themselves have against each other, each a sentence."""
        return ()


class DatedSchema(RequestSchema):
    """Parameters with dates among them."""

    def __init__(self, default_timezone: dt.tzinfo = dt.timezone.utc) -> None:
        """Read dates that name no offset in this time zone."""
        self._default_timezone = default_timezone
        super().__init__()

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        date = field_obj.inner if isinstance(field_obj, Dates) else field_obj
        if isinstance(date, Date):
            date.default_timezone = self._default_timezone


class BodySchema(RequestSchema):
    """The keys of a body. Null for an optional key means the same as leaving the key out."""

    kind = "key"

    @pre_load
    def leave_out(self, keys: dict[str, object], **_: object) -> dict[str, object]:
        optional = {field.data_key or name for name, field in self.fields.items() if not field.required}
        return {key: value for key, value in keys.items() if value is not None or key not in optional}


class NoQuerySchema(RequestSchema):
    """An endpoint without query parameters."""


NO_QUERY = NoQuerySchema()


class DagRunFilterSchema(RequestSchema):
    arguments_of = (DagRunFilter,)

    start = Start(
        metadata={
            "description": "Only runs created after this one: its `id`, or its run id. `next_start` of an answer is the "
            "`start` of the next page.",
            "examples": [2, "redo_0000001_2025-02-01T00:00:00"],
        }
    )
    limit = QueryInteger(1, _MAX_PAGE, metadata={"description": "At most so many runs.", "examples": [100]})
    state = Enum(DagRunState, metadata={"description": "Only runs in this state.", "examples": ["failed"]})
    external_trigger = Boolean(
        metadata={
            "description": "`true`: only runs that somebody asked for; `false`: only Airflow's own.",
            "examples": [True],
        }
    )
    prefix = Text(metadata={"description": "How the run id begins, letter for letter.", "examples": ["redo_"]})
    dag_id = Text(metadata={"description": "Only runs of this DAG.", "examples": ["example_daily"]})


class DagRunQuerySchema(RequestSchema):
    dag_id = Text(
        metadata={
            "description": "The DAG of the run. Needed when several DAGs have a run with this id.",
            "examples": ["example_daily"],
        }
    )


class RunType(str, PythonEnum):
    """The types of which runs can be created."""

    MANUAL = DagRunType.MANUAL.value
    BACKFILL = DagRunType.BACKFILL.value


class ControlFilter(str, PythonEnum):
    """Which groups a list shows, by their control."""

    PAUSED = "paused"


class GroupFilterSchema(RequestSchema):
    """Which groups to list; loads arguments of ``Groups.list``."""

    dag_id = Text(
        metadata={
            "description": "The DAG of the groups. Only with `control` it can be left out.",
            "examples": ["example_daily"],
        }
    )
    control = Enum(
        ControlFilter,
        metadata={
            "description": "`paused`: only the groups that are paused, of all DAGs unless one is named, each as one group is shown.",
            "examples": ["paused"],
        },
    )
    start = QueryInteger(
        0,
        MAX_ID,
        allowed=_NEXT_START,
        metadata={
            "description": "Where to go on: `next_start` of the page before. Left out, the newest groups come.",
            "examples": [12],
        },
    )
    limit = QueryInteger(
        1, _MAX_PAGE, load_default=50, metadata={"description": "At most so many groups.", "examples": [10]}
    )

    @validates_schema
    def require_dag(self, filters: dict[str, object], **_: object) -> None:
        if "dag_id" not in filters and "control" not in filters:
            msg = "is required, unless control is given"
            raise ValidationError(msg, "dag_id")


class GroupRunFilterSchema(RequestSchema):
    arguments_of = (GroupRunFilter,)

    start = QueryInteger(
        0,
        MAX_ID,
        allowed=_NEXT_START,
        metadata={"description": "Only runs with a greater `id`: `next_start` of the page before.", "examples": [12]},
    )
    limit = QueryInteger(1, MAX_LIMIT, metadata={"description": "At most so many runs.", "examples": [500]})
    state = Enum(DagRunState, metadata={"description": "Only runs in this state.", "examples": ["failed"]})


class _GroupActionSchema(BodySchema):
    arguments_of: ClassVar[tuple[type, ...]] = (GroupAction,)

    dry_run = Boolean(metadata={"description": "`true`: only say to which runs it would be done.", "examples": [True]})
    limit = Integer(1, MAX_LIMIT, metadata={"description": "To at most so many runs.", "examples": [100]})
    start = Integer(
        0,
        MAX_ID,
        allowed=_NEXT_START,
        metadata={"description": "Where to go on: `next_start` of the answer before.", "examples": [0]},
    )


class CancelGroupSchema(_GroupActionSchema):
    arguments_of = (GroupAction, Cancel)

    running = Boolean(
        metadata={
            "description": "`true`: those that are running, too; `false`: only the queued ones.",
            "examples": [True],
        }
    )


class RetryGroupSchema(DatedSchema, _GroupActionSchema):
    arguments_of = (GroupAction, Retry)

    which = Enum(
        Which,
        metadata={
            "description": "`failed`: what has not succeeded of the runs that failed by themselves; `cancelled`: of those "
            "that were cancelled; left out: of both. `all`: all runs that have ended, from their start.",
            "examples": ["all"],
        },
    )
    run_on_latest_version = Boolean(
        metadata={
            "description": "Whether they run with the latest version of the DAG. Left out, it is as Airflow is configured "
            "(`rerun_with_latest_version`, from Airflow 3.3 on), or with the version that each run has. It needs Airflow 3.1.",
            "examples": [True],
        }
    )
    not_before = Date(
        metadata={"description": "No run starts before.", "examples": ["2025-03-01T22:00:00Z"]},
    )
    pace = PaceField(
        metadata={
            "description": "So many runs may start per interval, from `not_before` or now on, as for a creation. Left out, "
            "cancelled runs of a group that was paced or ordered keep their distances, from now on.",
            "examples": ["20/PT10M"],
        }
    )


class NoteGroupSchema(_GroupActionSchema):
    arguments_of = (GroupAction, Note)

    note = Text(
        required=True,
        max_length=MAX_NOTE_LENGTH,
        metadata={
            "description": "What Airflow's UI shows beside each run, in place of the note that it has.",
            "examples": ["wrong prices in the source"],
        },
    )


class GroupRequestSchema(DatedSchema, BodySchema):
    arguments_of = (GroupRequest,)

    dag_id = Text(required=True, metadata={"description": "The DAG to create runs of.", "examples": ["example_daily"]})
    prefix = Text(
        metadata={
            "description": "How the run ids begin: a run id is the prefix, a number that goes on from the last one of "
            'this prefix, and the logical date. Without the word "backfill", and without the start of Airflow\'s '
            "other run types, such as `scheduled__`; the whole run id fits Airflow's `allowed_run_id_pattern`, which is "
            "letters, digits and `_.~:+-` unless it is changed, and has at most 250 characters. One underscore at its end is "
            "dropped, so `redo` and `redo_` name the same group; without a slash, which no address of a group can hold.",
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
    limit = LenientInteger(
        metadata={
            "description": 'At most so many runs. Digits as text, such as `"10"`, are taken as well.',
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "examples": [100],
        }
    )
    partial_ = Boolean(
        data_key="partial",
        attribute="partial",
        metadata={
            "description": "When there are more dates than `limit`: `true` creates the first ones, `false` none.",
            "examples": [True],
        },
    )
    conf = ConfField(
        allow_none=True,
        metadata={
            "description": f"The configuration of every run, checked against the DAG's params; at most {MAX_CONF_BYTES} bytes "
            "as UTF-8 JSON. Text that holds a JSON object is taken as well.",
            "examples": [{"colour": "red"}],
        },
    )
    dry_run = Boolean(
        load_default=False,
        metadata={
            "description": "`true` creates nothing and answers with the plan: each date, and what would be done about it. It "
            "takes the permission to create.",
            "default": False,
            "examples": [True],
        },
    )
    detail = Enum(
        Detail,
        load_default=Detail.DATES,
        metadata={
            "description": "How a plan is shown, with `dry_run` only. `dates`: date by date, those of one request. `stretches`: "
            "stretches of dates about which the same would be done, of the whole range unless there is a `limit`; one response "
            f"looks at {MAX_DATES} dates, or for {MAX_TIME.seconds} seconds, and `next_start_date` says where to go on.",
            "default": Detail.DATES.value,
            "examples": ["stretches"],
        },
    )
    planned = Integer(
        0,
        MAX_ID,
        load_default=0,
        metadata={
            "description": "With `detail` `stretches`: how many runs the responses before this one would create, when a plan takes "
            "several. Numbers and warnings count them.",
            "default": 0,
            "examples": [20000],
        },
    )
    not_before = Date(
        metadata={
            "description": "No run starts before. Airflow keeps it, by the `run_after` of the runs.",
            "examples": ["2025-03-01T22:00:00Z"],
        }
    )
    pace = PaceField(
        metadata={
            "description": "So many runs may start per interval, from `not_before` or now on: the number of runs, 1 to "
            f"{MAX_LIMIT}, and an ISO 8601 duration of 1 second to 366 days. Airflow keeps it, by the `run_after` of the runs. "
            "The answer then has `next_not_before`.",
            "examples": ["20/PT10M", "1/P1D"],
        }
    )
    order = Enum(
        Order,
        metadata={
            "description": "`desc`: the newest date starts first, and has the first number. It orders starts only: of tasks that wait "
            "for a slot Airflow takes those with the oldest logical date first. A range may hold at most 10000 dates then.",
            "examples": ["desc"],
        },
    )
    dates = Dates(
        metadata={
            "description": "These dates in place of `start_date` and `end_date`, none twice. One that the DAG's schedule "
            "holds gets the data interval of its scheduled run, any other that of a manual run.",
            "examples": [["2025-02-01", "2025-02-03T12:00:00Z"]],
        }
    )
    interval = IntervalField(
        metadata={
            "description": "For a range of a DAG without a periodic schedule: what lies between two of its dates, an ISO 8601 "
            "duration of 1 second to 366 days, counted from `start_date`, or a cron expression in the DAG's time zone.",
            "examples": ["PT6H", "0 6 * * 1"],
        }
    )
    conf_per_run = ConfPerRunField(
        metadata={
            "description": "Merged over `conf`, key by key, for each run: a list with an object for each of `dates`, or one "
            "object in whose texts `{logical_date}`, `{data_interval_start}`, `{data_interval_end}`, `{number}` and `{run_id}` "
            f"are replaced by those of the run; it has at most {MAX_CONF_BYTES} bytes. What comes out has at most {MAX_CONF_BYTES} "
            f"bytes for each run, {MAX_CONFS_BYTES} for all runs of the request, and fits the DAG's params.",
            "examples": [{"day": "{logical_date}"}],
        }
    )
    note = Text(
        max_length=MAX_NOTE_LENGTH,
        metadata={
            "description": f"A note on each run, as Airflow's UI shows it, of at most {MAX_NOTE_LENGTH} characters.",
            "examples": ["Corrected prices, see the ticket"],
        },
    )
    bundle_version = Text(
        metadata={
            "description": "Runs of the DAG as it is in this version of its bundle, as `bundle_version` of Airflow's own trigger: its "
            "schedule, params and tasks. Left out, they are of the latest version. It needs Airflow 3.4.",
            "examples": ["4f2a9c1"],
        }
    )
    new_group = Boolean(
        metadata={
            "description": "`true`: a 409 when the DAG has a group of this prefix already, unless this very request made it: "
            "then nothing is created, and its runs count as `existing`. `false`: add to it. Left out, the runs are added as "
            "well, and a warning says since when the group exists, by whom, and with how many runs.",
            "examples": [True],
        }
    )

    max_active_runs = Integer(
        1,
        MAX_ACTIVE_RUNS,
        metadata={
            "description": "At most so many of the group's runs run at once, beside the DAG's other runs. It puts the group under "
            "control, which a `PATCH` of the group changes.",
            "examples": [5],
        },
    )
    paused = Boolean(
        metadata={
            "description": "`true`: none of the group's runs starts until a `PATCH` resumes it. Without `max_active_runs` the group "
            "may then have as many runs at once as the DAG.",
            "examples": [True],
        }
    )

    run_type = Enum(
        RunType,
        metadata={
            "description": "The Airflow type of the runs. Left out, each run has the type that costs the DAG no scheduled run, which the "
            "plan shows with its reason.",
            "examples": ["manual"],
        },
    )

    @post_load
    def name_run_type(self, body: dict[str, Any], **_: object) -> dict[str, Any]:
        return {key: DagRunType(value.value) if key == "run_type" else value for key, value in body.items()}

    def contradictions(self, parameters: Any) -> Iterable[str]:
        known = {field.name for field in dataclass_fields(GroupRequest)}
        with suppress(ValueError):  # a date beyond the calendar, which a request without unknown keys is told
            return list(contradictions(GroupRequest(**{key: parameters[key] for key in known & parameters.keys()})))
        return ()

    @post_load(pass_original=True)
    def note_time_zone(self, body: dict[str, Any], original: dict[str, Any], **_: object) -> dict[str, Any]:
        """Say in which time zone dates without an offset were read, where that is another moment than in UTC."""
        texts = [original.get(name) for name in ("start_date", "end_date", "not_before")]
        texts += original.get("dates") or []
        if any(map(self._differs_from_utc, filter(None, texts))):
            body["naive_dates_in"] = str(self._default_timezone)
        return body

    def _differs_from_utc(self, date: str) -> bool:
        return parse_date(date, self._default_timezone) != parse_date(date, dt.timezone.utc)
