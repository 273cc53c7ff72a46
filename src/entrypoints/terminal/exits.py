"""What a command's exit status means."""

SUCCEEDED = 0
SOME_FAILED = 1
USAGE = 2
"""The command line, or the configuration, is wrong."""
REFUSED = 3
"""The service has said no."""
UNREACHABLE = 4
"""No answer, or none of the service's, or it cannot do it now."""
TIMED_OUT = 124
"""As of ``timeout`` in a shell."""
INTERRUPTED = 130
"""As of what Ctrl-C ends."""
NOT_READ = 141
"""As of what ends because nobody reads its output any more."""
