"""Run ids of a group: what they look like, how they are read back, and which are refused."""

import datetime as dt

import pytest
from hypothesis import example, given, strategies as st

from airflow_run_groups.domain import DEFAULT_PREFIX, DagRunType, GroupRunId, Refused, check_run_id, group_prefix
from tests.unit.domain.schedules import utc

UTC = dt.timezone.utc
prefixes = st.text(min_size=1, max_size=20) | st.from_regex(r"[a-z]_[0-9]{6,8}(_2021-01-01T00:00:00)?", fullmatch=True)
numbers = st.integers(min_value=1, max_value=10**12)
moments = st.datetimes(timezones=st.just(UTC))
group_run_ids = st.builds(GroupRunId, prefix=prefixes, number=numbers, logical_date=moments)


class TestWriting:
    def test_an_id_is_prefix_seven_digits_and_date(self):
        assert written("prefix", 1, utc(2017, 9, 1, 12)) == "prefix_0000001_2017-09-01T12:00:00"

    def test_the_date_is_in_utc(self):
        berlin = dt.timezone(dt.timedelta(hours=2))
        assert written("a", 1, dt.datetime(2021, 7, 1, 0, 30, tzinfo=berlin)) == "a_0000001_2021-06-30T22:30:00"

    def test_the_date_has_a_fraction_only_when_it_has_microseconds(self):
        assert written("a", 1, utc(2021, 7, 1, 1, 2, 3, 40)) == "a_0000001_2021-07-01T01:02:03.000040"

    def test_a_number_may_outgrow_seven_digits(self):
        assert written("a", 12_345_678, utc(2021, 7, 1)) == "a_12345678_2021-07-01T00:00:00"


class TestReadingBack:
    @given(group_run_ids)
    @example(GroupRunId(prefix="two\nlines", number=1, logical_date=utc(2021, 1, 1)))
    def test_what_was_written_is_read_back(self, group_run_id):
        assert GroupRunId.parse(str(group_run_id)) == group_run_id

    @given(prefixes, prefixes, numbers, moments)
    def test_a_group_is_never_read_from_the_id_of_a_longer_one(self, prefix, rest, number, moment):
        assert GroupRunId.parse(written(f"{prefix}_{rest}", number, moment)).prefix != prefix

    @given(st.text(max_size=60))
    def test_any_text_can_be_read_without_an_error(self, text):
        parsed = GroupRunId.parse(text)
        assert parsed is None or parsed.prefix in text

    @pytest.mark.parametrize(
        "run_id",
        [
            "",
            "manual",
            "manual__2021-01-01T00:00:00+00:00",
            "scheduled__2021-01-01T00:00:00",
            "_0000001_2021-01-01T00:00:00",
            "a_000001_2021-01-01T00:00:00",
            "a_0000001_2021-01-01",
            "a_0000001_2021-01-01T00:00:00Z",
            "a_0000001_2021-01-01T00:00:00+00:00",
            "a_0000001_2021-01-01T00:00:00.1",
            "a_0000001_2021-01-01T00:00:00\n",
            "a_0000001_2021-02-30T00:00:00",
            "a_0000001_2021-01-01T24:00:00",
            "a_0000001_0000-01-01T00:00:00",
            "a_" + "\N{ARABIC-INDIC DIGIT ONE}" * 7 + "_2021-01-01T00:00:00",
            "a_-000001_2021-01-01T00:00:00",
            "a_" + "1" * 5000 + "_2021-01-01T00:00:00",
        ],
        ids=lambda run_id: run_id[:40],
    )
    def test_what_is_not_the_id_of_a_groups_run_is_none(self, run_id):
        assert GroupRunId.parse(run_id) is None


class TestAPrefix:
    @pytest.mark.parametrize(
        ("prefix", "group"),
        [("manual_", "manual"), ("manual", "manual"), ("a__", "a_"), ("_a", "_a"), ("__", "_"), ("Case", "Case")],
    )
    def test_names_its_group_without_one_trailing_underscore(self, prefix, group):
        assert group_prefix(prefix) == group

    def test_is_manual_when_nobody_says_otherwise(self):
        assert group_prefix(DEFAULT_PREFIX) == "manual"

    @pytest.mark.parametrize("prefix", ["backfill", "my_backfill_", "BackFill", "xBACKFILLx"])
    def test_cannot_contain_the_word_backfill(self, prefix):
        with pytest.raises(Refused, match='cannot contain the word "backfill"'):
            group_prefix(prefix)

    def test_cannot_contain_what_a_database_cannot_look_for(self):
        with pytest.raises(Refused, match="cannot contain a NUL"):
            group_prefix("a\x00")

    @pytest.mark.parametrize("prefix", ["", "_"])
    def test_has_at_least_one_character(self, prefix):
        with pytest.raises(Refused, match="at least one character"):
            group_prefix(prefix)


class TestANewRunId:
    @pytest.mark.parametrize("run_id", ["a", "A-Z_a~z.0:9+", "manual__x", "scheduled_x", "xscheduled__", "x" * 250])
    def test_is_taken_when_airflow_takes_it(self, run_id):
        check_run_id(run_id)

    def test_has_at_most_250_characters(self):
        with pytest.raises(Refused, match="251 characters, at most 250"):
            check_run_id("x" * 251)

    @pytest.mark.parametrize("run_id", ["", "a b", "a/b", "ä", "a%", "a\n", "a\x00", "'", "a\\b"])
    def test_matches_airflows_pattern(self, run_id):
        with pytest.raises(Refused, match="allowed_run_id_pattern"):
            check_run_id(run_id)

    @pytest.mark.parametrize("run_id", ["a..b", "..", "a_...b"])
    def test_has_no_two_dots_in_a_row(self, run_id):
        with pytest.raises(Refused, match=r"cannot contain '\.\.'"):
            check_run_id(run_id)

    @pytest.mark.parametrize("kind", [kind for kind in DagRunType if kind is not DagRunType.MANUAL])
    def test_does_not_read_as_a_run_of_another_type(self, kind):
        with pytest.raises(Refused, match=f"'{kind.value}__' is reserved"):
            check_run_id(f"{kind.value}__0000001_2021-01-01T00:00:00")

    @pytest.mark.parametrize("run_id", ["x", "team b", "team\x1f"])
    def test_matches_the_pattern_given_and_has_no_control_characters(self, run_id):
        check_run_id("team a", pattern=r"^team")
        if run_id == "team b":
            check_run_id(run_id, pattern=r"^team")
        else:
            with pytest.raises(Refused):
                check_run_id(run_id, pattern=r"^team")


def written(prefix, number, logical_date):
    return str(GroupRunId(prefix=prefix, number=number, logical_date=logical_date))
