"""The shell of a reader who types what a document shows; on a machine without curl, with one that knows what documents use of it."""

import os
import shutil
import stat
import sys

from tests.integration.http_memory.terminal import environ_of

STAND_IN = f"""#!{sys.executable}
import argparse

import httpx

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("-s", action="store_true")
parser.add_argument("-X", dest="method")
parser.add_argument("-d", dest="body")
parser.add_argument("-H", dest="headers", action="append", default=[])
given = parser.parse_args()
headers = dict(header.split(": ", 1) for header in given.headers)
method = given.method or ("POST" if given.body else "GET")
print(httpx.request(method, given.url, content=given.body, headers=headers, timeout=60).text, end="")
"""


CURL = shutil.which("curl")


def environ_with_curl(url, folder, *, found=CURL):
    """Return the environment of a shell that has our command and curl: the machine's own, unless none was found."""
    environ = environ_of(url)
    if found is None:
        curl = folder / "curl"
        curl.write_text(STAND_IN, encoding="utf-8")
        curl.chmod(curl.stat().st_mode | stat.S_IXUSR)
        environ["PATH"] = f"{folder}{os.pathsep}{environ['PATH']}"
    return environ
