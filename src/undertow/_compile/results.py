"""How the value of a compiled function is put together from what native code returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._refusal import NotCompilable

__all__ = ["Result", "assemble", "children", "composite", "mutable", "parts_of", "place_seed", "reached", "seeds_arguments", "tangent_of",
           "yields_of", "zero_seed"]


@dataclass(frozen=True)
class Result:
    """How the function's result is put together from IR results.

    `kind`: scalar (flavor and type), tagged (a scalar and its tag), complex (flavor), new (an array the program allocated),
    complexes (one of complex numbers), argument (the number of a parameter), view (of a parameter: the number, how it lies
    there, and the count of integers that say where; its part is a copy that takes the cotangents), same (an array that
    stands elsewhere in the result, by the number of its IR result), optional (None, or its part), const (the object),
    sequence (class), dict (keys), object (class and names of attributes), rows (a list whose length depends on the run, of
    numbers or arrays, or of sequences of these: the class of an item, None if it is no sequence, and what its parts are; its
    own parts are arrays of all first ones, all second ones, …).  Composite ones may also be what an argument holds: `owner`
    is the way there.
    """

    kind: str
    info: Any = None
    parts: tuple = ()
    owner: tuple | None = None


_COMPOSITE = ("sequence", "dict", "object", "rows")
_OWN = {"scalar": 1, "new": 1, "complexes": 1, "tagged": 2, "complex": 2, "optional": 1}


def composite(result: Result) -> bool:
    """Whether a result is made of others, in the order in which a tree of derivatives is."""
    return result.kind in _COMPOSITE


def children(result: Result, value: Any) -> list[tuple[Result, Any]]:
    """The parts of a composite result, and what stands in a value for them."""
    if result.kind == "rows":
        items = result.info[1]
        part = items[0] if result.info[0] is None else Result("sequence", result.info[0], items)
        return [(part, v) for v in value]
    if result.kind == "dict":
        inner: Any = [value[k] for k in result.info]
    elif result.kind == "object":
        inner = [vars(value)[name] for name in result.info[1]]
    else:
        inner = value
    return list(zip(result.parts, inner, strict=True))


def mutable(result: Result) -> bool:
    """Whether a value is what an argument holds, and not a new one."""
    return result.owner is not None


def parts_of(result: Result) -> list[Result]:
    """A result and all those it is made of."""
    return [result, *(p for part in result.parts for p in parts_of(part))]


def yields_of(result: Result) -> int:
    """How many results of native code make up a result."""
    own = result.info[2] if result.kind == "view" else _OWN.get(result.kind, 0)
    return own + sum(map(yields_of, result.parts))


# ---- values
def reached(path: tuple, args: tuple) -> Any:
    """What stands at the end of a way from the arguments."""
    owner: Any = args
    for step in path:
        if type(step) is tuple and step[0] == "outside":
            owner = step[1]
        else:
            owner = getattr(owner, step) if type(step) is str else owner[step if type(step) is int else step[1]]
    return owner


class Outs:
    """Results of native code in order; arrays that stand at several places are made once."""

    def __init__(self, out: list) -> None:
        self.out, self.at = out, 0
        self.made: dict[int, Any] = {}

    def __next__(self) -> Any:
        self.at += 1
        return self.out[self.at - 1]


def assemble(result: Result, outs: Outs, values: list, makers: dict[tuple, Callable], args: tuple | None) -> Any:
    """The function's value, of the types that Python gives."""
    kind = result.kind
    if kind == "scalar":
        return makers[result.info](next(outs))
    if kind == "tagged":
        value, tag = next(outs), int(next(outs))
        return makers["np" if tag & 1 else "py", "i64" if tag & 2 else result.info](value)
    if kind == "complex":
        return (complex if result.info == "py" else np.complex128)(complex(next(outs), next(outs)))
    if kind in ("new", "complexes"):
        at, memory = outs.at, next(outs)
        made = outs.made[at] = memory.copy() if kind == "new" else memory.copy().view(np.complex128)[..., 0]
        return made  # in memory of NumPy's own
    if kind == "argument":
        return values[result.info]
    if kind == "same":
        return outs.made[result.info]
    if kind == "const":
        return result.info
    items = [assemble(p, outs, values, makers, args) for p in result.parts]
    if kind == "view":
        numbers = [int(next(outs)) for _ in range(result.info[2])]
        return seen_through(values[result.info[0]], result.info[1], iter(numbers))
    if kind == "optional":
        return items[0] if next(outs) else None
    if kind == "rows":
        cls, inner = result.info
        columns = [[makers[r.info](x) for x in column] if r.kind == "scalar" else [row.copy() for row in column]
                   for r, column in zip(inner, items, strict=True)]
        rows = columns[0] if cls is None else [cls(*row) if hasattr(cls, "_fields") else cls(row)
                                               for row in zip(*columns, strict=True)]
        items = rows
    if result.owner is not None and args is not None:
        return reached(result.owner, args)
    if kind == "rows":
        return items
    if kind == "dict":
        return dict(zip(result.info, items, strict=True))
    if kind == "object":
        cls, names = result.info
        made = cls.__new__(cls)
        vars(made).update(zip(names, items, strict=True))
        return made
    return result.info(*items) if hasattr(result.info, "_fields") else result.info(items)


