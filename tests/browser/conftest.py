"""Chromium without a window, which resolves one name alone, to this machine: whatever a page loads comes from here."""

import json
import shutil
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

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
    "--host-resolver-rules=MAP groups.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1200,1600",
)
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI, sample}) =>
  window.violations.push(`${violatedDirective} ${blockedURI} ${sample}`));
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

    def see(self, selector, text=""):
        """Wait for an element that holds a text, and return it."""

        def there(driver):
            found = driver.find_elements(By.CSS_SELECTOR, selector)
            return next((one for one in found if one.is_displayed() and text in one.text), None)

        return WebDriverWait(self.driver, 30).until(there, f"{selector} with {text!r}")

    def click(self, selector, text=""):
        element = self.see(selector, text)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def write(self, selector, text):
        self.see(selector).send_keys(text)

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
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
