"""Make instances as ``type.__call__`` does, with ``__new__`` and ``__init__`` rewritten."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import Any

import numpy as np

from . import detours, foreign, passing, protocols

NEUTRAL_BASES = (list, dict, tuple, set, frozenset, BaseException, str, bytes, bytearray, type, object)
FILLED = (list, tuple, set, frozenset)
NUMBER_BASES = (float, complex, int, np.number)


def constructor(interpreter: Any, cls: type, default: bool = False) -> Any:
    """What is called in place of the class `cls`, or of ``type.__call__`` bound to it."""
    detours.meet(cls)
    call = None if default else protocols.special(type(cls), "__call__")
    if call is not None and not protocols._is_c(call):
        if type(call) is FunctionType:
            return MethodType(interpreter.callee(call), cls)
        getter = getattr(type(call), "__get__", None)
        return interpreter.callee(call if getter is None else getter(call, cls, type(cls)))
    new, init = cls.__new__, protocols.special(cls, "__init__")
    python_new = type(new) is FunctionType
    python_init = init is not None and not protocols._is_c(init)
    module = (cls.__module__ or "").partition(".")[0]
    from .calls import MODULES_OUTSIDE, MODULES_TEXT

    if module in MODULES_TEXT:
        return foreign.text(interpreter, cls)
    if module in MODULES_OUTSIDE and not issubclass(cls, BaseException):
        return foreign.guard(interpreter, cls)
    if not python_new and not python_init:
        return _compiled(interpreter, cls)
    make = _maker(interpreter, cls, new, python_new, python_init)

    def construct(*args: Any, **kwargs: Any) -> Any:
        x = make(args, kwargs)
        if isinstance(x, cls):
            initialise = protocols.special(type(x), "__init__")
            if initialise is not None and not protocols._is_c(initialise):
                result = protocols.invoke_init(interpreter, initialise, x, args, kwargs)
                if result is not None:
                    raise TypeError(f"__init__() should return None, not '{type(result).__name__}'")
            elif python_new and not python_init and initialise is not object.__init__:
                initialise.__get__(x, type(x))(*args, **kwargs)  # type: ignore[union-attr]
        return x

    return construct


def _maker(interpreter: Any, cls: type, new: Any, python_new: bool, python_init: bool) -> Any:
    if python_new:
        def make(args: tuple, kwargs: dict) -> Any:
            return interpreter.callee(new)(cls, *args, **kwargs)
    elif new is object.__new__:
        def make(args: tuple, kwargs: dict) -> Any:
            return object.__new__(cls)
    elif issubclass(cls, NUMBER_BASES):
        def make(args: tuple, kwargs: dict) -> Any:
            interpreter.check_foreign(cls, args, kwargs)
            return new(cls, *args, **kwargs)
    else:
        keeps = passing.can_hold(cls)

        def make(args: tuple, kwargs: dict) -> Any:
            if keeps:
                return passing.made(interpreter, cls, new, args, kwargs)
            if not issubclass(cls, NEUTRAL_BASES[:-1]):
                interpreter.check_foreign(cls, args, kwargs)
            return new(cls, *args, **kwargs)
    return make


def _compiled(interpreter: Any, cls: type) -> Any:
    """A class without Python code in its construction."""
    heap = bool(cls.__flags__ & (1 << 9))
    if issubclass(cls, NUMBER_BASES):
        return foreign.guard(interpreter, cls)
    neutral = issubclass(cls, NEUTRAL_BASES[:-1]) or (heap and cls.__new__ is object.__new__
                                                      and cls.__init__ is object.__init__)
    module = (cls.__module__ or "").partition(".")[0]
    if neutral or module in ("collections", "_collections", "itertools", "functools", "_functools", "weakref",
                             "_thread", "_queue", "_asyncio", "_contextvars", "typing", "types", "builtins"):
        return containers(interpreter, cls)
    return foreign.guard(interpreter, cls)


def containers(interpreter: Any, cls: type) -> Any:
    """A class that stores what it is given: arrays to be iterated are iterated through the hook."""
    iterate = interpreter.hooks["iterate"]

    def make(*args: Any, **kwargs: Any) -> Any:
        new_args, new_kwargs = foreign.with_callees(interpreter, args, kwargs, lambda g: g)
        if issubclass(cls, BaseException) or (cls.__new__ is object.__new__):
            return cls(*new_args, **new_kwargs)
        if issubclass(cls, dict):
            return cls(*(a if a is None or callable(a) else protocols.mapping(interpreter, a) for a in new_args), **new_kwargs)
        return cls(*_iterated(iterate, new_args), **new_kwargs)

    return make


def _iterated(iterate: Any, args: Any) -> list:
    """Arguments, those that C code would iterate itself through the hook."""
    return [iterate(a) if isinstance(a, np.ndarray) or protocols.overrides(type(a), "__iter__") else a for a in args]


def class_method(interpreter: Any, f: Any, owner: type, name: str) -> Any:
    """``dict.fromkeys``, ``object.__new__``, ``float.fromhex`` …: builtin methods bound to a class."""
    iterate = interpreter.hooks["iterate"]
    if name == "__new__":
        if issubclass(owner, NUMBER_BASES):
            return foreign.guard(interpreter, f)
        return (lambda cls, *args, **kwargs: f(cls, *_iterated(iterate, args), **kwargs)) if owner in FILLED else f
    if name == "from_iterable":
        return lambda parts: f(map(iterate, iterate(parts)))
    if issubclass(owner, NEUTRAL_BASES[:-1]):
        return lambda *args, **kwargs: f(*_iterated(iterate, args), **kwargs)
    rule = interpreter.calls.rule(getattr(owner, name, None))
    if rule is not None:
        return interpreter.calls.applied(rule)
    return foreign.guard(interpreter, f) if owner is not object else f
