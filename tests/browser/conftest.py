"""Chromium without a window, which resolves one name alone, to this machine: whatever a page loads comes from here."""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

NAME = "groups.test"
"""A host of which Chromium does not take pages over plain HTTP for trustworthy: it sends no Sec-Fetch-Site there."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",  # drawing what breathes costs much without a graphics card
    f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1200,1600",
)
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI, sample}) =>
  window.violations.push(`${violatedDirective} ${blockedURI} ${sample}`));
"""
FIND = """
const [selector, text] = arguments;
const seen = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility() && one.innerText.includes(text));
"""


class Browser:
    """What a test does with it, and what it has seen."""

    def __init__(self, driver):
        self.driver = driver
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})

    def open(self, url):
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(url)

    def see(self, selector, text="", then=""):
        """Wait for an element that holds a text, and return it."""
        return WebDriverWait(self.driver, 30, 0.05).until(
            lambda driver: driver.execute_script(f"{FIND}{then} return seen", selector, text),
            f"{selector} with {text!r}",
        )

    def click(self, selector, text=""):
        self.see(selector, text, "seen?.scrollIntoView({block: 'center'});").click()

    def write(self, selector, text):
        self.see(selector).send_keys(text)

    def cookie(self, name):
        """Return a cookie of the open page, whether its scripts may read it or not; None if there is none."""
        return self.driver.get_cookie(name)

    def requests(self):
        """Return the addresses asked for since the last call, or since the page was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if urlsplit(url).scheme not in ("data", "chrome")]

    def complaints(self):
        """Return what the console says and which rules of the page's policy were broken."""
        return [entry["message"] for entry in self.driver.get_log("browser")] + self.driver.execute_script(
            "return window.violations"
        )


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"enablePage": False})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>another site</title><body></body>")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def elsewhere():
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        try:
            yield {
                "another port": f"http://127.0.0.1:{pages.server_port}/",
                "another host": f"http://{NAME}:{pages.server_port}/",
                "no site": "data:text/html,<body></body>",
            }
        finally:
            pages.shutdown()
            thread.join()
