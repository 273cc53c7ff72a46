"""Tracebacks for a log that others may configure, such as to show local variables: among those are confs and tokens."""

from types import TracebackType


def without_locals(error: BaseException) -> BaseException:
    """Return the error, with no local variables in its traceback or in those of the errors behind it.

    Frames that still run keep their variables, and are left out.
    """
    pending, seen = [error], set()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = _cleared(one.__traceback__)
        pending += [behind for behind in (one.__cause__, one.__context__) if behind is not None]
        pending += getattr(one, "exceptions", ())  # of a group
    return error


def _cleared(traceback: TracebackType | None) -> TracebackType | None:
    entries = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    cleared = None
    for entry in reversed(entries):
        try:
            entry.tb_frame.clear()
        except RuntimeError:
            continue
        cleared = TracebackType(cleared, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return cleared
