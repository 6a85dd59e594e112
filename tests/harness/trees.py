"""Walking the values programs take and return: numbers in containers and objects, and what they share.

Independent of the library under test on purpose: the harness must not inherit its mistakes.
"""

from __future__ import annotations

import collections
import copy
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

INERT = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.MethodType, str, bytes, bool, int,
         np.bool_, np.integer, type(None))


def is_number(value: Any) -> bool:
    """Whether `value` is an immutable number that can carry a derivative."""
    return isinstance(value, (float, complex, np.inexact))


def is_array(value: Any) -> bool:
    """Whether `value` is an array that can carry a derivative."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc"


def attributes(value: Any) -> list[tuple[str, Any]]:
    """Instance attributes by name, `__dict__` first, then slots."""
    found = list(vars(value).items()) if hasattr(value, "__dict__") else []
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found.append((name, getattr(value, name)))
    return found


def children(value: Any) -> list[tuple[Any, Any]]:
    """Pairs of key and child of a container or object."""
    if isinstance(value, INERT) or is_number(value):
        return []
    if isinstance(value, np.ndarray):
        return list(enumerate(value.flat)) if value.dtype == object else []
    if isinstance(value, dict):
        found: list = list(value.items())
    elif isinstance(value, (tuple, list, collections.deque)):
        found = list(enumerate(value))
    elif isinstance(value, (set, frozenset)):
        found = list(enumerate(sorted(value, key=repr)))
    else:
        found = []
    if isinstance(value, BaseException):
        found += list(enumerate(value.args))
    if type(value).__module__ not in ("builtins", "collections", "numpy", "threading", "_thread", "random"):
        found += attributes(value)
    return found


def walk(root: Any) -> Iterator[Any]:
    """Every object reachable from `root`, each once."""
    seen: set[int] = set()
    keep: list = []
    stack = [root]
    while stack:
        value = stack.pop()
        if id(value) in seen and not is_number(value):
            continue
        seen.add(id(value))
        keep.append(value)
        yield value
        stack.extend(child for _, child in reversed(children(value)))


def leaves(root: Any) -> list:
    """Numbers and float arrays of `root` in a fixed order; a shared array once, a number at each place."""
    return [value for value in walk(root) if is_number(value) or is_array(value)]


def rebuild(root: Any, leaf: Callable[[Any], Any], memo: dict | None = None,
            again: Callable[[Any], Any] | None = None) -> Any:
    """`root` with `leaf` applied to each number and float array, in the order of `leaves`; the rest copied.

    What is met again is the same object, or, if `again` is given, a copy with `again` applied to its leaves.
    """
    memo = {} if memo is None else memo
    if is_number(root):
        return leaf(root)
    if id(root) in memo:
        return memo[id(root)][0] if again is None else rebuild(root, again)
    if is_array(root):
        result = leaf(root)
        memo[id(root)] = (result, root)
        return result
    if isinstance(root, INERT):
        return root
    if isinstance(root, (tuple, set, frozenset)):
        items = [rebuild(item, leaf, memo, again) for item in (root if isinstance(root, tuple) else sorted(root, key=repr))]
        result = type(root)(*items) if hasattr(root, "_fields") else type(root)(items)
        memo[id(root)] = (result, root)
        return result
    result = root.copy() if isinstance(root, np.ndarray) else copy.copy(root)
    memo[id(root)] = (result, root)
    if isinstance(root, dict):
        for key, item in root.items():
            result[key] = rebuild(item, leaf, memo, again)
    elif isinstance(root, (list, collections.deque)):
        for i, item in enumerate(root):
            result[i] = rebuild(item, leaf, memo, again)
    elif isinstance(root, np.ndarray) and root.dtype == object:
        for i, item in enumerate(root.flat):
            result.flat[i] = rebuild(item, leaf, memo, again)
    if children(root) and not isinstance(root, np.ndarray):
        for name, item in attributes(root) if type(root).__module__ != "builtins" else []:
            object.__setattr__(result, name, rebuild(item, leaf, memo, again))
    return result


def with_leaves(root: Any, replacements: list) -> Any:
    """`root` with its leaves replaced in order."""
    supply = iter(replacements)
    return rebuild(root, lambda _: next(supply))


def matching(root: Any, other: Any) -> list:
    """Leaves of `other` at the places where `root` has leaves; None where `other` says None."""
    found: list = []
    seen: set[int] = set()

    def visit(a: Any, b: Any) -> None:
        if not is_number(a):
            if id(a) in seen:
                return
            seen.add(id(a))
        if is_number(a) or is_array(a):
            found.append(b)
            return
        for key, child in children(a):
            visit(child, None if b is None else child_of(b, key))

    visit(root, other)
    return found


def child_of(value: Any, key: Any) -> Any:
    """The child of a gradient at the key its argument has it."""
    if isinstance(key, str) and not isinstance(value, dict):
        return getattr(value, key)
    return value[key]


def as_real(values: list) -> np.ndarray:
    """One real vector of all numbers, real and imaginary parts of complex ones."""
    parts = [np.zeros(0)]
    for value in values:
        array = np.ravel(np.asarray(value))
        if array.dtype.kind == "c":
            parts += [array.real.astype(float), array.imag.astype(float)]
        else:
            parts.append(array.astype(float))
    return np.concatenate(parts)


def vector(root: Any) -> np.ndarray:
    """All numbers of `root` as one real vector."""
    return as_real(leaves(root))


def dimensions(root: Any) -> int:
    """Number of real numbers in `root`."""
    return vector(root).size


def is_foreign(value: Any) -> bool:
    """Whether a class of the library stands behind `value`."""
    return any(cls.__module__.split(".")[0] == "undertow" for cls in type(value).__mro__)
