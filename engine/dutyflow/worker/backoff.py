"""How long to wait before something that failed is tried again: twice as long each time, never all at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_DOUBLINGS_MAX = 32


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits up to `first` after the first failure, twice that after the second, never more than `longest`.

    The wait is anywhere between nothing and that ("full jitter"), so that what failed together does not come back
    together: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    first: timedelta
    longest: timedelta

    def most(self, failures: int) -> timedelta:
        """The longest wait after so many failures in a row."""
        return min(self.longest, self.first * (1 << min(max(failures - 1, 0), _DOUBLINGS_MAX)))

    def wait(self, failures: int, chance: float, *, at_least: timedelta | None = None) -> timedelta:
        """The wait after so many failures in a row: the share `chance` of the most, and at least what was asked for."""
        return max(self.most(failures) * chance, at_least or timedelta())
