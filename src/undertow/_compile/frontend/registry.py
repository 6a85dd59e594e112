"""Which lowering serves a NumPy function or an array method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._refusal import NotCompilable
from ..ir.function import Value
from ..ir.types import BOOL
from .values import Array, Lazy

__all__ = ["METHODS", "NUMPY", "is_bool", "method", "numpy_function", "sources_of"]

NUMPY: dict[Any, str] = {}
METHODS: dict[str, str] = {}


def numpy_function(*functions: Any, method: str = "") -> Callable:
    """Register the lowering of NumPy functions; `method` is the name of the array method that does the same."""
    def register(f: Callable) -> Callable:
        for g in functions:
            NUMPY[g] = f.__name__
        if method:
            METHODS[method] = f.__name__
        return f

    return register


def method(name: str) -> Callable:
    """Register the lowering of an array method that is no function."""
    def register(f: Callable) -> Callable:
        METHODS[name] = f.__name__
        return f

    return register


def is_bool(v: Value) -> Value:
    if v.type != BOOL:
        raise NotCompilable("a condition that is not boolean")
    return v


def sources_of(a: Any) -> tuple:
    """What an expression reads that takes elements of `a` from other places than its own.

    Such a source equals no view, so that the expression is never evaluated into the memory it reads.
    """
    return tuple(Array(s.root, (), ()) for s in (a.sources if isinstance(a, Lazy) else (a,)))
