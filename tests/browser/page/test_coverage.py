"""The coverage of a DAG."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains


@pytest.fixture
def dag(page):
    """A DAG with a run for each day from the third to the tenth of February; the first two were cancelled."""
    dag_id = page.service.dag()
    page.service.create(dag_id, "redo", "2025-02-03", "2025-02-10")
    page.service.send("POST", f"groups/{dag_id}/redo/cancel", limit=2)
    page.service.clock.advance(60)
    return dag_id


def open_february(page, dag):
    page.open(f"?view=coverage&dag={dag}&from=2025-02-01&to=2025-02-12")


def test_each_date_shows_what_became_of_it(page, dag):
    open_february(page, dag)
    page.see(".sum", "50% of 12 dates that are due have succeeded: 4 missing, 2 failed")
    assert page.kinds() == ["missing"] * 2 + ["failed"] * 2 + ["success"] * 6 + ["missing"] * 2


def test_filling_the_gaps_opens_the_form_for_the_range(page, dag):
    open_february(page, dag)
    page.click("a.button", "Fill the gaps")
    page.see("h1", "New group")
    assert page.see("#from").get_attribute("value") == "2025-02-01"
    assert page.see("#to").get_attribute("value") == "2025-02-12"


def test_chosen_dates_are_filled_as_a_list(page, dag):
    open_february(page, dag)
    first, last = page.see(".strip [data-n='0']"), page.see(".strip [data-n='1']")
    ActionChains(page.driver).click_and_hold(first).move_to_element(last).release().perform()
    page.click(".chosen a", "Fill 2 dates")
    page.see("h1", "New group")
    assert page.see("textarea[aria-label^=Dates]").get_attribute("value").split() == [
        "2025-02-01T00:00:00Z",
        "2025-02-02T00:00:00Z",
    ]


def test_a_dag_is_found_by_a_part_of_its_name(page, dag):
    page.open("?view=coverage")
    page.see(".empty", "Choose a DAG")
    page.write("input[list]", dag)
    page.see(".sum", "dates")
    assert f"dag={dag}" in page.driver.current_url


def test_a_dag_without_a_schedule_says_why_it_has_no_coverage(page):
    page.forgive("400")
    page.open("?view=coverage&dag=example_unscheduled")
    page.see(".note.error", "schedule")


def test_filled_gaps_are_made_and_what_failed_runs_again(page, dag):
    open_february(page, dag)
    page.click("a.button", "Fill the gaps")
    page.see(".sum", "4 new, 2 run again, 6 exist already")
    assert page.kinds() == ["create"] * 2 + ["rerun"] * 2 + ["exists"] * 6 + ["create"] * 2
    page.click(".making button", "Create 4 runs, run 2 again")
    page.see(".bar.big")
    page.service.clock.advance(60)
    open_february(page, dag)
    page.see(".sum", "100% of 12 dates that are due have succeeded.")
