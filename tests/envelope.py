"""The form of every error response."""

import re


def error_of(envelope):
    """Return the payload of an error response, which has to have the one form that there is: a text, and a stable word."""
    assert list(envelope) == ["response"]
    payload = envelope["response"]
    assert list(payload) == ["error", "reason"]
    assert payload["error"]
    assert re.fullmatch("[a-z_]+", payload["reason"])
    return payload


def is_error(envelope):
    """Tell whether this is an error response in that form."""
    try:
        return bool(error_of(envelope))
    except (AssertionError, TypeError):
        return False
