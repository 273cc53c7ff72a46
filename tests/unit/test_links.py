"""The links of the documents lead to files and headings that exist."""

import pytest

from tests.documents import ROOT, Document, documents

ADVISORIES = "../../security/advisories/new"  # a page of the repository's host


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.name)
def test_links_lead_to_files_and_headings(document):
    broken = []
    for link in document.links():
        if link.startswith("https://") or link == ADVISORIES:
            continue
        file, _, heading = link.partition("#")
        target = (document.path.parent / file).resolve() if file else document.path
        if not target.exists() or (heading and heading not in Document(target.relative_to(ROOT).as_posix()).anchors()):
            broken.append(link)
    assert broken == []


def test_there_are_links_to_look_at():
    assert sum(len(document.links()) for document in documents()) > 50
