"""The page of groups within Airflow's own UI: in the navigation, as a tab of each DAG, signed in, and in Airflow's colours."""

from urllib.parse import quote, unquote

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.inside_airflow.server import DAG_ID, ODD_DAG_ID, ROOT, give_cookie, have_session

PAGE = "airflow-run-groups"
TEXT = "return document.querySelector('airflow-run-groups')?.shadowRoot?.textContent ?? ''"


class Page:
    """The page within Airflow, whose parts lie in a shadow root."""

    def __init__(self, browser, airflow):
        self.browser, self.driver, self.airflow = browser, browser.driver, airflow
        self.forgiven = []

    def wait(self, condition, what):
        return WebDriverWait(self.driver, 30, 0.1, (Exception,)).until(lambda _: condition(), what)

    def open(self, path):
        self.browser.open(f"{self.airflow.root}{path}")

    def all(self, selector, text=""):
        root = self.driver.find_element(By.CSS_SELECTOR, PAGE).shadow_root
        return [one for one in root.find_elements(By.CSS_SELECTOR, selector) if text in one.text]

    def see(self, selector, text=""):
        """Wait for an element within the page that holds a text, and return it."""
        return self.wait(
            lambda: [one for one in self.all(selector, text) if one.is_displayed()], f"{selector} {text!r}"
        )[0]

    def path(self):
        """Return the path of the address, below Airflow's own."""
        return unquote(self.driver.execute_script("return location.pathname")).removeprefix(ROOT)

    def mark(self):
        """Mark the document, to see later whether it has been loaded anew."""
        self.driver.execute_script("window.marked = true")

    def is_marked(self):
        return self.driver.execute_script("return window.marked === true")


@pytest.fixture(scope="module")
def groups(airflow):
    for dag_id in (DAG_ID, ODD_DAG_ID):
        body = {"dag_id": dag_id, "prefix": "shown", "start_date": "2023-01-01", "end_date": "2023-01-05"}
        airflow.ask("/dag_runs", method="POST", json=body)


@pytest.fixture
def page(browser, airflow, groups):
    have_session(browser, airflow, "op")
    page = Page(browser, airflow)
    yield page
    ours = [said for said in browser.complaints() if "/api/v1/" in said]
    assert [said for said in ours if not any(part in said for part in page.forgiven)] == []


def test_navigation_leads_to_the_groups_of_all_dags(page):
    page.open("/")
    link = page.wait(lambda: navigation_item(page), "an item in the navigation")
    page.mark()
    link.click()
    page.see("h1", "Groups")
    assert page.path() == "/plugin/run-groups"
    assert page.is_marked()
    page.see("table.groups", DAG_ID)
    page.see("table.groups", ODD_DAG_ID)


def navigation_item(page):
    """Return the item; up to 3.2 those of several plugins are in a menu of their own."""
    links = page.driver.find_elements(By.CSS_SELECTOR, f"a[href='{ROOT}/plugin/run-groups']")
    return next((link for link in links if link.is_displayed()), None)


@pytest.mark.parametrize("dag_id", [DAG_ID, ODD_DAG_ID])
def test_each_dag_has_a_tab_with_its_own_groups(page, dag_id):
    page.open(f"/dags/{quote(dag_id)}")
    tab = page.wait(
        lambda: page.driver.find_element(By.CSS_SELECTOR, "a[href$='/plugin/dag-run-groups']"), "a tab of the DAG"
    )
    page.mark()
    tab.click()
    page.see("table.groups", "shown")
    assert page.is_marked()
    shown = page.driver.execute_script(TEXT)
    assert not [other for other in (DAG_ID, ODD_DAG_ID) if other != dag_id and other in shown]


@pytest.mark.parametrize("dag_id", [DAG_ID, ODD_DAG_ID])
def test_run_of_a_group_is_one_click_away_and_back_leads_to_the_group(page, dag_id):
    page.open(f"/dags/{quote(dag_id)}/plugin/dag-run-groups?group=shown")
    page.mark()
    run_id = "shown_0000002_2023-01-02T00:00:00"
    cell = page.see(f"a[href*='{quote(run_id)}']")
    assert cell.get_attribute("href").startswith(f"{page.airflow.root}/dags/{quote(dag_id)}/runs/")
    cell.click()
    page.wait(lambda: page.path() == f"/dags/{dag_id}/runs/{run_id}", "the run's page of Airflow")
    assert page.is_marked()
    page.driver.back()
    page.see("h1", "shown")
    assert page.is_marked()


