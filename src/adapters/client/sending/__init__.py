"""Sending requests to the service: writing them, signing in, and sending them again."""
