"""What lowering raises to start over."""

from __future__ import annotations

from typing import Any

__all__ = ["TryAgain", "Unbound"]


class Unbound(Exception):
    """A variable is read that only a later round over a loop knows: this path is not yet understood."""


class TryAgain(Exception):
    """Lowering must start over knowing more: a loop to unroll, or a variable to carry out of a loop or into a slot."""

    def __init__(self, what: str, key: Any) -> None:
        super().__init__(what)
        self.what = what
        self.key = key
