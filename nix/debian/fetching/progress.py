"""How far it is, and how long it will take."""

from __future__ import annotations

import time
from collections import deque

WINDOW = 30.0
"""Seconds whose speed counts."""
SETTLED = 3.0
"""Seconds before which no time is told."""
MINUTE = 60


class Clock:
    """Tells the time that is left from how fast it went of late."""

    def __init__(self) -> None:
        """Begin now."""
        self.seen: deque[tuple[float, float]] = deque([(time.monotonic(), 0.0)])

    def left(self, done: float, total: float) -> str:
        """Return ", 2 min left" or, while nothing is known, nothing."""
        now = time.monotonic()
        self.seen.append((now, done))
        while len(self.seen) > 2 and now - self.seen[0][0] > WINDOW:  # noqa: PLR2004 - a first and a last
            self.seen.popleft()
        then, before = self.seen[0]
        if now - then < SETTLED or done <= before or total < done:
            return ""
        return f", {duration((total - done) * (now - then) / (done - before))} left"


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < MINUTE * MINUTE:
        return f"{round(seconds / MINUTE)} min"
    return f"{seconds / MINUTE / MINUTE:.1f} h"


def megabytes(size: float) -> str:
    """Return a size as the indexes and pip count it."""
    return f"{size / 1e6:.0f} MB"
