"""One group: facts, strip, selection and what is done to it."""

import datetime as dt
import json

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

NOTE = "<script>window.hurt = 1</script>"


@pytest.fixture
def dag(page):
    """A DAG with the group `redo` of 38 runs: 3 are cancelled, 16 running and 19 queued. It is shown."""
    dag_id = page.service.dag()
    page.service.create(dag_id, "redo", "2025-02-01", "2025-03-10", note=NOTE)
    page.service.send("POST", f"groups/{dag_id}/redo/cancel", limit=3)
    page.service.clock.advance(2)
    page.open(f"?dag={dag_id}&group=redo")
    return dag_id


def test_facts_and_cells_are_as_the_service_says(page, dag):
    assert page.see(".bar.big").get_attribute("aria-label") == "38 runs: 3 cancelled, 16 running, 19 queued"
    assert "2025-02-01 \u2013 2025-03-10" in page.see("dl.facts").text
    page.see(".waits", "The DAG is at its max_active_runs")
    page.wait(lambda: len(page.kinds()) == 38, "cells")
    assert page.kinds() == ["cancelled"] * 3 + ["running"] * 16 + ["queued"] * 19
    assert [row.text.splitlines()[0] for row in page.all(".strip .field .row")] == ["2025-02", "2025-03"]


def test_a_cell_says_all_of_its_run_and_a_note_is_text(page, dag):
    cell = page.see(".strip [data-n='3']")
    ActionChains(page.driver).move_to_element(cell).perform()
    said = page.see(".tip", "2025-02-04").text
    assert "redo_0000004_2025-02-04T00:00:00" in said
    assert NOTE in said
    assert page.driver.execute_script("return window.hurt") is None
    cell.click()
    page.see("dialog h2", "redo_0000004_2025-02-04T00:00:00")  # no Airflow is there to show the run
    page.click("dialog footer button", "Close")


def test_runs_are_chosen_by_drag(page, dag):
    first, last = page.see(".strip [data-n='5']"), page.see(".strip [data-n='9']")
    ActionChains(page.driver).click_and_hold(first).move_to_element(last).release().perform()
    page.see(".chosen", "5 chosen")
    page.gone("dialog")
    page.click(".chosen button", "Clear")
    page.gone(".chosen")


def test_runs_are_chosen_by_keyboard(page, dag):
    page.see(".strip [data-n='9']")
    page.script("root.querySelector('.field').focus()")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    active = page.see(".field").get_attribute("aria-activedescendant")
    assert page.see(f"#{active}").get_attribute("aria-label").startswith("2025-03-02, queued")
    page.press(Keys.SHIFT + Keys.ARROW_RIGHT)
    page.see(".chosen", "2 chosen")
    page.press(Keys.ESCAPE)
    page.gone(".chosen")
    page.press(Keys.SPACE)
    page.see(".chosen", "1 chosen")


def test_a_chip_dims_what_is_of_another_state_and_a_choice_leaves_it_out(page, dag):
    page.click(".chip", "queued")
    page.wait(lambda: len(page.all(".cell.dim")) == 19, "dimmed cells")
    page.script("root.querySelector('.field').focus()")
    page.press(Keys.CONTROL + "a")
    page.see(".chosen", "19 chosen")


def test_pause_says_what_it_does_and_resume_undoes_it(page, dag):
    page.click(".does button", "Pause…")
    page.see("dialog .preview", "19 queued runs do not start")
    page.click("dialog footer .solid", "Pause 19 queued runs")
    page.see(".note", "The group is paused")
    page.click(".does button", "Resume…")
    page.click("dialog footer .solid", "Resume 19 queued runs")
    page.gone(".note", "The group is paused")


def test_a_cap_is_shown_before_it_is_set(page, dag):
    page.click(".does button", "Cap and pace…")
    page.see("dialog .preview", "Nothing is changed yet")
    page.write("dialog input[type=number]", "2")
    page.see("dialog .preview", "At most 2 of the group")
    page.click("dialog summary", "As a request")
    assert '{"max_active_runs":2}' in page.see("dialog pre").text
    page.click("dialog footer .solid", "Change 35 runs")
    page.see("dl.facts", "2, of its own")


def test_cancel_and_retry_go_in_steps_and_say_what_was_done(page, dag):
    page.click(".does button", "Cancel…")
    page.see("dialog .preview", "19 runs, 2025-02-20 \u2013 2025-03-10, are cancelled")
    page.click("dialog footer .solid", "Cancel 19 runs")
    page.see("dialog .body", "19 runs cancelled")
    page.click("dialog footer button", "Close")
    page.wait(lambda: page.kinds().count("cancelled") == 22, "cancelled cells")

    page.click(".does button", "Retry…")
    page.see("dialog .preview", "22 runs")  # none has failed by itself, so these are proposed
    page.click("dialog label", "Failed by themselves")
    page.see("dialog .preview", "No run")
    page.click("dialog label", "Were cancelled")
    page.click("dialog footer .solid", "Retry 22 runs")
    page.see("dialog .body", "22 runs started again")
    page.click("dialog footer button", "Close")
    page.wait(lambda: page.kinds().count("cancelled") == 0, "no cancelled cell")


