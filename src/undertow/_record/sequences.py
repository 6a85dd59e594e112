"""Sequences that NumPy reads element by element: lists and tuples of every kind, deques, objects with length and items.

A sequence that holds active numbers is handed on as a plain list, so that what is compiled never takes the values alone.
"""

from __future__ import annotations

import collections
from typing import Any

from numpy import ndarray

from . import protocols

SIMPLE = frozenset({int, float, complex, bool, str, bytes, type(None), slice, type, dict, set, frozenset, range})


def listed(interpreter: Any, x: Any) -> Any:
    """`x`, or a list of its elements if it is a sequence, neither list nor tuple all through, with active numbers."""
    t = type(x)
    if t in SIMPLE or t in interpreter.numbers or t is ndarray:
        return x
    if t is list or t is tuple:
        if all(type(v) in interpreter.numbers for v in x):
            return x
        new = [listed(interpreter, v) for v in x]
        return x if all(a is b for a, b in zip(x, new, strict=True)) else t(new)
    if not is_sequence(x, t) or interpreter.find_active(x) is None:
        return x
    return [listed(interpreter, v) for v in interpreter.hooks["iterate"](x)]


def is_sequence(x: Any, t: type) -> bool:
    """Whether NumPy would take `x` apart."""
    if isinstance(x, (list, tuple, collections.deque)):
        return True
    if isinstance(x, (ndarray, dict, str, bytes)) or protocols.special(t, "keys") is not None:
        return False
    if not (protocols.overrides(t, "__len__") and protocols.overrides(t, "__getitem__")) or any(
            protocols.special(t, name) for name in ("__array__", "__array_ufunc__", "__array_function__")):
        return False
    try:
        len(x)
    except Exception:  # as a sparse array, whose length is ambiguous: to NumPy an object
        return False
    return True


__all__ = ["is_sequence", "listed"]
