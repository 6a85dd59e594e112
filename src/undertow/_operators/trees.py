"""Arguments and results as trees: numbers and float arrays in tuples, lists, dicts, dataclasses and objects."""

from __future__ import annotations

import collections
import copy
import types
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

INERT = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.MethodType, str, bytes, bool, int,
         np.bool_, np.integer, type(None), range, slice, np.dtype, np.random.Generator, np.random.RandomState)
PROXIES = weakref.ProxyTypes
SEQUENCES = (tuple, list, collections.deque)
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
            constant: Callable[[Any], Any] | None = None) -> Any:
    """`root` with `leaf` applied to its numbers and float arrays; a shared array once, a number at each place.

    Containers and objects are copied, or changed in place if `in_place`; tuples are always rebuilt where they change.
    `constant` is applied to what holds no number that varies.
    """
    memo = {} if memo is None else memo
    t = type(root)
    if t is float or t is np.float64:
        return leaf(root)
    if t in PROXIES or t is int or t is str or root is None:
        return root if constant is None else constant(root)
    if is_number(root):
        return leaf(root)
    if id(root) in memo:
        return memo[id(root)][0]
    if is_array(root):
        memo[id(root)] = (leaf(root), root)
        return memo[id(root)][0]
    if isinstance(root, INERT) or constant is not None and isinstance(root, ndarray) and root.dtype.kind in "iu":
        return root if constant is None else constant(root)
    if isinstance(root, (tuple, frozenset)):
        items = [rebuild(v, leaf, in_place, memo, constant) for v in root]
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
            new = rebuild(v, leaf, in_place, memo, constant)
            if new is not v:
                result[key] = new
    elif isinstance(root, (list, collections.deque)):
        for i, v in enumerate(root):
            new = rebuild(v, leaf, in_place, memo, constant)
            if new is not v:
                result[i] = new
    elif isinstance(root, set):
        changed = [(v, rebuild(v, leaf, in_place, memo, constant)) for v in list(root)]
        for v, new in changed:
            if new is not v:
                result.discard(v)
                result.add(new)
    elif isinstance(root, ndarray) and root.dtype == object:
        for i, v in enumerate(root.flat):
            new = rebuild(v, leaf, in_place, memo, constant)
            if new is not v:
                result.flat[i] = new
    for name, v in attributes(root):
        new = rebuild(v, leaf, in_place, memo, constant)
        if new is not v or not in_place:
            try:
                object.__setattr__(result, name, new)
            except (AttributeError, TypeError):
                pass
    if isinstance(root, BaseException):
        arguments = tuple(rebuild(v, leaf, in_place, memo, constant) for v in root.args)
        if any(a is not b for a, b in zip(arguments, root.args, strict=True)):
            result.args = arguments
    return result


def is_plain(values: tuple) -> bool:
    """Whether all of `values` are ordinary numbers and arrays: each is a leaf of its own."""
    for v in values:
        t = type(v)
        if t is not float and t is not np.float64 and (t is not ndarray or v.dtype.kind not in "fc"):
            return False
    return True


def leaves(root: Any) -> list:
    """Numbers and float arrays of `root` in a fixed order; a shared array once."""
    t = type(root)
    if t is float or t is np.float64 or t is ndarray and root.dtype.kind in "fc":
        return [root]
    found: list = []

    def visit(x: Any) -> Any:
        found.append(x)
        return x

    rebuild(root, visit, in_place=True)
    return found


class Leaf(NamedTuple):
    """What is remembered of a number or array."""

    shape: tuple
    dtype: Any
    is_array: bool


