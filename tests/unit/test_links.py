"""The links of the documents lead to files and headings that exist, and the table of contents has every page."""

import pytest

from tests.documents import ROOT, Document, documents

ADVISORIES = "../../security/advisories/new"  # a page of the repository's host


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.name)
def test_links_lead_to_files_and_headings(document):
    broken = []
    for link in document.links():
        if link.startswith(("https://", "http://127.0.0.1:")) or link == ADVISORIES:
            continue
        file, _, heading = link.partition("#")
        target = (document.path.parent / file).resolve() if file else document.path
        if not target.exists() or (heading and heading not in Document(target.relative_to(ROOT).as_posix()).anchors()):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_table_of_contents():
    """docs/index.md is the list from which the site makes its contents; `make docs` adds the generated pages."""
    index = Document("docs/index.md")
    pages = {document.path for document in documents()} - {index.path, ROOT / "README.md"}
    assert pages == {(index.path.parent / link).resolve() for link in index.links() if link.endswith(".md")}


def test_there_are_links_to_look_at():
    assert sum(len(document.links()) for document in documents()) > 50
