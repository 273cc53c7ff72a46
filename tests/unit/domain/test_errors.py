import re

import pytest

from airflow_run_groups.domain.errors import (
    MAX_TEXT,
    MAX_WORDS,
    ClusterPolicyFailed,
    DagUnreadable,
    DomainError,
    Refused,
    TimetableFailed,
    words_of,
)


def kinds(family=DomainError):
    for kind in family.__subclasses__():
        if kind.__module__.startswith("airflow_run_groups.domain"):
            yield kind
            yield from kinds(kind)


def test_each_error_has_a_reason_of_its_own():
    reasons = [vars(kind).get("reason") for kind in kinds()]
    assert len(set(reasons)) == len(reasons) == 35
    for reason in reasons:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason)


LONG = ValueError("x" * 2_000_000)


@pytest.mark.parametrize(
    "error",
    [
        TimetableFailed("the timetable failed", LONG),
        DagUnreadable("a_dag", LONG),
        ClusterPolicyFailed("a_hook", "a_run", LONG),
    ],
)
def test_words_of_other_peoples_code_are_shortened(error):
    assert len(str(error)) < MAX_WORDS + 200
    assert str(error).endswith("x… (2000000 characters)")


def test_no_error_is_longer_than_anybody_reads():
    assert len(str(Refused("x" * 100_000))) < MAX_TEXT + 50


def test_error_that_cannot_say_what_it_is_says_that():
    class Mute(Exception):
        def __str__(self):
            raise KeyError

    assert words_of(Mute()) == "(its text cannot be read: KeyError)"
    assert words_of(ValueError("short")) == "short"
