"""The database's errors without the values of rows: their texts reach logs, and a ``conf`` may hold secrets.

SQLAlchemy leaves parameters out by itself (``hide_parameters``). PostgreSQL and its drivers quote values in their own
texts: the row that breaks a constraint, a value that is none of its type, the part of the statement where it failed.
"""

import re
from typing import Any

from sqlalchemy.engine import URL

_ABOUT_NO_VALUE = ("08", "23", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58")
"""The classes of PostgreSQL's codes whose first line names tables, columns, constraints or processes, and no values.

Others quote a value (22), or what a trigger says (P0): https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""
_HIDDEN = "***"


def on_error(context: Any) -> None:
    """Take the values out of an error before anybody has seen it; SQLAlchemy's event ``handle_error``."""
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    code = getattr(original, "pgcode", None) or getattr(original, "sqlstate", None)
    if code is None:
        return
    before = str(original)
    original.args = (_without_values(code, original),)
    if wrapped is not None:
        wrapped.args = tuple(
            one.replace(before, str(original)) if isinstance(one, str) else one for one in wrapped.args
        )


def hide_secrets(error: Exception, url: URL, parameters: dict[str, Any]) -> None:
    """Take the secrets of a connection out of the text of the error with which it failed."""
    text = str(error)
    for secret in {url.password, parameters.get("password"), parameters.get("sslpassword")} - {None, ""}:
        text = text.replace(str(secret), _HIDDEN)
    # a password with an @ that is not written as %40 is read as a part of the host's name
    error.args = (re.sub(r'"[^"\s]*@', f'"{_HIDDEN}@', text),)


def _without_values(code: str, error: Any) -> str:
    if code.startswith(_ABOUT_NO_VALUE):
        return str(error.diag.message_primary or f"SQLSTATE {code}")
    return f"SQLSTATE {code}, with a text that may quote values and is left out"
