"""What lowering raises to start over."""

from __future__ import annotations

from typing import Any

from .._refusal import NotCompilable

__all__ = ["TryAgain", "Unbound", "Unknown", "UnknownReason"]


class UnknownReason(str):
    """A reason that may not hold where the extents and integers of the call are known."""

    __slots__ = ()


class Unknown(NotCompilable):
    """Refused because a length or a number depends on the run."""

    def __init__(self, reason: str, filename: str = "", lineno: int = 0) -> None:
        super().__init__(reason, filename, lineno)
        self.reason = UnknownReason(reason)


class Unbound(Exception):
    """A variable is read that only a later round over a loop knows: this path is not yet understood."""


class TryAgain(Exception):
    """Lowering must start over knowing more: a loop to unroll, or a variable to carry out of a loop or into a slot."""

    def __init__(self, what: str, key: Any) -> None:
        super().__init__(what)
        self.what = what
        self.key = key
