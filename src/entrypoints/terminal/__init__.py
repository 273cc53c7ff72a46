"""The commands of the terminal, over HTTP or without a service."""
