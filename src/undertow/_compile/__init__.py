"""The compile tier: derivatives of typed numerical programs as native code.

`compile_pullback` lowers a Python function for the types of its arguments, transforms the IR, and emits Python that
Numba compiles. Whatever it does not understand raises `NotCompilable`; the record tier then takes over.
"""

from __future__ import annotations

import copy
import threading
import types
import weakref
from typing import Any

from ._refusal import NotCompilable, defects
from .options import NOTHING, Options, allowed, options, options_of

__all__ = ["NotCompilable", "Options", "allowed", "compile_pullback", "compile_pushforward", "compiled_for", "function_of", "options",
           "options_of", "signature_of"]

_cache: dict[tuple, _Family] = {}
_lock = threading.RLock()
_leaves: Any = None  # `frontend.arguments.leaves`, once it is needed
_ATTEMPTS = 4
_SIZE = 1024


class _Family:
    """Programs of one text for one signature: they differ in the constants of their surroundings."""

    def __init__(self) -> None:
        self.members: list = []
        self.refusal: NotCompilable | None = None
        self.refused_for: Any = lambda: None  # weakly: what a function closes over would stay alive
        self.failures = 0
        self.varying: frozenset = frozenset()
        self.pinned = False  # whether each program is for some extents and integers alone


def function_of(f: Any) -> tuple[types.FunctionType, tuple]:
    """The Python function behind a callable, and the arguments it puts before those of the call.

    Raises
    ------
    NotCompilable
    """
    first: tuple = ()
    if type(f) is types.FunctionType:
        pass
    elif isinstance(f, types.MethodType):
        first, f = (f.__self__,), f.__func__
    elif type(f).__module__.partition(".")[0] == "numba" and hasattr(f, "py_func") and type(f).__name__ not in (
            "DUFunc", "GUFunc"):
        f = f.py_func
    elif not isinstance(f, (type, types.BuiltinFunctionType)) and isinstance(
            getattr(type(f), "__call__", None), types.FunctionType) and not hasattr(type(f), "_under"):
        first, f = (f,), type(f).__call__
    if not isinstance(f, types.FunctionType):
        raise NotCompilable("not a Python function")
    return f, first


def signature_of(args: tuple, plain: Any = None) -> tuple[tuple, list]:
    """Signatures of arguments and their leaves in order; `plain` gives the numbers that those of a recording stand for.

    Raises
    ------
    NotCompilable
    """
    global _leaves
    if _leaves is None:
        from .frontend.arguments import leaves as _leaves
    return _leaves(args, plain)


def numbers_of(spec: tuple) -> list[tuple]:
    """Signatures of the numbers and arrays in a signature, in order."""
    from .program import numbers_of

    return numbers_of(spec)


def joined(spec: tuple, bars: list) -> Any:
    """The cotangent of complex numbers, of those of their parts."""
    from .program import joined

    return joined(spec, bars)


def yields_of(result: Any) -> int:
    """How many results of native code make up a result."""
    from .results import yields_of

    return yields_of(result)


def reached(path: tuple, args: tuple) -> Any:
    """What stands at the end of a way from the arguments."""
    from .results import reached

    return reached(path, args)


def parts_of_value(result: Any, value: Any) -> list[tuple] | None:
    """The parts of a result, and what stands in its value for them; None where it has none."""
    from .results import children, composite

    return children(result, value) if composite(result) else None


def compiled_for(f: Any, specs: tuple, active: tuple[bool, ...], values: list | None = None,
                 options: Options = NOTHING) -> Any:
    """The compiled program of a Python function for a signature, made if need be.

    Where lengths and integers must be known to type the program, it is for those of `values`, the leaves of the
    arguments.

    Nothing native is made yet: that waits for the first call.

    Raises
    ------
    NotCompilable
    """
    from .surroundings import Changed, check_guards

    try:
        key = (f.__code__, id(f.__globals__), specs, active, options)
        family = _cache.get(key)
    except TypeError:
        raise NotCompilable("arguments that cannot be hashed") from None
    with _lock:
        if family is None:
            if len(_cache) > _SIZE:
                _cache.clear()
            family = _cache[key] = _Family()
        if family.refusal is not None and (family.refused_for() is f or family.failures >= _ATTEMPTS):
            raise family.refusal.again()
        changed = set()
        for found in family.members:
            try:
                if found.pins and (values is None or not found.fits(values)):
                    continue
                check_guards(found.bind(f)[1])
                return found
            except Changed as change:
                changed.add(change.place)
            except NotCompilable:
                pass
        try:
            if len(family.members) > (2 * _ATTEMPTS if family.pinned else _ATTEMPTS):
                raise NotCompilable("the constants it refers to change too often")
            family.varying |= changed
            found = _lowered(family, f, specs, active, values, options)
        except NotCompilable as refusal:
            family.refusal, family.refused_for, family.failures = refusal.again(), weakref.ref(f), family.failures + 1
            raise
        except Exception as error:  # a defect here must cost speed, not the derivative
            defects.append(repr(error))
            refusal = NotCompilable(f"internal error: {error!r}")
            family.refusal, family.refused_for, family.failures = refusal.again(), weakref.ref(f), family.failures + 1
            raise refusal from error
        family.refusal = None
        family.members.append(found)
        return found


def _lowered(family: _Family, f: Any, specs: tuple, active: tuple[bool, ...], values: list | None,
             options: Options) -> Any:
    """A new program of a family: for all extents and integers, or, if that cannot be, for those of `values`."""
    from .frontend.state import Unknown
    from .program import CompiledPullback, pins_of

    if not family.pinned:
        try:
            return CompiledPullback(f, specs, active, family.varying, options=options)
        except Unknown as refusal:
            pins = pins_of(values or [])
            if not pins:
                raise
            reason = refusal.again()
        try:
            found = CompiledPullback(f, specs, active, family.varying, pins, options=options)
        except NotCompilable:
            raise reason from None
        family.pinned = True
        return found
    return CompiledPullback(f, specs, active, family.varying, pins_of(values or []), options=options)


def compile_pullback(f: Any, args: tuple, active: tuple[bool, ...]) -> Any:
    """Compiled pullback of `f` for the types of `args`; `active` says which arguments are differentiated.

    Raises
    ------
    NotCompilable
    """
    options = options_of(f)
    f, first = function_of(f)
    if first:
        raise NotCompilable("a bound method")
    specs, values = signature_of(tuple(args))
    found = copy.copy(compiled_for(f, specs, tuple(active), values, options))
    found.function_ref = lambda: f  # not the function of this text that was compiled first, which may be gone
    return found


def compile_pushforward(f: Any, args: tuple, active: tuple[bool, ...], width: int = 1) -> Any:
    """Compiled pushforward of `f` in `width` directions.

    Raises
    ------
    NotCompilable
    """
    from .forward import CompiledPushforward

    return CompiledPushforward(compile_pullback(f, args, active), width)
