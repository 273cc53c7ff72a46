"""Authentication, origins and rate limits of requests."""
