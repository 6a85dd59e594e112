"""The frames of the program, for functions that look at their callers: those of recording lie between them."""

from __future__ import annotations

import sys
from types import FrameType


def of_program(depth: int = 0) -> FrameType:
    """``sys._getframe(depth)`` as the program sees it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not (frame.f_globals.get("__name__") or "").startswith("undertow.") and frame.f_code.co_filename != "<undertow>":
            if depth <= 0:
                return frame
            depth -= 1
        frame = frame.f_back
    raise ValueError("call stack is not deep enough")


def current() -> FrameType:
    """``inspect.currentframe()``."""
    return of_program()
