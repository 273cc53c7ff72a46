"""Column types of the reads."""

import datetime as dt

from sqlalchemy import TIMESTAMP, DateTime, TypeDecorator


class _Utc(TypeDecorator[dt.datetime]):
    """SQLite's dates: it keeps UTC, and forgets to say so."""

    impl = DateTime
    cache_ok = True

    def process_result_value(self, value: dt.datetime | None, dialect: object) -> dt.datetime | None:  # noqa: ARG002
        return value and value.replace(tzinfo=dt.timezone.utc)


DATE = TIMESTAMP(timezone=True).with_variant(_Utc(), "sqlite")
"""The driver's own dates: Airflow's column type would convert each of them in Python."""
