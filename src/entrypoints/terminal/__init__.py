"""The service from a terminal: what it can be asked over HTTP, as commands."""
