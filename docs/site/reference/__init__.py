"""The reference pages, each generated from the code that it describes."""

from reference import configuration, errors, http, metrics, python, terminal


def pages() -> dict[str, str]:
    """Return the text of each page by its name."""
    return {
        "http.md": http.page(),
        "terminal.md": terminal.page(),
        "configuration.md": configuration.page(),
        "errors.md": errors.page(),
        "metrics.md": metrics.page(),
        **python.pages(),
    }


def code_pages() -> list[str]:
    """Return the pages that autodoc fills."""
    return [f"reference/{name}" for name in python.pages()]