def seen_through(a: np.ndarray, view: tuple, numbers: Any) -> np.ndarray:
    """A view of an array: ``(axes, extents, frame)`` with the view's axis and the step for each axis of the memory."""
    axes, ndim, frame = view
    if frame is not None:
        inner = seen_through(a, frame[0], numbers)
        a = inner.reshape([next(numbers) for _ in range(frame[1])])
    starts = [next(numbers) for _ in axes]
    dims = [next(numbers) for _ in range(ndim)]
    index: list = []
    order = []
    for (axis, step), start in zip(axes, starts, strict=True):
        if axis is None:
            index.append(start)
        else:
            stop = start + step * dims[axis]
            index.append(slice(start, None if stop < 0 else stop, step) if dims[axis] else slice(0, 0))
            order.append(axis)
    out = a[tuple(index)]
    out = out.transpose(np.argsort(order)) if order != sorted(order) else out
    return out[tuple(slice(None) if k in order else None for k in range(ndim))] if len(order) < ndim else out


# ---- cotangents
def place_seed(result: Result, seed: Any, seeds: list, slots: Any, arguments: Callable[[int], Any]) -> None:
    """Put the cotangents of the parts of a value, lists of such for composite ones, where native code takes them.

    Those of arguments are added to what `arguments` gives: their shadows.
    """
    kind = result.kind
    if kind in ("scalar", "tagged"):
        seeds[next(slots)] = float(seed) if seed is not None else 0.0
        if kind == "tagged":
            next(slots)
    elif kind == "complex":
        seeds[next(slots)], seeds[next(slots)] = (0.0, 0.0) if seed is None else (float(seed.real), float(seed.imag))
    elif kind in ("new", "complexes"):
        if seed is None:
            raise NotCompilable("an array result needs a seed")
        seeds[next(slots)] = seed if kind == "new" else np.stack([np.real(seed), np.imag(seed)], -1)
    elif kind == "argument":
        shadow = arguments(result.info) if seed is not None else None
        if shadow is not None:
            shadow += seed
    elif kind == "view":
        place_seed(result.parts[0], seed, seeds, slots, arguments)
        for _ in range(result.info[2]):
            next(slots)
    elif kind == "optional":
        place_seed(result.parts[0], seed, seeds, slots, arguments)
        next(slots)
    elif kind == "rows":
        if seed is None:
            raise NotCompilable("a list of unknown length needs a seed")
        for k, part in enumerate(result.parts):
            column = [s if result.info[0] is None else s[k] for s in seed]
            if not column:
                raise NotCompilable("a list of unknown length is empty")
            place_seed(part, np.array([0.0 if s is None else s for s in column]), seeds, slots, arguments)
    elif composite(result):
        for part, s in zip(result.parts, seed if seed is not None else [None] * len(result.parts), strict=True):
            place_seed(part, s, seeds, slots, arguments)


def seeds_arguments(result: Result, seed: Any) -> bool:
    """Whether a seed is for an argument that the function returns: its shadow is set before the call."""
    if result.kind == "rows":
        return False
    if composite(result) and seed is not None:
        return any(map(seeds_arguments, result.parts, seed))
    return result.kind == "argument" and seed is not None


def zero_seed(result: Result) -> Any:
    """A seed that is zero."""
    return [zero_seed(p) for p in result.parts] if composite(result) else None


# ---- tangents
def tangent_of(result: Result, dots: Any, arguments: dict[int, Any], width: int) -> Any:
    """Tangent in the form of the value: lists of such for composite ones; None where it does not vary."""
    kind = result.kind
    if kind == "rows":
        columns = [tangent_of(p, dots, arguments, width) for p in result.parts]
        if any(c is None for c in columns):
            raise NotCompilable("a list of unknown length that does not vary")
        return list(columns[0]) if result.info[0] is None else [list(row) for row in zip(*columns, strict=True)]
    if composite(result):
        return [tangent_of(p, dots, arguments, width) for p in result.parts]
    if kind == "argument":
        return arguments.get(result.info)
    if kind in ("const", "same"):
        return None
    if kind in ("view", "optional"):
        dot = tangent_of(result.parts[0], dots, arguments, width)
        for _ in range(result.info[2] if kind == "view" else 1):
            next(dots)
        return dot
    dot = next(dots)
    if kind == "complex":
        other = next(dots)
        if width > 1:
            raise NotCompilable("directions of complex results")
        return complex(0.0 if dot is None else dot, 0.0 if other is None else other)
    if kind == "complexes":
        if width > 1:
            raise NotCompilable("directions of complex results")
        return None if dot is None else np.ascontiguousarray(dot).view(np.complex128)[..., 0]
    if kind == "tagged":
        next(dots)
    if dot is None and kind != "new":
        return 0.0 if width == 1 else np.zeros(width)
    return dot
