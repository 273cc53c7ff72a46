"""How dates of responses are written."""

import datetime as dt

from hypothesis import given, strategies as st

from airflow_run_groups.domain.model import in_utc
from airflow_run_groups.entrypoints.http.schemas.fields.formats import JsonDate, TextDate
from tests.unit.http.schemas.fields.test_dates import naive, offsets


@given(st.lists(st.builds(lambda date, zone: date.replace(tzinfo=zone), naive, offsets) | st.none()))
def test_a_column_of_dates_is_written_as_one_date_is(dates):
    assert JsonDate.column(dates) == [date and in_utc(date) for date in dates]
    assert TextDate.column(dates) == [
        str(date and date.astimezone(dt.timezone.utc).replace(tzinfo=None)) for date in dates
    ]
