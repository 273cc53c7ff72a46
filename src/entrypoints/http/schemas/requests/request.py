"""Parts that all schemas of requests share: errors that name each parameter, dates in a time zone, and null in a body."""

import datetime as dt
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar, NoReturn

from marshmallow import Schema, ValidationError, pre_load
from marshmallow.fields import Field

from airflow_run_groups.domain import Refused
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import MAX_ID, Date, Dates

MAX_PAGE = 100
"""How many items a page of a list has at most, where nothing else is said."""
NEXT_START = f"the next_start of a response, 0 to {MAX_ID}"


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
            names = ", ".join(f"{name[:100]!r}{_meant(name, known)}" for name in unknown[:5])
            kind = f"{self.kind}{'s' * (len(unknown) > 1)}"
            sentences.append(f"unknown {kind} {names}: known are {', '.join(known) or 'none'}")
        if not wrong.keys() & set(known):  # else what is wrong would be missed in what is right
            sentences += self.contradictions(error.valid_data)
        raise Refused("; ".join(sentences)) from None

    def contradictions(self, parameters: Any) -> Iterable[str]:
        """Return what parameters that are right by themselves have against each other, each a sentence."""
        return ()


def _meant(name: str, known: Sequence[str]) -> str:
    """Return the question whether another name is meant: one that is written in a similar way, or that of the terminal."""
    names = {**{one: one for one in known}, **{alias: one for alias, one in _OF_THE_TERMINAL.items() if one in known}}
    similar = get_close_matches(name[:100].lower().replace("-", "_"), names, n=1, cutoff=0.75)
    return f" (did you mean {names[similar[0]]!r}?)" if similar else ""


_OF_THE_TERMINAL = {"from_date": "start_date", "to_date": "end_date", "date": "dates", "dag_run_conf": "conf"}
"""Keys by the names that the terminal and the operator have for them."""


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
