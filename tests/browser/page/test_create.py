"""The form of a new group, beside its plan."""

import json

import pytest
from selenium.webdriver.common.keys import Keys


@pytest.fixture
def dag(page):
    return page.service.dag()


def open_form(page, dag_id):
    """Open it and wait until it proposes a prefix; return that."""
    page.open(f"?view=new&dag={dag_id}")
    return page.wait(lambda: page.see("[name=prefix]").get_attribute("value"), "a prefix")


def choose(page, first, last):
    page.choose("#from", first)
    page.choose("#to", last)


def test_the_plan_appears_while_one_types_and_the_button_makes_it(page, dag):
    assert open_form(page, dag) == "redo"
    choose(page, "2025-02-01", "2025-02-10")
    page.see(".sum", "10 new")
    assert page.kinds() == ["create"] * 10
    page.requests()
    page.click(".making button", "Create 10 runs")
    page.see("h1", "redo")
    page.wait(lambda: len(page.kinds()) == 10, "its runs")
    assert ("POST", "dag_runs") in page.requests()
    assert page.service.send("GET", f"groups/{dag}/redo")["group"]["runs"] == 10


def test_dates_that_have_a_run_show_its_state_and_a_prefix_that_is_taken_is_not_proposed(page, dag):
    page.service.create(dag, "redo", "2025-02-01", "2025-02-10")
    assert open_form(page, dag) == "redo2"
    choose(page, "2025-02-08", "2025-02-12")
    page.see(".sum", "2 new, 3 exist already")
    assert page.kinds() == ["exists"] * 3 + ["create"] * 2
    labels = [cell.get_attribute("aria-label") for cell in page.all(".strip [data-n]")]
    assert labels[0].startswith("2025-02-08, exists, ")


def test_what_the_service_refuses_stands_in_its_words_and_nothing_can_be_made(page, dag):
    page.forgive("400")
    open_form(page, dag)
    page.write("[name=prefix]", "my backfill")
    page.see(".plan .note.error", "backfill")
    page.gone(".making button")


def test_a_last_day_is_taken_whole_and_more_than_a_request_holds_goes_in_steps(page):
    dag_id = page.service.dag("hourly", "0 * * * *")
    open_form(page, dag_id)
    choose(page, "2025-01-01", "2025-01-25")
    page.see(".sum", "600 new")
    page.see(".plan .hint", "100 more dates")
    page.click(".making button", "Create 600 runs")
    page.see("h1", "redo")
    group = page.service.send("GET", f"groups/{dag_id}/redo")["group"]
    assert (group["runs"], group["last_logical_date"]) == (600, "2025-01-25T23:00:00Z")


def test_rarer_parameters_reach_the_request(page):
    page.forgive("400")  # JSON that is half typed is none
    params = {"colour": {"type": "string", "default": "red"}}
    open_form(page, page.service.dag("unscheduled", schedule=None, params=params))
    choose(page, "2025-01-01", "2025-01-02")
    page.click(".more summary")
    page.write("[name=interval]", "PT12H")
    page.write("[name=conf]", '{"colour": "blue"}')
    page.write("[name=notify]", "data_team:end,stop")
    page.see(".sum", "4 new")
    page.click(".plan summary", "As a request")
    curl = page.see(".plan .copy pre", "curl").text
    body = json.loads(curl.split("-d '", 1)[1].split("' \\\n", 1)[0])
    assert body["interval"] == "PT12H"
    assert body["conf"] == {"colour": "blue"}
    assert body["notify"] == {"connection_id": "data_team", "on": ["end", "stop"]}
    terminal = page.see(".plan .copy pre", "airflow-groups create").text
    assert "--interval 'PT12H'" in terminal
    assert "--notify 'data_team:end,stop'" in terminal


def test_what_was_typed_is_there_after_a_reload(page, dag):
    open_form(page, dag)
    page.write("[name=note]", "half a note")
    page.driver.refresh()
    page.wait(lambda: page.see("[name=note]").get_attribute("value") == "half a note", "the note")


def test_dates_are_those_of_the_chosen_time_zone(page, dag):
    open_form(page, dag)
    page.script("localStorage.timezone = JSON.stringify('America/New_York')")
    page.driver.get("about:blank")
    open_form(page, dag)
    choose(page, "2025-02-01", "2025-02-01")
    page.click(".plan summary", "As a request")
    assert '"start_date":"2025-02-01T00:00:00-05:00"' in page.see(".plan .copy pre", "curl").text
    assert page.kinds() == ["create"]


def test_a_part_of_a_name_that_one_dag_has_is_enough(page):
    dag_id = page.service.dag("unmistakable")
    page.open("?view=new")
    page.write("[name=dag_id]", "mistakable")
    page.wait(lambda: page.script("return root.querySelectorAll('datalist option').length") == 1, "one DAG")
    page.press(Keys.TAB)
    page.see(".sum", "1 new")
    assert page.see("[name=dag_id]").get_attribute("value") == dag_id
