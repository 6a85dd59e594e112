"""Shadows that nobody outside asked for become memory of the program's own.

A program that writes to an argument has a shadow of it, also where no derivative with respect to that argument is
wanted. As local memory it is taken from the pool, and may disappear.

Needs: verified IR; parameters that hold zeros when the function is called, each with one of the same extents.
Gives: verified IR, in place. Cost: linear.
"""

from __future__ import annotations

from ..ir.builder import const
from ..ir.function import Constant, Function, Op, Value, free_values
from ..ir.types import I64

__all__ = ["localize"]


def localize(function: Function, likes: dict[Value, Value]) -> None:
    """Make each of the parameters that are the keys of `likes` local memory of zeros, before its first use."""
    body = function.body
    for shadow, like in likes.items():
        body.params.remove(shadow)
        at = next((k for k, op in enumerate(body.ops) if shadow in free_values(op)), None)
        for known in (function.extents, function.equal):
            for key in [key for key in known if key[0] is shadow]:
                del known[key]  # type: ignore[attr-defined]
        if at is None:
            continue
        dims: list[Value] = []
        for axis in range(shadow.type.ndim):  # type: ignore[union-attr]
            found = _extent(function, like, axis, at)
            if found is None:
                found = Value(I64)
                body.ops.insert(at, Op("dim", [like], [found], {"axis": axis}))
                at += 1
            dims.append(found)
        body.ops.insert(at, Op("alloc", dims, [shadow], {"fill": "zeros"}))


def _extent(function: Function, like: Value, axis: int, before: int) -> Value | None:
    """The extent of an axis as the program knows it before one of its operations."""
    if (like, axis) in function.extents:
        return const(function.extents[like, axis])
    equal = function.equal.get((like, axis))
    if isinstance(equal, Constant):
        return equal
    for op in function.body.ops[:before]:
        if op.results and op.results[0] is equal:
            return equal
        if op.name == "dim" and op.operands[0] is like and op.attrs["axis"] == axis:
            return op.result
    return None
