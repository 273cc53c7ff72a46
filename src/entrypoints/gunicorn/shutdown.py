"""Whether the server is about to stop: announced by gunicorn's master, and seen by the workers that it has forked."""

import mmap

_announced = mmap.mmap(-1, 1)  # anonymous memory, which forked processes share


def announce() -> None:
    _announced[0] = 1


def is_announced() -> bool:
    return _announced[0] == 1
