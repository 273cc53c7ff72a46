"""Where a token is set: it is asked for, kept for the tab, and asked for again over what was typed."""

import pytest

from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.browser.page.conftest import Service, serving

TOKEN = "s3cret-token"


@pytest.fixture(scope="module")
def service():
    return Service(token=TOKEN, authenticator=TokenAuthentication(TOKEN))


@pytest.fixture(scope="module")
def root(service):
    with serving(service) as root:
        yield root


def test_a_token_is_asked_for_and_kept_for_the_tab(page):
    page.forgive("401")
    page.open()
    page.write("dialog input[type=password]", "wrong")
    page.click("dialog button", "Sign in")
    page.see("dialog .note.error", "not valid")
    page.write("dialog input[type=password]", TOKEN)
    page.click("dialog button", "Sign in")
    page.gone("dialog")
    page.see(".empty, tbody tr")
    page.driver.refresh()
    page.see(".empty, tbody tr")
    assert page.all("dialog") == []
    assert page.script("return Object.keys(localStorage)") == []


def test_a_page_that_was_loaded_before_the_service_was_renewed_offers_to_load_it_again(page):
    page.forgive("401")
    page.open()
    page.script(
        "const real = window.fetch; window.fetch = async (url, more) => String(url).endsWith('/me') "
        "? Response.json({response: {me: {version: '99.1'}}}) : real(url, more)"
    )
    page.write("dialog input[type=password]", TOKEN)
    page.click("dialog button", "Sign in")
    page.see(".note", "The service has version 99.1 now")
    page.script("window.isOld = true")
    page.click(".note button", "Reload")
    page.wait(lambda: not page.script("return window.isOld"), "the page anew")
    page.see(".empty, tbody tr")
    assert page.all(".note") == []


def test_a_session_that_ends_loses_nothing_that_was_typed(page):
    page.forgive("401")
    page.open("?view=new&dag=example_daily")
    page.write("dialog input[type=password]", TOKEN)
    page.click("dialog button", "Sign in")
    page.gone("dialog")
    page.write("[name=note]", "half a note")
    page.script("sessionStorage.setItem('airflow-run-groups.token', 'revoked')")
    page.choose("#from", "2025-02-01")
    page.write("dialog input[type=password]", TOKEN)
    page.click("dialog button", "Sign in")
    page.gone("dialog")
    assert page.see("[name=note]").get_attribute("value") == "half a note"
    page.choose("#to", "2025-02-03")
    page.see(".sum", "3 new")


def test_a_session_that_ends_in_a_dialog_loses_nothing_and_the_dialog_goes_on(page):
    page.forgive("401")
    dag_id = page.service.dag()
    page.service.create(dag_id, "redo", "2025-02-01", "2025-02-03")
    page.open(f"?dag={dag_id}&group=redo")
    sign_in(page)
    page.click(".does button", "Note…")
    page.write("dialog textarea", "half a note")
    page.see("dialog footer .solid", "Put it on 3 runs")
    page.script(  # at once: a look at the group in between would ask for the token first
        "sessionStorage.setItem('airflow-run-groups.token', 'revoked'); root.querySelector('dialog footer .solid').click()"
    )
    sign_in(page)
    assert page.see("dialog textarea").get_attribute("value") == "half a note"
    page.click("dialog footer .solid", "Try again")
    page.see("dialog .body", "3 runs noted")
    noted = page.service.send("GET", f"groups/{dag_id}/redo/runs")["dag_runs"]
    assert {run["note"] for run in noted} == {"half a note"}


def sign_in(page):
    page.write(".sign-in input[type=password]", TOKEN)
    page.click(".sign-in button", "Sign in")
    page.gone(".sign-in")
