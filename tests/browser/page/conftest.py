"""The page of groups alone, on the memory backend whose clock the tests move: one service and one browser for all tests.

Each test makes DAGs of its own, so that no group of another one is in its way.
"""

import datetime as dt
import itertools
import json
import socket
import threading
from contextlib import contextmanager

import falcon.testing
import pytest
import uvicorn
from a2wsgi import WSGIMiddleware
from selenium.common.exceptions import JavascriptException, StaleElementReferenceException
from selenium.webdriver.support.ui import WebDriverWait

from airflow_run_groups.adapters.memory.dag import MemoryDag
from tests.demo import UTC, demo_app, demo_backend

HURRY = """
(() => {
  const {setTimeout, clearTimeout} = window;
  window.delays = [];  // of the page's looks
  window.due = new Set();  // looks that are still to come
  window.setTimeout = (act, delay = 0, ...rest) => {
    if (delay < 1000) return setTimeout(act, delay / 4, ...rest);
    window.delays.push(delay);
    const timer = setTimeout(() => { window.due.delete(timer); act(...rest); }, delay / 15);
    window.due.add(timer);
    return timer;
  };
  window.clearTimeout = (timer) => { window.due.delete(timer); clearTimeout(timer); };
})();
"""
"""Polling goes fifteen times as fast, and its pauses can be read."""

FIND = """
const [selector, text] = arguments;
const found = [...root.querySelectorAll(selector)].filter((one) => one.checkVisibility() && one.innerText.includes(text));
"""

PASSING = (JavascriptException, StaleElementReferenceException)
"""What a look meets while the page changes."""


class Clock:
    """What time the backend thinks it is; it stands still unless a test moves it."""

    def __init__(self):
        self.now = dt.datetime.now(UTC).replace(microsecond=0)

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += dt.timedelta(seconds=seconds)


class Service:
    """The service, as requests of others change it behind the page's back."""

    def __init__(self, *, token=None, **parts):
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.clock = Clock()
        self.store = demo_backend(self.clock)
        self.app = demo_app(clock=self.clock, backend=self.store, **parts)
        self._numbers = itertools.count(1)

    def dag(self, name="daily", schedule="0 0 * * *", **more):
        """Add a DAG that no other test has, and return its id."""
        dag_id = f"{name}_{next(self._numbers)}"
        first = dt.datetime(2020, 1, 1, tzinfo=UTC)
        self.store.add(MemoryDag(dag_id=dag_id, schedule=schedule, start_date=first, **more))
        return dag_id

    def send(self, method, path, **body):
        response = falcon.testing.simulate_request(
            self.app, method, f"/api/v1/{path}", json=body or None, headers=self._headers, host="127.0.0.1"
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

    def all(self, selector, text=""):
        return self.script(f"{FIND} return found", selector, text)

    def see(self, selector, text="", then=""):
        """Wait for an element that holds a text, and return it."""
        find = f"{FIND} const seen = found[0]; {then} return seen"
        return self.wait(lambda: self.script(find, selector, text), f"{selector} {text!r}")

    def gone(self, selector, text=""):
        self.wait(lambda: not self.all(selector, text), f"no {selector} {text!r}")

    def wait(self, condition, what):
        return WebDriverWait(self.driver, 20, 0.02, PASSING).until(lambda _: condition(), what)

    def click(self, selector, text=""):
        self.see(
            selector, text, "if (seen?.matches(':disabled')) return null; seen?.scrollIntoView({block: 'center'});"
        ).click()

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

    def looks(self, count):
        """Wait until the page has looked so many times more at what it shows."""
        before = self.script("return window.delays.length")
        self.wait(lambda: self.script("return window.delays.length") >= before + count, f"{count} looks")

    def rests(self):
        """Wait until no further look is to come."""
        self.wait(lambda: self.script("return window.due.size === 0"), "no look to come")

    def requests(self):
        """The requests to the API since the last call: method and path below it."""
        return [(one["method"], path) for path, one in self._sent()]

    def bodies(self, end):
        """The bodies that were sent since the last call to paths that end so."""
        return [one["postData"] for path, one in self._sent() if path.endswith(end)]

    def _sent(self):
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [one["params"]["request"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        below, files = f"{self.root}/", f"{self.root}/ui/"
        return [
            (one["url"].removeprefix(below), one)
            for one in sent
            if one["url"].startswith(below) and not one["url"].startswith(files)
        ]

    def forgive(self, *parts):
        """Take these for no errors: Chromium's console names every response of 4xx and 5xx."""
        self.forgiven += parts


@contextmanager
def serving(service):
    """Serve it on a free port of this machine; the address of its API is what is given."""
    server = uvicorn.Server(uvicorn.Config(WSGIMiddleware(service.app), lifespan="off", log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def service():
    return Service()


@pytest.fixture(scope="session")
def root(service):
    with serving(service) as root:
        yield root


@pytest.fixture
def page(browser, root, service):
    """The page, whose console has nothing to say at the end of a test but what the test forgives. It leaves nothing behind."""
    hurry = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HURRY})
    page = Page(browser, root, service)
    yield page
    complaints = browser.complaints()
    if browser.driver.current_url.startswith(root):
        browser.driver.execute_script("sessionStorage.clear(); localStorage.clear()")
    browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", hurry)
    browser.driver.get("about:blank")
    assert [said for said in complaints if not any(part in said for part in page.forgiven)] == []
