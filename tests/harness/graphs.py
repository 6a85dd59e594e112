"""Comparing what two runs left behind: values, types, identity and shared memory of whole object graphs."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np

from .trees import INERT, children, is_array, is_foreign, is_number, walk

TOLERANCE = 1e-11


def same_value(a: Any, b: Any, tolerance: float = TOLERANCE) -> bool:
    """Equality of numbers or arrays up to rounding, NaN equal to NaN."""
    if np.asarray(a).dtype.itemsize <= 4 or np.asarray(a).dtype == np.complex64:
        tolerance = max(tolerance, 2e-6)
    with np.errstate(all="ignore"):
        return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * 1e-3, equal_nan=True))


def same_class(a: type, b: type) -> bool:
    """Whether two classes are one, or the same class statement executed in two runs."""
    return a is b or "<locals>" in a.__qualname__ and (a.__module__, a.__qualname__) == (b.__module__, b.__qualname__)


def differences(plain: Any, other: Any, *, tolerance: float = TOLERANCE) -> list[str]:
    """Where two object graphs differ in type, value, structure, identity, layout or shared memory."""
    report: list[str] = []
    there: dict[int, int] = {}
    back: dict[int, int] = {}
    keep: list = []

    def visit(a: Any, b: Any, path: str) -> None:
        if len(report) > 8:
            return
        if not same_class(type(a), type(b)):
            report.append(f"{path}: type {type(b)} instead of {type(a)}")
            return
        if is_number(a):
            if not same_value(a, b, tolerance):
                report.append(f"{path}: {b!r} instead of {a!r}")
            return
        if isinstance(a, (int, str, bytes, type(None), np.integer, np.bool_)):
            if a != b:
                report.append(f"{path}: {b!r} instead of {a!r}")
            return
        if isinstance(a, INERT):
            return
        if there.get(id(a), id(b)) != id(b) or back.get(id(b), id(a)) != id(a):
            if not (isinstance(a, (tuple, frozenset)) or type(a).__module__ == "builtins" and not children(a)):
                report.append(f"{path}: identity of objects differs")
            return
        if id(a) in there:
            return
        there[id(a)], back[id(b)] = id(b), id(a)
        keep.extend((a, b))
        if isinstance(a, np.ndarray):
            _arrays(a, b, path, report, tolerance)
        first, second = children(a), children(b)
        if len(first) != len(second):
            report.append(f"{path}: {len(second)} children instead of {len(first)}")
            return
        for (key, x), (other_key, y) in zip(first, second, strict=True):
            if type(key) is type(other_key) and isinstance(key, (str, int)) and key != other_key:
                report.append(f"{path}: key {other_key!r} instead of {key!r}")
            visit(x, y, f"{path}.{key}" if isinstance(key, str) else f"{path}[{key!r}]")

    visit(plain, other, "graph")
    if not report and sharing(plain) != sharing(other):
        report.append("arrays share memory differently")
    return report


def _arrays(a: np.ndarray, b: np.ndarray, path: str, report: list[str], tolerance: float) -> None:
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        report.append(f"{path}: array {b.dtype}{b.shape} instead of {a.dtype}{a.shape}")
    elif a.size and a.strides != b.strides and a.ndim and max(a.shape) > 1:
        report.append(f"{path}: strides {b.strides} instead of {a.strides}")
    elif a.flags.writeable != b.flags.writeable:
        report.append(f"{path}: writeable is {b.flags.writeable}")
    elif a.dtype.kind in "fcbiu" and not same_value(a, b, tolerance):
        report.append(f"{path}: {b!r} instead of {a!r}")


def sharing(root: Any) -> set[tuple[int, int]]:
    """Pairs of arrays, numbered in order of the walk, that share memory."""
    arrays = [value for value in walk(root) if is_array(value)][:40]
    return {(i, j) for i, a in enumerate(arrays) for j, b in enumerate(arrays[:i]) if np.may_share_memory(a, b)
            and np.shares_memory(a, b)}


def leaks(root: Any) -> list[str]:
    """Objects of the library that are reachable from `root`."""
    return [f"{type(value)} is left behind" for value in walk(root) if is_foreign(value)]


def module_leaks(module: Any) -> list[str]:
    """Objects of the library in the globals of a module, containers included."""
    kinds = (float, complex, np.inexact, np.ndarray, list, dict, set, tuple, collections.deque)
    state = [value for name, value in vars(module).items() if not name.startswith("__") and isinstance(value, kinds)]
    return leaks(state)
