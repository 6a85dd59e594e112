"""Arrays of classes that inherit from ``ndarray``: what ``ndarray`` itself does for them.

Their own methods are Python and run rewritten; what they leave to ``ndarray`` (``super().__getitem__``, ``x.copy()``,
``super().__array_ufunc__``) keeps the class and calls ``__array_finalize__``, as NumPy does in C.
"""

from __future__ import annotations

import functools
from types import FunctionType
from typing import Any

import numpy as np
from numpy import ndarray

from . import protocols

_methods = np._core._methods  # type: ignore[attr-defined]
REDUCTIONS = {"sum": np.add.reduce, "prod": np.multiply.reduce, "max": np.maximum.reduce, "min": np.minimum.reduce,
              "any": np.logical_or.reduce, "all": np.logical_and.reduce, "mean": _methods._mean, "var": _methods._var,
              "std": _methods._std}
KEEPING = frozenset({"copy", "__copy__", "__deepcopy__", "reshape", "ravel", "flatten", "transpose", "squeeze", "swapaxes",
                     "take", "repeat", "astype", "diagonal", "conj", "conjugate", "round", "compress"})

METHODS = frozenset(name for name in vars(ndarray) if not name.startswith("_") and callable(getattr(ndarray, name)))

TABLE = frozenset({getattr(ndarray, name) for name in (
    "setflags", "__array_finalize__", "__array_ufunc__", "__array_wrap__", "__array_function__", "__array_namespace__")
    if hasattr(ndarray, name)})


def make(interpreter: Any) -> dict[Any, Any]:
    """Handlers of what subclasses ask of ``ndarray``."""
    table: dict[Any, Any] = {
        ndarray.setflags: ndarray.setflags,
        ndarray.__array_finalize__: ndarray.__array_finalize__,  # does nothing
        ndarray.__array_ufunc__: lambda a, ufunc, method, *inputs, **kwargs: interpreter.call(
            ufunc if method == "__call__" else getattr(ufunc, method), *inputs, **kwargs),
        ndarray.__array_wrap__: lambda a, y, *args: a.__array_wrap__(interpreter.as_array(y), *args),
        ndarray.__array_function__: _array_function(interpreter),
    }
    if hasattr(ndarray, "__array_namespace__"):
        table[ndarray.__array_namespace__] = ndarray.__array_namespace__
    return table


def method(interpreter: Any, plain: Any, name: str) -> Any:
    """The method `name` that a subclass inherits from ``ndarray``, `plain` for exact arrays."""

    def inherited(a: ndarray, *args: Any, **kwargs: Any) -> Any:
        if name in REDUCTIONS and protocols.overrides(type(a), "__array_ufunc__"):
            return interpreter.call(REDUCTIONS[name], a, *args, **kwargs)
        y = plain(a, *args, **kwargs)
        if name in KEEPING and isinstance(y, ndarray):
            y = y if type(y) is type(a) else y.view(type(a))
            y.__array_finalize__(a)
        return y

    return inherited


@functools.cache
def asked_by(f: Any, t: type) -> bool:
    """Whether NumPy's function `f` is written in Python and hands such an array on to methods of its own."""
    inner = getattr(f, "_implementation", None)
    if type(inner) is not FunctionType or f.__module__ != "numpy" or protocols.overrides(t, "__array_function__"):
        return False
    code = inner.__code__
    names = {f.__name__, *code.co_names, *(c for c in code.co_consts if type(c) is str)}
    return any(name in METHODS and getattr(t, name) is not getattr(ndarray, name) for name in names)


def ufunc_method(interpreter: Any, f: Any, args: tuple, kwargs: dict) -> Any:
    """What an array's ``__array_ufunc__`` makes of ``np.add.reduce(…)`` and the like; NotImplemented if it has none."""
    for x in args:
        t = type(x)
        if t is not ndarray and protocols.overrides(t, "__array_ufunc__") and t not in interpreter.scalars.own:
            found = protocols.special(t, "__array_ufunc__")
            inputs, named = as_passed(f, args, kwargs)
            result = protocols.invoke(interpreter, found, x, f.__self__, f.__name__, *inputs, **named)
            if result is not NotImplemented:
                return result
    return NotImplemented


PARAMETERS = {"reduce": ("axis", "dtype", "out", "keepdims", "initial", "where"), "accumulate": ("axis", "dtype", "out"),
              "reduceat": ("indices", "axis", "dtype", "out"), "outer": (), "at": ()}


def as_passed(f: Any, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """The inputs and keywords with which NumPy calls ``__array_ufunc__``: outputs by name, and as a tuple."""
    if isinstance(f, np.ufunc):
        inputs, outputs = args[: f.nin], args[f.nin:]
        kwargs = {**kwargs, "out": outputs} if outputs else dict(kwargs)
    else:
        names = PARAMETERS.get(f.__name__, ())
        taken = 1 + ("indices" in names) if names else len(args)
        inputs = args[:taken]
        kwargs = {**dict(zip(names[taken - 1:], args[taken:])), **kwargs}
    out = kwargs.pop("out", None)
    out = out if type(out) is tuple else (out,)
    return inputs, kwargs if all(o is None or o is Ellipsis for o in out) else {**kwargs, "out": out}


def _array_function(interpreter: Any) -> Any:
    def array_function(a: ndarray, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        """What ``ndarray`` does for a subclass: the implementation, which keeps subclasses where it always does."""
        implementation = getattr(function, "_implementation", None)
        if type(implementation) is FunctionType:
            return interpreter.call(implementation, *args, **kwargs)

        def bare(x: Any) -> Any:
            if isinstance(x, ndarray) and type(x) is not ndarray:
                return x.view(ndarray)
            return type(x)(map(bare, x)) if type(x) in (list, tuple) else x

        result = interpreter.call(function, *map(bare, args), **{k: bare(v) for k, v in kwargs.items()})
        first = args[0] if args else None
        if type(result) is ndarray and any(isinstance(x, type(a)) for x in (
                *args, *(first if isinstance(first, (list, tuple)) else ()))):
            result = result.view(type(a))
        return result

    return array_function
