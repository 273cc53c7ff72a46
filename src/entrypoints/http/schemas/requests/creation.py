"""Which runs to create."""

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields as dataclass_fields
from enum import Enum as PythonEnum
from typing import Any

from marshmallow import post_load
from marshmallow.fields import Field

from airflow_run_groups.domain import (
    MAX_CONF_BYTES,
    MAX_CONFS_BYTES,
    MAX_LIMIT,
    MAX_NOTE_LENGTH,
    DagRunType,
    Detail,
    GroupRequest,
    Order,
    ReprocessBehavior,
)
from airflow_run_groups.domain.control.control import MAX_ACTIVE_RUNS
from airflow_run_groups.domain.planning.request import contradictions
from airflow_run_groups.domain.planning.summary import MAX_DATES, MAX_TIME
from airflow_run_groups.entrypoints.http.schemas.fields.about import description_field, labels_field
from airflow_run_groups.entrypoints.http.schemas.fields.dates import parse_date
from airflow_run_groups.entrypoints.http.schemas.fields.notify import DESCRIPTION, NotifyField
from airflow_run_groups.entrypoints.http.schemas.fields.plan_ids import PLAN_ID, PlanIdField
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import (
    MAX_ID,
    Boolean,
    ConfField,
    ConfPerRunField,
    Date,
    Dates,
    Enum,
    Integer,
    IntervalField,
    Limit,
    PaceField,
    Text,
)
from airflow_run_groups.entrypoints.http.schemas.fields.stop_after import NEEDS_A_LISTENER, StopAfterField
from airflow_run_groups.entrypoints.http.schemas.requests.request import BodySchema, DatedSchema


class RunType(str, PythonEnum):
    """The types of which runs can be created."""

    MANUAL = DagRunType.MANUAL.value
    BACKFILL = DagRunType.BACKFILL.value


class GroupRequestSchema(DatedSchema, BodySchema):
    arguments_of = (GroupRequest,)

    def __init__(self, default_timezone: dt.tzinfo = dt.timezone.utc, *, max_limit: int = MAX_LIMIT) -> None:
        """Read dates that name no offset in this time zone, and take so many runs or dates at most."""
        self._max_limit = max_limit
        super().__init__(default_timezone)

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        super().on_bind_field(field_name, field_obj)
        if isinstance(field_obj, (Limit, Dates, ConfPerRunField)):
            field_obj.bound(self._max_limit)

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
    limit = Limit(
        metadata={
            "description": f"At most so many runs, up to `max_limit` of the service, which is {MAX_LIMIT} unless it is set. "
            f"More than {MAX_LIMIT} may have a number of task instances together that follows from `write_timeout`; a request "
            "for more is refused with the `limit` that would do. "
            'Digits as text, such as `"10"`, are taken as well.',
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
            "description": "`true` creates nothing and returns the plan: each date, and what would be done about it. It "
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
            "The response then has `next_not_before`.",
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
            f"are replaced by those of the run; it has at most {MAX_CONF_BYTES} bytes. The result has at most {MAX_CONF_BYTES} "
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
            "description": "`true`: a 409 when the DAG has a group of this prefix already, unless this same request made it: "
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
    stop_after = StopAfterField(
        metadata={
            "description": "After how many failed runs the rest of the group is held until a `PATCH` resumes it: `failed` of them, or "
            "`failed_percent` of the runs that have ended, once `of_at_least` have. "
            f"{NEEDS_A_LISTENER}",
            "examples": [{"failed": 5}, {"failed_percent": 10, "of_at_least": 50}],
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

    reprocess_behavior = Enum(
        ReprocessBehavior,
        metadata={
            "description": "The treatment of dates that have a run, as in Airflow's own backfills. `none`: nothing. `failed`: runs "
            "that have failed, or were cancelled, run again. `completed`: runs that have ended do; it needs a `plan_id`. Runs that "
            "are queued or running are left alone. Runs that run again are cleared as a whole, keep their id, type and creator, "
            "and are runs of the group, too; `limit` counts them. Beside the permission to create it takes the one to change runs.",
            "examples": ["failed"],
        },
    )
    plan_id = PlanIdField(
        metadata={
            "description": "Do exactly the plan whose `plan_id` this is, with the same keys as its `dry_run` had, or nothing: a 409 "
            "says what has changed. A plan holds for 15 minutes. Sent again, the request does what is left of the plan, and "
            "counts the rest as `existing`.",
            "examples": [PLAN_ID],
        }
    )
    description = description_field("It takes the place of the group's former one, if the request creates a run.")
    labels = labels_field("They take the place of the group's former ones, if the request creates a run.")
    notify = NotifyField(
        metadata={
            "description": f"{DESCRIPTION} It takes the place of the group's former one, if the request creates a run."
        }
    )

    @post_load
    def name_run_type(self, body: dict[str, Any], **_: object) -> dict[str, Any]:
        return {key: DagRunType(value.value) if key == "run_type" else value for key, value in body.items()}

    def contradictions(self, parameters: Any) -> Iterable[str]:
        known = {field.name for field in dataclass_fields(GroupRequest)}
        with suppress(ValueError):  # a date beyond the calendar, which a request without unknown keys is refused for
            request = GroupRequest(**{key: parameters[key] for key in known & parameters.keys()})
            return list(contradictions(request, max_limit=self._max_limit))
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
