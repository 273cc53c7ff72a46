"""Requests on their way to the service: how they are written, who sends them, and when they are sent again."""
