"""A group of 10,000 runs: what is drawn is what is seen."""

import datetime as dt

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

RUNS = 10_000


@pytest.fixture(scope="module")
def dag(service):
    """A DAG with the group `all`, of which two runs at a time run."""
    dag_id = service.dag("hourly", dt.timedelta(hours=1))
    for start in range(0, RUNS, 500):
        first, last = (dt.datetime(2024, 1, 1) + dt.timedelta(hours=start + more) for more in (0, 499))
        service.create(dag_id, "all", str(first), str(last), new_group=False, max_active_runs=2)
    service.clock.advance(2)
    return dag_id


@pytest.fixture
def large(page, dag):
    page.open(f"?dag={dag}&group=all")
    page.wait(lambda: f"{RUNS:,}" in page.see("[role=listbox]").get_attribute("aria-label"), "all runs")
    return page


def test_the_document_stays_small_and_the_canvas_as_high_as_what_is_seen(large):
    assert large.script("return root.querySelectorAll('*').length") < 200
    drawn, seen, whole = large.script(
        "const field = root.querySelector('.field'); "
        "return [root.querySelector('canvas').clientHeight, field.clientHeight, field.scrollHeight]"
    )
    assert drawn <= seen < whole


def test_each_cell_says_its_run_wherever_the_strip_is_scrolled(large):
    large.script("root.querySelector('.field').scrollTop = 20 * 100")  # a day has a row of 20 pixels
    field = large.see(".field")
    at = ActionChains(large.driver).move_to_element_with_offset(
        field, 79 + 20 * 7 + 8 - field.size["width"] // 2, 12 - field.size["height"] // 2
    )
    at.perform()
    assert "2024-04-10 07:00" in large.see(".tip").text  # the hundred-and-first day of the year, at seven


def test_keys_lead_to_the_last_run_and_choose_all(large):
    large.script("root.querySelector('.field').focus()")
    large.press(Keys.END)
    active = large.see(".field").get_attribute("aria-activedescendant")
    assert large.script("return root.getElementById(arguments[0]).textContent", active).startswith(
        "2025-02-20 15:00, queued"
    )
    assert large.script("return root.querySelector('.field').scrollTop") > 0
    large.press(Keys.CONTROL + "a")
    large.see(".chosen", "10,000 chosen")


def test_a_drag_chooses_what_lies_between(large):
    field = large.see(".field")
    x, y = 79 + 8 - field.size["width"] // 2, 12 - field.size["height"] // 2
    drag = ActionChains(large.driver).move_to_element_with_offset(field, x, y).click_and_hold()
    drag.move_by_offset(20 * 3, 20 * 2).release().perform()
    large.see(".chosen", "52 chosen")  # two days and four hours


def test_what_moves_is_read_again_and_not_all_of_it(large, dag):
    large.looks(1)
    large.requests()
    large.service.clock.advance(10)
    large.looks(3)
    assert {path for _, path in large.requests() if "/runs" in path} == {f"groups/{dag}/all/runs?limit=500"}
