"""How an ordinary program is put on the list: the program and its arguments."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["Programs", "cotangent", "leaves", "moved", "paired", "projected"]


class Programs:
    """Programs with arguments, which are copied for each call."""

    def __init__(self) -> None:
        self.programs: list[tuple[Callable, tuple]] = []

    def __call__(self, *args: Any) -> Callable:
        def register(f: Callable) -> Callable:
            self.programs.append((f, args))
            return f

        return register


def inner(x: Any) -> list[tuple]:
    """What a container or an object holds, by key; nothing for anything else."""
    if isinstance(x, dict):
        return list(x.items())
    if isinstance(x, (list, tuple)):
        return list(enumerate(x))
    if hasattr(x, "__dict__") and not callable(x) and not isinstance(x, type(np)):
        return list(vars(x).items())
    return []


def is_leaf(x: Any) -> bool:
    return isinstance(x, (float, complex, np.inexact)) or (isinstance(x, np.ndarray) and x.dtype.kind in "fc")


def leaves(x: Any, path: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    """Numbers and arrays of floats with the way to them."""
    if is_leaf(x):
        yield path, x
    for key, v in inner(x):
        yield from leaves(v, (*path, key))


def rebuilt(x: Any, leaf: Callable[[tuple, Any], Any], path: tuple = ()) -> Any:
    """`x` with other leaves."""
    if is_leaf(x):
        return leaf(path, x)
    parts = {key: rebuilt(v, leaf, (*path, key)) for key, v in inner(x)}
    if isinstance(x, dict):
        return parts
    if isinstance(x, (list, tuple)):
        return type(x)(*parts.values()) if hasattr(x, "_fields") else type(x)(list(parts.values()))
    if parts:
        made = copy.copy(x)
        vars(made).update(parts)
        return made
    return copy.deepcopy(x)


def moved(args: tuple, directions: dict[tuple, Any], h: float) -> tuple:
    """Arguments a step along a direction."""
    return rebuilt(args, lambda path, x: type(x)(x + h * directions[path]) if np.ndim(x) == 0 else x + h * directions[path])


def weight(k: int, x: Any) -> Any:
    """A number or an array by which a leaf is weighed."""
    return np.cos(k + np.arange(np.size(x))).reshape(np.shape(x)) if np.ndim(x) else np.cos(float(k))


def projected(y: Any) -> float:
    """A weighted sum of all leaves."""
    total = 0.0
    for k, (_, x) in enumerate(leaves(y)):
        x = x if np.iscomplexobj(x) else x * (1.0 + 0.0j)
        total += float(np.sum(np.real(x) * weight(k, x)) + 0.5 * np.sum(np.imag(x) * weight(k, x)))
    return total


def cotangent(y: Any) -> Any:
    """The cotangent of `projected`."""
    numbers = {path: k for k, (path, _) in enumerate(leaves(y))}

    def leaf(path: tuple, x: Any) -> Any:
        w = weight(numbers[path], x)
        return w * (1 + 0.5j) if np.iscomplexobj(x) else w

    return rebuilt(y, leaf)


def paired(bars: Any, directions: dict[tuple, Any]) -> float:
    """Cotangents of the arguments times a direction."""
    return sum(float(np.sum(np.asarray(x) * directions[path])) for path, x in leaves(bars) if path in directions)
