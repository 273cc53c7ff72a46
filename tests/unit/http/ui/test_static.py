"""The files of the page of groups: what is of others, how much there is, and how it is written."""

import gzip
import re
from hashlib import sha256
from pathlib import Path

import pytest

from airflow_run_groups.entrypoints.http.static_files import TYPES
from airflow_run_groups.entrypoints.http.ui import page

ROOT = Path(__file__).parents[4]
STATIC = Path(page.__file__).with_name("static")
OURS = sorted(path for path in STATIC.rglob("*") if path.suffix in TYPES and path.parent.name != "vendor")
LIMIT = 60 * 1024


def test_the_files_of_others_are_those_that_the_notice_names():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    sums = {name: digest for digest, name in re.findall(r"^  ([0-9a-f]{64})  vendor/(\S+)$", notice, re.MULTILINE)}
    files = {path.name: sha256(path.read_bytes()).hexdigest() for path in (STATIC / "vendor").iterdir()}
    assert sums == files
    assert {"LICENSE-preact", "LICENSE-htm"} < files.keys()


def test_all_of_the_page_is_small_over_the_wire():
    sizes = {path: len(gzip.compress(path.read_bytes())) for path in STATIC.rglob("*") if path.suffix in TYPES}
    assert sum(sizes.values()) < LIMIT, sizes


@pytest.mark.parametrize("file", OURS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_a_file_is_small_says_what_it_is_for_and_writes_no_html_from_text(file):
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") < 350
    if file.suffix == ".js":
        assert re.match(r"// [A-Z“\"\w].*[.?…]\n", text)
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|dangerously", text)
