"""How dates of a request are read."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from airflow_run_groups.entrypoints.http.schemas.fields.dates import parse_date

UTC = dt.timezone.utc
BERLIN = ZoneInfo("Europe/Berlin")

naive = st.datetimes(min_value=dt.datetime(1, 1, 3), max_value=dt.datetime(9999, 12, 29))
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))


@given(naive, offsets, st.sampled_from("T "), st.booleans())
def test_what_isoformat_writes_is_read_as_the_same_moment(date, offset, separator, colon):
    text = date.replace(tzinfo=offset).isoformat(separator)
    read = parse_date(text if colon else text[:-3] + text[-2:], UTC)
    assert read == date.replace(tzinfo=offset)
    assert read.tzinfo is UTC


@given(naive)
def test_a_date_without_an_offset_is_meant_in_the_default_time_zone(date):
    assert parse_date(date.isoformat(), UTC) == date.replace(tzinfo=UTC)
    assert parse_date(date.isoformat(), BERLIN).astimezone(BERLIN).date() >= date.date()


@given(st.dates())
def test_a_date_alone_is_its_midnight(date):
    assert parse_date(date.isoformat(), UTC) == dt.datetime.combine(date, dt.time(), UTC)


@given(st.text() | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.+Z-]*)?", fullmatch=True))
def test_any_text_is_a_moment_in_utc_or_a_value_error(text):
    try:
        read = parse_date(text, BERLIN)
    except ValueError:
        return
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("fraction", "microsecond"),
    [
        ("1", 100_000),
        ("12", 120_000),
        ("000001", 1),
        ("999999", 999_999),
        ("1234567", 123_456),
        ("123456789", 123_456),
        ("9999999999", 999_999),
    ],
)
def test_a_fraction_counts_from_the_left_and_is_cut_to_microseconds(fraction, microsecond):
    assert parse_date(f"2020-01-01T00:00:00.{fraction}", UTC).microsecond == microsecond
    assert parse_date(f"2020-01-01T00:00:00,{fraction}", UTC).microsecond == microsecond


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01t10:00:00z",
        "2020-01-01 10:00z",
        "2020-01-01T12:00:00+02",
        "2020-01-01T12:00:00.0000000+02:00",
        "2020-01-01T10:00:00,0+00",
        "2020-01-01T00:00:00-10",
    ],
)
def test_dates_are_read_as_other_languages_write_them(text):
    assert parse_date(text, BERLIN) == dt.datetime(2020, 1, 1, 10, tzinfo=UTC)


def test_a_time_that_the_clock_skips_is_read_as_if_it_had_not_been_set_forward():
    assert parse_date("2023-03-26T02:30:00", BERLIN) == dt.datetime(2023, 3, 26, 1, 30, tzinfo=UTC)


def test_a_time_that_the_clock_shows_twice_is_the_second():
    assert parse_date("2023-10-29T02:30:00", BERLIN) == dt.datetime(2023, 10, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59.999999"])
def test_the_ends_of_the_calendar_can_be_read(text):
    assert parse_date(text, UTC).isoformat().startswith(text)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("0001-01-01", BERLIN),
        ("0001-01-01T13:59:59", dt.timezone(dt.timedelta(hours=14))),
        ("9999-12-31T12:00:00", dt.timezone(-dt.timedelta(hours=12))),
    ],
)
def test_a_local_time_beyond_the_calendar_in_utc_is_refused(text, zone):
    with pytest.raises(ValueError, match="outside the years 1 to 9999 in UTC"):
        parse_date(text, zone)
