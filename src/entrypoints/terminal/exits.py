"""The exit statuses of the commands, beside click's own 2 for a wrong command line or configuration."""

SUCCEEDED = 0
SOME_FAILED = 1
REFUSED = 3
UNREACHABLE = 4
"""No response of the service, or it is unavailable or failing, or the result cannot be written."""
TIMED_OUT = 124
"""As ``timeout`` in a shell."""
INTERRUPTED = 130
"""As a process that Ctrl-C ends."""
BROKEN_PIPE = 141
"""As a process that ends because nobody reads its output any more."""
