"""The page of groups alone, on the memory backend whose clock the tests move."""

import datetime as dt
import json
import socket
import threading
from contextlib import contextmanager

import falcon.testing
import pytest
import uvicorn
from a2wsgi import WSGIMiddleware
from selenium.common.exceptions import (
    JavascriptException,
    NoSuchElementException,
    NoSuchShadowRootException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.demo import demo_app, demo_backend

HURRY = """
(() => {
  const real = window.setTimeout;
  window.delays = [];
  window.setTimeout = (act, delay, ...rest) => {
    if (delay >= 1000) window.delays.push(delay);
    return real(act, delay >= 1000 && !window.waits ? delay / 15 : delay, ...rest);
  };
})();
"""
"""Polling goes fifteen times as fast, and its pauses can be read."""

PASSING = (
    JavascriptException,
    NoSuchElementException,
    NoSuchShadowRootException,
    StaleElementReferenceException,
)
"""What a look meets while the page changes."""


class Clock:
    """What time the backend thinks it is; it stands still unless a test moves it."""

    def __init__(self):
        self.now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += dt.timedelta(seconds=seconds)


class Service:
    """The service, as requests of others change it behind the page's back."""

    def __init__(self, app, clock):
        self.app, self.clock = app, clock

    def send(self, method, path, **body):
        response = falcon.testing.simulate_request(
            self.app, method, f"/api/v1/{path}", json=body or None, host="127.0.0.1"
        )
        assert response.status_code == 200, response.text
        return response.json["response"]

    def create(self, dag_id, prefix, start, end, **more):
        return self.send("POST", "dag_runs", dag_id=dag_id, prefix=prefix, start_date=start, end_date=end, **more)


class Page:
    """What a test sees and does within the shadow root."""

    def __init__(self, browser, root, service):
        self.browser, self.driver, self.root, self.service = browser, browser.driver, root, service
        self.forgiven = []

    def open(self, query=""):
        self.browser.open(f"{self.root}/ui/{query}")
        self.wait(lambda: self.script("return Boolean(root.querySelector('h1'))"), "the page")

    @property
    def shadow(self):
        return self.driver.find_element(By.CSS_SELECTOR, "airflow-run-groups").shadow_root

    def all(self, selector, text=""):
        return [one for one in self.shadow.find_elements(By.CSS_SELECTOR, selector) if text in one.text]

    def see(self, selector, text=""):
        """Wait for an element that holds a text, and return it."""
        found = self.wait(
            lambda: [one for one in self.all(selector, text) if one.is_displayed()], f"{selector} {text!r}"
        )
        return found[0]

    def gone(self, selector, text=""):
        self.wait(lambda: not self.all(selector, text), f"no {selector} {text!r}")

    def wait(self, condition, what):
        return WebDriverWait(self.driver, 20, 0.05, PASSING).until(lambda _: condition(), what)

    def click(self, selector, text=""):
        element = self.see(selector, text)
        self.wait(element.is_enabled, f"{selector} {text!r} can be clicked")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def write(self, selector, text):
        element = self.see(selector)
        element.clear()
        element.send_keys(text)

    def choose(self, selector, value):
        """Set what is no plain text: a date, an option."""
        self.driver.execute_script(
            "arguments[0].value = arguments[1]; for (const kind of ['input', 'change']) arguments[0].dispatchEvent(new Event(kind, {bubbles: true}))",
            self.see(selector),
            value,
        )

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def script(self, text, *arguments):
        return self.driver.execute_script(
            f"const root = document.querySelector('airflow-run-groups').shadowRoot; {text}", *arguments
        )

    def kinds(self):
        """What the cells of the strip are, in their order."""
        return self.script(
            "return [...root.querySelectorAll('.strip [data-n]')].map((cell) => cell.className.split(' ')[1])"
        )

    def requests(self):
        """The requests to the API since the last call: method and path below it."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [one["params"]["request"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        below = f"{self.root}/"
        return [
            (one["method"], one["url"].removeprefix(below))
            for one in sent
            if one["url"].startswith(below) and not one["url"].startswith(f"{below}ui/")
        ]

    def forgive(self, *parts):
        """Take these for no errors: Chromium's console names every response of 4xx and 5xx."""
        self.forgiven += parts


@contextmanager
def page_on(browser, **parts):
    clock = Clock()
    app = demo_app(clock=clock, backend=demo_backend(clock), **parts)
    server = uvicorn.Server(uvicorn.Config(WSGIMiddleware(app), lifespan="off", log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        hurry = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HURRY})
        try:
            yield Page(browser, f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1", Service(app, clock))
        finally:
            browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", hurry)
            browser.driver.get("about:blank")
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def alone(browser):
    with page_on(browser) as page:
        yield page


@pytest.fixture
def page(alone):
    """The page, whose console has nothing to say at the end of a test but what the test forgives."""
    alone.forgiven = []
    yield alone
    complaints = alone.browser.complaints()
    assert [said for said in complaints if not any(part in said for part in alone.forgiven)] == []
