"""Long lists of dates in short."""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

K = TypeVar("K")


def stretches_of(dates: Iterable[tuple[K, dt.datetime]]) -> Iterator[tuple[K, dt.datetime, dt.datetime, int]]:
    """Yield consecutive dates with the same key as one stretch: the key, the first date, the last one, and how many."""
    for key, stretch in groupby(dates, key=itemgetter(0)):
        days = [date for _, date in stretch]
        yield key, days[0], days[-1], len(days)
