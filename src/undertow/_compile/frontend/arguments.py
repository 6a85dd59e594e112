"""Signatures of arguments, and their leaves: what becomes a parameter of the compiled program."""

from __future__ import annotations

import abc
import enum
import types
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.types import BY_DTYPE

__all__ = ["leaves", "pairs", "signature"]

_SCALARS = {float: ("scalar", "f64", "py"), int: ("scalar", "i64", "py"), bool: ("scalar", "bool", "py"),
            np.float64: ("scalar", "f64", "np"), np.float32: ("scalar", "f32", "np"), np.int64: ("scalar", "i64", "np")}

_arrays: dict[tuple, tuple] = {}  # signatures of arrays met before, by dtype, shape and order


def pairs(x: np.ndarray) -> np.ndarray:
    """Memory of complex numbers as that of real ones, with one more axis of two."""
    strides = (*x.strides, x.itemsize // 2)
    real = x.real
    return np.lib.stride_tricks.as_strided(real, (*x.shape, 2), strides, writeable=x.flags.writeable)


def signature(x: Any, out: list, seen: set[int], plain: Any = None) -> tuple:
    """Hashable signature of an argument; appends its leaves to `out`. Numbers of a recording become `plain` ones."""
    if plain is not None and hasattr(type(x), "stands_for"):
        x = plain(x)
    spec = _SCALARS.get(type(x))
    if spec is not None:
        if spec[1] == "i64" and not -2**62 < x < 2**62:
            raise NotCompilable("an integer beyond 62 bits")
        out.append(x)
        return spec
    if type(x) is np.ndarray:
        spec = _arrays.get((x.dtype, x.shape, x.flags.c_contiguous))
        if spec is not None:
            out.append(x)
            return spec
        if x.dtype == np.complex128 and x.dtype.isnative and x.ndim:
            out.append(pairs(x))
            return ("complexes", x.ndim, tuple(n == 1 for n in x.shape), x.flags.c_contiguous)
        if x.dtype not in BY_DTYPE or not x.dtype.isnative:
            raise NotCompilable(f"an array of dtype {x.dtype}")
        if x.ndim == 0:
            raise NotCompilable("an array without axes")
        out.append(x)
        spec = ("array", x.dtype.str, x.ndim, tuple(n == 1 for n in x.shape), x.flags.c_contiguous)
        if len(_arrays) > 4096:
            _arrays.clear()
        _arrays[x.dtype, x.shape, x.flags.c_contiguous] = spec
        return spec
    if type(x) in (complex, np.complex128):
        out += [float(x.real), float(x.imag)]
        return ("complex", "py" if type(x) is complex else "np")
    if isinstance(x, tuple) and (type(x) is tuple or hasattr(type(x), "_fields")):
        return ("sequence", type(x), tuple(signature(v, out, seen, plain) for v in x))
    if type(x) is list:
        _once(x, seen)
        return ("sequence", list, tuple(signature(v, out, seen, plain) for v in x))
    if type(x) is dict:
        _once(x, seen)
        if not all(type(k) in (str, int, bool) or isinstance(k, enum.Enum) or (type(k) is tuple and all(
                type(i) in (str, int, bool) for i in k)) for k in x):
            raise NotCompilable("a dict with keys that are not strings or integers")
        return ("object", dict, tuple((k, signature(v, out, seen, plain)) for k, v in x.items()))
    if x is None or isinstance(x, (str, types.FunctionType, types.ModuleType, type, np.ufunc)):
        return ("const", x)
    return _object(x, out, seen, plain)


def _once(x: Any, seen: set[int]) -> None:
    if id(x) in seen:
        raise NotCompilable("an object reached twice from the arguments")
    seen.add(id(x))


def _object(x: Any, out: list, seen: set[int], plain: Any) -> tuple:
    cls = type(x)
    ordinary = hasattr(x, "__dict__") and type(cls) in (type, abc.ABCMeta) and not any(
        vars(c).get("__slots__") for c in cls.__mro__)
    if not ordinary or cls.__module__.split(".")[0] in ("builtins", "numpy", "scipy") or callable(x) and isinstance(x, type):
        raise NotCompilable(f"an argument of type {cls.__name__}")
    if cls.__getattribute__ is not object.__getattribute__ or hasattr(cls, "__getattr__"):
        raise NotCompilable(f"a {cls.__name__} computes its attributes")
    _once(x, seen)
    return ("object", cls, tuple((k, signature(v, out, seen, plain)) for k, v in vars(x).items()))


def leaves(args: tuple, plain: Any = None) -> tuple[tuple, list]:
    """Signatures of all arguments and their leaves in order."""
    out: list = []
    seen: set[int] = set()
    return tuple(signature(a, out, seen, plain) for a in args), out
