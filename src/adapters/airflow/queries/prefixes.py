"""Which run ids begin with a prefix, letter for letter, and where in an index they lie if the database orders them by letters."""

import re
from contextlib import closing
from typing import Any

from airflow.models.dagrun import DagRun
from sqlalchemy import Boolean, String, bindparam
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement, FunctionElement  # here in SQLAlchemy 1.4, too

_ORDERED = "airflow_run_groups_run_ids_are_ordered_by_letters"
_BY_CODE_POINTS = "airflow_run_groups_run_ids_are_ordered_by_code_points"


def begins(run_id: Any, *, ranged: bool) -> ColumnElement[bool]:
    """Return the condition that a run id begins with the value ``prefix``.

    :param ranged: whether it is looked for between the values ``prefix_from`` and ``prefix_below``, as an index can.
    """
    letter_for_letter: ColumnElement[bool] = starts_with(run_id, bindparam("prefix", type_=String))
    if not ranged:
        return letter_for_letter
    between: ColumnElement[bool] = (run_id >= bindparam("prefix_from")) & (run_id < bindparam("prefix_below"))
    return letter_for_letter & between


def values_of(prefix: str, between: tuple[str, str] | None, connection: Connection) -> dict[str, str]:
    """Return the values of that condition, with the bounds if there are any, and if this database has the order for them."""
    ordered = connection.dialect.name == "sqlite" or connection.info.get(_ORDERED, False)
    if between is None or not ordered:
        return {"prefix": prefix}
    return {"prefix": prefix, "prefix_from": between[0], "prefix_below": between[1]}


def is_ordered_by_code_points(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite" or bool(connection.info.get(_BY_CODE_POINTS, False))


def is_ranged(values: dict[str, Any]) -> bool:
    return "prefix_below" in values


def bounds(prefix: str) -> tuple[str, str] | None:
    """Return between which texts, the first inclusive, all lie that begin with a prefix; None when no such texts are known.

    Only letters and digits of ASCII are trusted to come in one order everywhere; what follows the last of them is left out.
    """
    start = _up_to_the_last("0-9A-Za-z", prefix)
    less = _up_to_the_last("0-8A-Ya-y", start)  # one of these has a next one
    return (start, less[:-1] + chr(ord(less[-1]) + 1)) if less and start.isascii() else None


def bounds_of_numbered(start: str) -> tuple[str, str]:
    """Return the same for texts that begin with this one and a digit, and for hardly any others: digits come before letters."""
    return f"{start}0", f"{start}A"


def _up_to_the_last(characters: str, text: str) -> str:
    found = re.match(f".*[{characters}]", text, re.DOTALL)
    return "" if found is None else found[0]


class starts_with(FunctionElement[bool]):  # noqa: N801 - named as in SQL
    """Whether a text starts with another, letter for letter.

    PostgreSQL finds it by an index where the collation is C. LIKE would need escapes, and SQLite's knows no case.
    """

    type = Boolean()
    inherit_cache = True


@compiles(starts_with)
def _starts_with(element: Any, compiler: Any, **options: Any) -> str:
    text, start = (compiler.process(clause, **options) for clause in element.clauses)
    return f"starts_with({text}, {start})"


@compiles(starts_with, "sqlite")
def _starts_with_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    # SQLAlchemy 1.4 counts a value each time that it is asked to write it, and puts "= 1" behind
    text, length, start = (compiler.process(element.clauses.clauses[place], **options) for place in (0, 1, 1))
    return f"(substr({text}, 1, length({length})) = {start})"


def learn_order(connection: Any, record: Any) -> None:
    """Note of a new connection of a PostgreSQL driver whether its database orders run ids by their letters."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(_DATABASE, (DagRun.__table__.fullname,))
        found = cursor.fetchone()
    record.info[_ORDERED] = found is not None and orders_by_letters(**found[0])
    record.info[_BY_CODE_POINTS] = found is not None and orders_by_code_points(**found[0])


_DATABASE = """
    SELECT to_jsonb(d) FROM pg_database d, pg_attribute a WHERE d.datname = current_database()
    AND a.attrelid = to_regclass(%s) AND a.attname = 'run_id' AND a.attcollation = 'pg_catalog."default"'::regcollation
"""
"""The database as PostgreSQL describes it, when the column has its collation and none of its own."""


def orders_by_letters(*, datcollate: str, datlocprovider: str = "c", **_: object) -> bool:
    """Tell whether a database of this description has the order that ``bounds`` counts on, and so has been tried.

    Not every language has it: Czech sorts ``ch`` behind ``h``, and Danish ``aa`` behind ``z``.

    :param datlocprovider: PostgreSQL's own, ``b``, orders by code points; before version 15 there is the C library alone.
    """
    of_the_library = datlocprovider == "c" and re.fullmatch(r"en_(US|GB)(\.[\w-]+)?", datcollate) is not None
    return of_the_library or orders_by_code_points(datcollate=datcollate, datlocprovider=datlocprovider)


def orders_by_code_points(*, datcollate: str, datlocprovider: str = "c", **_: object) -> bool:
    """Tell whether a database of this description compares texts character by character, punctuation as well."""
    of_the_library = datlocprovider == "c" and re.fullmatch(r"(C|POSIX)(\.[\w-]+)?", datcollate) is not None
    return datlocprovider == "b" or of_the_library
