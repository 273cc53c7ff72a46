"""Notifying of groups: what has happened to them, and that each event is sent at most once."""
