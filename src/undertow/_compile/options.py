"""What the user allows native code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

__all__ = ["Options", "allowed", "options", "options_of"]


class Options(NamedTuple):
    """What the user allows native code.

    Attributes
    ----------
    threads : bool
        All loops that can be are cut into pieces.
    fastmath : bool
        Floating-point operations may be done in another order and contracted, and divisions be multiplications.
    joined : bool
        What the program rebinds in its arguments is part of its result: the caller puts it there. Not the user's affair.
    """

    threads: bool = False
    fastmath: bool = False
    joined: bool = False


NOTHING = Options()
options: ContextVar[Options] = ContextVar("options", default=NOTHING)


@contextmanager
def allowed(**more: bool) -> Iterator[None]:
    """Allow native code more inside a ``with`` block."""
    token = options.set(options.get()._replace(**more))
    try:
        yield
    finally:
        options.reset(token)


def options_of(f: Any) -> Options:
    """What native code of a callable is allowed: the user says so here, or said so to Numba."""
    found = options.get()
    if hasattr(f, "py_func"):
        given = getattr(f, "targetoptions", {})
        found = Options(found.threads or bool(given.get("parallel")), found.fastmath or bool(given.get("fastmath")))
    return found
