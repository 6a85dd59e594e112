"""How native code says that it cannot go on."""

from __future__ import annotations

__all__ = ["Leave"]


class Leave(Exception):
    """Compiled code cannot go on: the call is run again by the record tier."""