class Form:
    """The structure of a value as it is now, by which another value of the same structure is taken apart.

    Attributes
    ----------
    leaves : list of Leaf
        Numbers at each place, arrays once, in the order of `leaves`.
    """

    def __init__(self, root: Any, apart: bool = False) -> None:
        self.leaves: list[Leaf] = []
        self.known: dict[int, int] = {}
        self.hold: list = []
        if apart:  # numbers and arrays, each of its own
            parts: list[tuple] = []
            for i, x in enumerate(root):
                self.known = {}
                parts.append((("item", i), self.describe(x, {})))
            self.node: Any = "parts", [*parts, (None, len(root))]
        else:
            self.node = self.describe(root, {})
        self.known, self.hold = {}, []

    def describe(self, x: Any, memo: dict[int, Any]) -> Any:
        """The number of a leaf, ``(kind, [(key, node), …])`` of a container, None of anything else."""
        if type(x) in PROXIES:
            return None
        if is_number(x):
            self.leaves.append(Leaf((), getattr(type(x), "stands_for", type(x)), False))
            return len(self.leaves) - 1
        if is_array(x):
            if id(x) not in self.known:
                self.known[id(x)] = len(self.leaves)
                self.hold.append(x)
                self.leaves.append(Leaf(x.shape, x.dtype, True))
            return self.known[id(x)]
        if isinstance(x, INERT):
            return None
        if id(x) in memo:
            return memo[id(x)]
        kind, pairs = children(x)
        made: list = []
        node = memo[id(x)] = (kind, made)
        self.hold.append(x)
        for key, child in pairs:
            below = self.describe(child, memo)
            if below is not None:
                made.append((key, below))
        if isinstance(x, SEQUENCES) and made:
            made.append((None, len(x)))
        return node

    def collect(self, given: Any, found: list[list]) -> None:
        """Append to ``found[i]`` what `given` has at the places of leaf `i`; LookupError where it differs."""
        gather(self.node, given, found, set())


def gather(node: Any, given: Any, found: list[list], path: set[tuple[int, int]]) -> None:
    """`Form.collect` below a node.  No closure: one that names itself would keep the cotangents alive."""
    if given is None:
        return
    if type(node) is int:
        if not isinstance(given, (int, float, complex, np.generic, ndarray, list, tuple)):
            raise LookupError(f"a {type(given).__name__} where a number or array is needed")
        found[node].append(given)
        return
    step = (id(node), id(given))
    if step in path:
        return
    path.add(step)
    kind, pairs = node
    for key, below in pairs:
        if key is None:
            if len(given) != below:
                raise LookupError(f"a {type(given).__name__} of length {len(given)} where {below} is needed")
        else:
            gather(below, part(kind, given, key), found, path)
    path.discard(step)


def children(x: Any) -> tuple[str, list]:
    """How a container is taken apart, and its parts by key."""
    if isinstance(x, ndarray):
        return "flat", list(enumerate(x.flat)) if x.dtype == object else []
    pairs: list = [(("attribute", name), v) for name, v in attributes(x)]
    if isinstance(x, dict):
        pairs = [(("item", k), v) for k, v in x.items()] + pairs
    elif isinstance(x, SEQUENCES):
        pairs = [(("item", i), v) for i, v in enumerate(x)] + pairs
    elif isinstance(x, (set, frozenset)):
        pairs = [(("member", i), v) for i, v in enumerate(x)] + pairs
    if isinstance(x, BaseException):
        pairs += [(("argument", i), v) for i, v in enumerate(x.args)]
    return "parts", pairs


def part(kind: str, g: Any, key: Any) -> Any:
    """The part of a given value at the key its primal has it at."""
    try:
        if kind == "flat":
            return np.asarray(g, object).flat[key]
        how, name = key
        if how == "attribute":
            return getattr(g, name)
        if how == "argument":
            return g.args[name]
        return list(g)[name] if how == "member" else g[name]
    except (KeyError, IndexError, AttributeError, TypeError):
        raise LookupError(f"nothing at {key[1] if isinstance(key, tuple) else key!r} of a {type(g).__name__}") from None


def with_leaves(root: Any, values: list, in_place: bool = False) -> Any:
    """`root` with its leaves replaced in order."""
    supply = iter(values)
    return rebuild(root, lambda _: next(supply), in_place)


def with_derivatives(root: Any, values: list) -> Any:
    """Tangents or cotangents in the structure of `root`: its leaves replaced in order, and zero for its integers."""
    supply = iter(values)
    return rebuild(root, lambda _: next(supply), constant=zero_of_integer)


def zero_of_integer(x: Any) -> Any:
    """Integers do not vary; a step along a gradient leaves them as they are."""
    if type(x) is int or isinstance(x, np.integer):
        return type(x)(0)
    return np.zeros_like(x) if isinstance(x, ndarray) and x.dtype.kind in "iu" else x


def arrays_in(root: Any) -> list:
    """Arrays of `root`, those of integers left out."""
    return [x for x in leaves(root) if is_array(x)]
