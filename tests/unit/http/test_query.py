"""The query string, read and written."""

from contextlib import suppress

import pytest
from falcon import Request, testing
from hypothesis import given, strategies as st

from airflow_run_groups.domain import Refused
from airflow_run_groups.entrypoints.http.query import read_query, write_query

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def _read(query_string):
    return read_query(Request({**testing.create_environ(), "QUERY_STRING": query_string}))


@given(st.dictionaries(text, text))
def test_what_is_written_is_read_back(query):
    written = write_query(query)
    assert written.isascii()
    assert _read(written) == query


@given(st.text(st.characters(max_codepoint=255)))
def test_any_query_string_is_read_or_refused(query_string):
    with suppress(Refused):
        _read(query_string)


@pytest.mark.parametrize(
    ("query_string", "query"),
    [
        ("", {}),
        ("&&a=1&", {"a": "1"}),
        ("a", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a=1;b=2", {"a": "1;b=2"}),
        ("a=b+c%2Bd%20e", {"a": "b+c+d e"}),
        ("%61=%C3%BC", {"a": "ü"}),
        ("a=%zz%", {"a": "%zz%"}),
    ],
)
def test_a_parameter_is_all_that_stands_between_its_name_and_the_next(query_string, query):
    assert _read(query_string) == query