def test_form_keeps_what_was_typed_while_airflow_mounts_the_page_anew(page):
    page.open(f"/dags/{DAG_ID}/plugin/dag-run-groups?view=new")
    write(page, "half_typed")
    page.driver.execute_script(
        "const page = document.querySelector(arguments[0]);"
        "page.parentNode.isFirst = page.kept = true;"
        "page.navigate({search: '?view=new&now=1'})",  # as the page itself does when its address changes
        PAGE,
    )
    place = "const page = document.querySelector(arguments[0]); return page && !page.parentNode.isFirst"
    page.wait(lambda: page.driver.execute_script(place, PAGE), "a second place for the page")
    assert prefix(page).get_attribute("value") == "half_typed"
    assert page.driver.execute_script("return document.querySelector(arguments[0]).kept", PAGE) is True


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_has_the_colours_of_airflow(page, theme):
    page.open("/plugin/run-groups")
    page.driver.execute_script("localStorage.theme = arguments[0]", theme)
    page.open("/plugin/run-groups")
    page.see("table.groups", DAG_ID)
    page.wait(lambda: theme in page.driver.execute_script("return document.documentElement.className"), theme)
    own, airflows = page.driver.execute_script(
        "const root = document.querySelector(arguments[0]).shadowRoot.querySelector('h1');"
        "return [getComputedStyle(root).color, getComputedStyle(document.body).color]",
        PAGE,
    )
    assert own == airflows
    page.driver.execute_script("localStorage.removeItem('theme')")


def test_page_by_itself_in_the_api_server_leads_to_airflows_pages(page):
    page.open(f"/api/v1/ui/?dag={DAG_ID}&group=shown")
    run_id = "shown_0000002_2023-01-02T00:00:00"
    cell = page.see(f"a[href*='{quote(run_id, safe='')}']")
    assert cell.get_attribute("href") == f"{page.airflow.root}/dags/{DAG_ID}/runs/{quote(run_id, safe='')}"


def test_session_that_ends_in_mid_form_loses_nothing(page, airflow):
    page.forgiven = ["401"]
    page.open(f"/api/v1/ui/?view=new&dag={DAG_ID}")
    write(page, "half_typed")
    page.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    page.driver.execute_script(
        "arguments[0].value = '2023-01-01'; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
        page.see("#from"),
    )
    page.see("dialog.sign-in", "Sign in to Airflow")
    link = page.see("dialog.sign-in a")
    assert link.get_attribute("href").startswith(f"{airflow.root}/api/v2/auth/login?next=")
    give_cookie(page.browser, airflow, airflow.token("op"))
    page.see("dialog.sign-in button", "Try again").click()
    page.wait(lambda: not page.all("dialog.sign-in"), "the end of the dialog")
    assert prefix(page).get_attribute("value") == "half_typed"


def test_token_that_an_older_airflow_has_left_in_the_browser_gives_way_to_the_session(page):
    page.forgiven = ["401"]
    page.open("/api/v1/ui/")
    page.see("table.groups", DAG_ID)
    page.driver.execute_script("localStorage.token = 'of another time'")
    try:
        page.open("/api/v1/ui/")
        page.see("table.groups", DAG_ID)
        assert not page.all("dialog.sign-in")
    finally:
        page.driver.execute_script("localStorage.removeItem('token')")


TOGETHER = """
const [done] = arguments;
localStorage.token = "of another time";
const {name} = performance.getEntriesByType("resource").find(({name}) => name.endsWith("/core/api.js"));
import(name)
  .then(({ask}) => Promise.all(["me", "dags", "groups"].map((path) => ask(path))))
  .then((answers) => done(answers.length), (error) => done(String(error)))
  .finally(() => localStorage.removeItem("token"));
"""


def test_requests_that_such_a_token_is_refused_for_at_the_same_time_are_all_sent_again(page):
    page.forgiven = ["401"]
    page.open("/api/v1/ui/")
    page.see("table.groups", DAG_ID)
    assert page.driver.execute_async_script(TOGETHER) == 3


def prefix(page):
    """Return the field of the form into which the prefix goes."""
    return page.see("label", "Prefix").find_element(By.CSS_SELECTOR, "input")


def write(page, text):
    field = prefix(page)
    field.clear()
    field.send_keys(text)
