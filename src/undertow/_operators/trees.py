"""Arguments and results as trees: numbers and float arrays in tuples, lists, dicts, dataclasses and objects."""

from __future__ import annotations

import collections
import copy
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

INERT = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.MethodType, str, bytes, bool, int,
         np.bool_, np.integer, type(None), range, slice, np.dtype, np.random.Generator, np.random.RandomState)
PROXIES = weakref.ProxyTypes
BUILTIN = ("builtins", "collections", "numpy", "threading", "_thread", "random", "_io", "functools")


def is_number(x: Any) -> bool:
    """Whether `x` is an immutable number that can carry a derivative."""
    return isinstance(x, (float, complex, np.inexact))


def is_array(x: Any) -> bool:
    """Whether `x` is an array that can carry a derivative."""
    return isinstance(x, ndarray) and x.dtype.kind in "fc"


def attributes(x: Any) -> list[tuple[str, Any]]:
    """Instance attributes, ``__dict__`` first, then slots."""
    if type(x).__module__ in BUILTIN or isinstance(x, INERT) or isinstance(x, ndarray):
        return []
    found = list(vars(x).items()) if hasattr(x, "__dict__") else []
    for cls in type(x).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(x, name):
                found.append((name, getattr(x, name)))
    return found


def rebuild(root: Any, leaf: Callable[[Any], Any], in_place: bool = False, memo: dict | None = None,
            integers: bool = False, every: bool = False) -> Any:
    """`root` with `leaf` applied to its numbers and float arrays; a shared array once, a number at each place.

    Containers and objects are copied, or changed in place if `in_place`; tuples are always rebuilt where they change.
    """
    memo = {} if memo is None else memo
    if type(root) in PROXIES:
        return root
    if integers and isinstance(root, (int, np.integer, np.bool_)):
        return leaf(float(root))
    if integers and isinstance(root, ndarray) and root.dtype.kind in "biu":
        return root.astype(float)
    if is_number(root) or (every and is_array(root)):
        return leaf(root)
    if id(root) in memo:
        return memo[id(root)][0]
    if is_array(root):
        memo[id(root)] = (leaf(root), root)
        return memo[id(root)][0]
    if isinstance(root, INERT):
        return root
    if isinstance(root, (tuple, frozenset)):
        items = [rebuild(v, leaf, in_place, memo, integers, every) for v in root]
        if in_place and all(a is b for a, b in zip(items, root, strict=True)):
            same: Any = root
        else:
            same = type(root)(*items) if hasattr(root, "_fields") else type(root)(items)  # type: ignore[call-arg]
        memo[id(root)] = (same, root)
        return same
    result: Any
    try:
        result = root if in_place else root.copy() if isinstance(root, ndarray) else copy.copy(root)
    except TypeError:
        return root
    memo[id(root)] = (result, root)
    if isinstance(root, dict):
        for key, v in list(root.items()):
            new = rebuild(v, leaf, in_place, memo, integers, every)
            if new is not v:
                result[key] = new
    elif isinstance(root, (list, collections.deque)):
        for i, v in enumerate(root):
            new = rebuild(v, leaf, in_place, memo, integers, every)
            if new is not v:
                result[i] = new
    elif isinstance(root, set):
        changed = [(v, rebuild(v, leaf, in_place, memo, integers, every)) for v in list(root)]
        for v, new in changed:
            if new is not v:
                result.discard(v)
                result.add(new)
    elif isinstance(root, ndarray) and root.dtype == object:
        for i, v in enumerate(root.flat):
            new = rebuild(v, leaf, in_place, memo, integers, every)
            if new is not v:
                result.flat[i] = new
    for name, v in attributes(root):
        new = rebuild(v, leaf, in_place, memo, integers, every)
        if new is not v or not in_place:
            try:
                object.__setattr__(result, name, new)
            except (AttributeError, TypeError):
                pass
    if isinstance(root, BaseException):
        arguments = tuple(rebuild(v, leaf, in_place, memo, integers, every) for v in root.args)
        if any(a is not b for a, b in zip(arguments, root.args, strict=True)):
            result.args = arguments
    return result


def leaves(root: Any) -> list:
    """Numbers and float arrays of `root` in a fixed order; a shared array once."""
    found: list = []

    def visit(x: Any) -> Any:
        found.append(x)
        return x

    rebuild(root, visit, in_place=True)
    return found


def occurrences(root: Any) -> list:
    """Numbers and arrays of `root` in order, a shared array at each of its places; integers count as numbers."""
    found: list = []

    def visit(x: Any) -> Any:
        found.append(x)
        return x

    rebuild(root, visit, False, None, True, True)
    return found


def with_leaves(root: Any, values: list, in_place: bool = False) -> Any:
    """`root` with its leaves replaced in order."""
    supply = iter(values)
    return rebuild(root, lambda _: next(supply), in_place)


def arrays_in(root: Any) -> list:
    """Arrays of `root`, those of integers left out."""
    return [x for x in leaves(root) if is_array(x)]
