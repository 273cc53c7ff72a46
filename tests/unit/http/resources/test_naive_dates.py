"""Dates without an offset, and keys that are null."""

from zoneinfo import ZoneInfo

import pytest

from tests.unit.http.service import Service

CHICAGO, LONDON = ZoneInfo("America/Chicago"), ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("zone", "keys", "warned"),
    [
        (CHICAGO, {"start_date": "2024-03-09 06:00:00", "end_date": "2024-03-10T00:00:00Z"}, True),
        (CHICAGO, {"dates": ["2024-03-09T06:00:00Z", "2024-03-10"]}, True),
        (CHICAGO, {"dates": ["2024-03-09T06:00:00Z"], "not_before": "2024-03-10"}, True),
        (CHICAGO, {"start_date": "2024-03-09T06:00:00z", "end_date": "2024-03-10T00:00:00+00"}, False),
        (LONDON, {"dates": ["2024-07-01"]}, True),
        (LONDON, {"dates": ["2024-01-01"]}, False),
        (ZoneInfo("UTC"), {"dates": ["2024-07-01"]}, False),
    ],
)
def test_dates_read_in_a_zone_that_is_not_utc_are_a_warning(zone, keys, warned):
    service = Service(default_timezone=zone)
    warnings = service.create(**keys)["warnings"]
    assert [f"without an offset are read in {zone}, Airflow's default_timezone" in one for one in warnings] == [
        True
    ] * warned


NULLS = ("prefix", "start_date", "end_date", "limit", "partial", "conf", "dry_run", "not_before", "pace", "order")
MORE_NULLS = ("dates", "interval", "conf_per_run", "note", "new_group", "bundle_version")


def test_null_is_the_same_as_leaving_an_optional_key_out():
    nulls = dict.fromkeys((*NULLS, *MORE_NULLS))
    assert Service().create(**nulls) == Service().create()
    service = Service()
    service.create(prefix="redo", start_date="2024-12-01", end_date="2024-12-03")
    path = "/api/v1/groups/example_daily/redo"
    bodies = {
        "cancel": {"running": None},
        "retry": {"which": None},
        "note": {"note": "n"},
    }
    for action, body in bodies.items():
        answer = service.request(
            "POST", f"{path}/{action}", json={**body, "limit": None, "start": None, "dry_run": None}
        )
        assert len(answer.json["response"]["dag_run_ids"]) == 3, answer.text
