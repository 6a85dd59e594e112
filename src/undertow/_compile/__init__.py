"""The compile tier: derivatives of typed numerical programs as native code.

`compile_pullback` lowers a Python function for the types of its arguments, transforms the IR, and emits Python that
Numba compiles. Whatever it does not understand raises `NotCompilable`; the record tier then takes over.
"""

from __future__ import annotations

import types
from typing import Any

from ._refusal import NotCompilable

__all__ = ["NotCompilable", "compile_pullback", "compile_pushforward"]

_cache: dict[tuple, Any] = {}


def compile_pullback(f: Any, args: tuple, active: tuple[bool, ...]) -> Any:
    """Compiled pullback of `f` for the types of `args`; `active` says which arguments are differentiated.

    Raises
    ------
    NotCompilable
    """
    from .frontend.arguments import leaves
    from .program import CompiledPullback

    f = getattr(f, "py_func", f)
    if isinstance(f, types.MethodType):
        raise NotCompilable("a bound method")
    if not isinstance(f, types.FunctionType):
        raise NotCompilable("not a Python function")
    if hasattr(f, "__wrapped__"):
        raise NotCompilable("a decorated function")
    specs, _ = leaves(tuple(args))
    try:
        key = (f.__code__, id(f.__globals__), tuple(map(id, f.__closure__ or ())), id(f.__defaults__),
               id(f.__kwdefaults__), specs, tuple(active))
        found = _cache.get(key)
    except TypeError:
        raise NotCompilable("arguments that cannot be hashed") from None
    if found is not None and not isinstance(found, NotCompilable):
        try:
            found.check_guards()
        except NotCompilable:
            found = None
    if isinstance(found, NotCompilable):
        raise NotCompilable(found.reason, found.filename, found.lineno)
    if found is None:
        try:
            found = CompiledPullback(f, specs, tuple(active))
        except NotCompilable as refusal:
            _cache[key] = refusal
            refusal.function = f  # keeps alive what the key identifies
            raise
        except Exception as error:  # a defect here must cost speed, not the derivative
            raise NotCompilable(f"internal error: {error!r}") from error
        _cache[key] = found
    return found


def compile_pushforward(f: Any, args: tuple, active: tuple[bool, ...], width: int = 1) -> Any:
    """Compiled pushforward of `f`. Not available yet: always refuses, so that the record tier does it."""
    raise NotCompilable("the compile tier has no pushforward yet")
