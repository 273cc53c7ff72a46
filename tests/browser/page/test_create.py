"""The form of a new group, beside its plan."""

import json

DAILY = "?view=new&dag=example_daily"


def test_the_plan_appears_while_one_types_and_the_button_makes_it(page):
    page.open(DAILY)
    page.wait(lambda: page.see("[name=prefix]").get_attribute("value"), "a prefix")
    page.choose("#from", "2025-02-01")
    page.choose("#to", "2025-02-10")
    page.see(".sum", "10 new")
    assert page.kinds() == ["create"] * 10
    page.requests()
    page.click(".making button", "Create 10 runs")
    page.see("h1", "redo")
    page.wait(lambda: len(page.kinds()) == 10, "its runs")
    assert ("POST", "dag_runs") in page.requests()
    assert page.service.send("GET", "groups/example_daily/redo")["group"]["runs"] == 10


def test_dates_that_have_a_run_show_its_state_and_a_prefix_that_is_taken_is_not_proposed(page):
    page.service.create("example_daily", "redo", "2025-02-01", "2025-02-10", new_group=False)
    page.open(DAILY)
    page.wait(lambda: page.see("[name=prefix]").get_attribute("value") == "redo2", "another prefix")
    page.choose("#from", "2025-02-08")
    page.choose("#to", "2025-02-12")
    page.see(".sum", "2 new, 3 exist already")
    assert page.kinds() == ["exists"] * 3 + ["create"] * 2
    labels = [cell.get_attribute("aria-label") for cell in page.all(".strip [data-n]")]
    assert labels[0].startswith("2025-02-08, exists, ")


def test_what_the_service_refuses_stands_in_its_words_and_nothing_can_be_made(page):
    page.forgive("400")
    page.open(DAILY)
    page.see("[name=prefix]").clear()
    page.write("[name=prefix]", "my backfill")
    page.see(".plan .note.error", "backfill")
    page.gone(".making button")


def test_a_last_day_is_taken_whole_and_more_than_a_request_holds_goes_in_steps(page):
    page.open("?view=new&dag=example_hourly")
    page.wait(lambda: page.see("[name=prefix]").get_attribute("value"), "a prefix")
    page.choose("#from", "2025-01-01")
    page.choose("#to", "2025-01-25")
    page.see(".sum", "600 new")
    page.see(".plan .hint", "100 more dates")
    page.click(".making button", "Create 600 runs")
    page.see("h1", "redo")
    group = page.service.send("GET", "groups/example_hourly/redo")["group"]
    assert (group["runs"], group["last_logical_date"]) == (600, "2025-01-25T23:00:00Z")


def test_rarer_parameters_reach_the_request(page):
    page.open("?view=new&dag=example_unscheduled")
    page.wait(lambda: page.see("[name=prefix]").get_attribute("value"), "a prefix")
    page.choose("#from", "2025-01-01")
    page.choose("#to", "2025-01-02")
    page.click(".more summary")
    page.write("[name=interval]", "PT12H")
    page.write("[name=conf]", '{"colour": "blue"}')
    page.see(".sum", "4 new")
    page.click(".plan summary", "As a request")
    curl = page.see(".plan .copy pre", "curl").text
    body = json.loads(curl.split("-d '", 1)[1].split("' \\\n", 1)[0])
    assert body["interval"] == "PT12H"
    assert body["conf"] == {"colour": "blue"}
    terminal = page.see(".plan .copy pre", "airflow-groups create").text
    assert "--interval 'PT12H'" in terminal


def test_what_was_typed_is_there_after_a_reload(page):
    page.open(DAILY)
    page.write("[name=note]", "half a note")
    page.driver.refresh()
    page.wait(lambda: page.see("[name=note]").get_attribute("value") == "half a note", "the note")


def test_dates_are_those_of_the_chosen_time_zone(page):
    page.open(DAILY)
    page.script("localStorage.timezone = JSON.stringify('America/New_York')")
    page.open(DAILY)
    try:
        page.choose("#from", "2025-02-01")
        page.choose("#to", "2025-02-01")
        page.click(".plan summary", "As a request")
        assert '"start_date":"2025-02-01T00:00:00-05:00"' in page.see(".plan .copy pre", "curl").text
        assert page.kinds() == ["create"] or page.kinds() == ["exists"]
    finally:
        page.script("localStorage.removeItem('timezone')")