def test_stop_leaves_the_rest_undone_and_says_so_until_it_goes_on(page):
    dag_id = page.service.dag("hourly", dt.timedelta(hours=1))
    page.service.create(dag_id, "redo", "2025-02-01", "2025-02-14T03:00", paused=True)  # 316 runs: four steps
    page.open(f"?dag={dag_id}&group=redo")
    page.click(".does button", "Cancel…")
    page.see("dialog footer .solid", "Cancel 316 runs")
    # the second step is held until Stop is pressed
    page.script(
        "const real = window.fetch; let sent = 0; window.held = false;"
        "window.fetch = async (url, more) => {"
        "  if (String(url).endsWith('/cancel') && ++sent === 2) await new Promise((go) => { window.held = true; window.letGo = go; });"
        "  return real(url, more);"
        "};"
    )
    page.click("dialog footer .solid", "Cancel 316 runs")
    page.wait(lambda: page.script("return window.held"), "the second step")
    assert page.all("dialog footer button", "Close") == []
    page.press(Keys.ESCAPE)
    page.click("dialog footer button", "Stop")
    page.script("window.letGo()")
    page.see("dialog .progress", "200 of 316 cancelled. Stopped; the rest is as it was.")
    states = page.service.send("GET", f"groups/{dag_id}/redo")["group"]["states"]
    assert (states["failed"], states["queued"]) == (200, 116)
    page.click("dialog footer .solid", "Go on")
    page.see("dialog .body", "316 runs cancelled.")


def test_retry_can_be_of_some_of_the_tasks_that_have_failed(page):
    dag_id = page.service.dag(task_ids=("extract", "load.prices"), fails=True)
    page.service.create(dag_id, "redo", "2025-02-01", "2025-02-05")
    page.service.clock.advance(60)
    page.open(f"?dag={dag_id}&group=redo")
    page.click(".does button", "Retry…")
    page.click("dialog summary", "Only some tasks")
    page.click("dialog .check", "load.prices 5")
    page.see("dialog .preview", "5 runs")
    page.click("dialog summary", "As a request")
    assert '"tasks":["load.prices"]' in page.see("dialog pre", "curl").text
    assert "--task 'load.prices'" in page.see("dialog pre", "airflow-groups retry").text
    page.requests()
    page.click("dialog footer .solid", "Retry 5 runs")
    page.see("dialog .body", "5 runs started again")
    sent = [json.loads(body) for body in page.bodies("retry")]
    assert [body["tasks"] for body in sent if "dry_run" not in body] == [["load.prices"]]


def test_description_and_labels_are_written_and_taken_away(page, dag):
    page.click(".does button", "Describe…")
    page.see("dialog .preview", "Nothing is changed yet")
    page.write("dialog [name=description]", "Prices anew")
    page.write("dialog [name=labels]", "prices, ticket 1")
    page.click("dialog footer .solid", "Save")
    page.gone("dialog")
    page.see(".said", "Prices anew")
    page.see("dl.facts .badge", "ticket 1")
    page.click(".does button", "Describe…")
    page.driver.execute_script("arguments[0].select()", page.see("dialog [name=description]"))
    page.press(Keys.BACKSPACE)
    page.click("dialog summary", "As a request")
    assert "--no-description" in page.see("dialog pre", "airflow-groups change").text
    page.click("dialog footer .solid", "Save")
    page.gone(".said", "Prices anew")
    group = page.service.send("GET", f"groups/{dag}/redo")["group"]
    assert (group["description"], group["labels"]) == (None, ["prices", "ticket 1"])


def test_a_note_is_put_on_each_run(page, dag):
    page.click(".does button", "Note…")
    page.see("dialog .preview", "Write a note")
    page.write("dialog textarea", "prices were wrong")
    page.click("dialog footer .solid", "Put it on 38 runs")
    page.see("dialog .body", "38 runs noted")
    noted = page.service.send("GET", f"groups/{dag}/redo/runs")["dag_runs"]
    assert {run["note"] for run in noted} == {"prices were wrong"}


def test_a_group_that_is_not_there_says_so(page):
    page.forgive("404")
    page.open("?dag=example_daily&group=none")
    page.see(".note.error", "not found")
