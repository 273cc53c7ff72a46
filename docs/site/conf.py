"""Sphinx's settings: strict, without a request to another host, light and dark as the reader's system is."""

import importlib
import sys
from importlib.metadata import version as version_of
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

project = "Airflow Run Groups"
copyright = "The Airflow Run Groups authors"  # noqa: A001 - Sphinx's name
version = release = version_of("airflow-run-groups")
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns: list[str] = []
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(.*\.)?(ActionOptions|Keep|PausedGroups|T|Wishes)"),  # of signatures, and exported nowhere
    ("py:.*", rf"(dt|httpx|{'|'.join(sys.stdlib_module_names)})\..*"),  # documented elsewhere, beyond this site
    (
        "py:.*",
        r"(bool|bytes|dict|float|frozenset|int|list|object|set|str|tuple|type|[A-Z]\w*Error|BaseException|Exception|optional)",
    ),
]
myst_heading_anchors = 4
highlight_language = "none"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
templates_path = ["templates"]
html_theme_options = {"navigation_with_keys": True}
PACKAGES = ("airflow_run_groups.domain", "airflow_run_groups.adapters.client")


def setup(app: Sphinx) -> None:
    """Resolve the names of the modules behind a package by the name that the package exports."""
    app.connect("missing-reference", exported)


def exported(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement) -> nodes.Node | None:
    """Find a class by what its package exports: annotations name the module in which it is written.

    A class of ours that no package exports stays plain text.
    """
    if node.get("refdomain") != "py":
        return None
    module, _, name = node["reftarget"].rpartition(".")
    for package in PACKAGES:
        if hasattr(importlib.import_module(package), name):
            domain: Any = env.get_domain("py")
            node["reftarget"] = f"{package}.{name}"
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", node["reftarget"], node, content)
    return content if module.startswith("airflow_run_groups.") else None
