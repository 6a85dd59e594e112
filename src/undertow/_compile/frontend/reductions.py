"""NumPy reductions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Value
from ..ir.types import BOOL, F64, I64, ScalarType
from .merge import describe
from .registry import numpy_function
from .values import Array, Const, Lazy, Scalar, Sequence

__all__ = ["Reductions"]


class Reductions:
    """Lowers reductions; expects the other mixins beside it."""

    def axis_of(self, a: Any, axis: Any) -> int | None:
        if axis is None or (isinstance(axis, Const) and axis.obj is None):
            return None
        if isinstance(axis, Const) and isinstance(axis.obj, int) and -len(a.dims) <= axis.obj < len(a.dims):
            return axis.obj % len(a.dims)
        raise NotCompilable("a reduction over several axes, or over one that is not known")

    def view_of(self, a: Any) -> Any:
        if isinstance(a, Sequence):
            return self.array_of(a)
        if not isinstance(a, (Array, Lazy)):
            raise NotCompilable(f"a reduction of {describe(a)}")
        return a

    def along(self, a: Any, axis: int, keepdims: Any, one: Callable[[Any], Value]) -> Any:
        """Reduce one axis: `one` reduces a one-dimensional view."""
        a = self.force(a) if isinstance(a, Lazy) else a
        rest = [k for k in range(len(a.dims)) if k != axis]
        out_dims = [a.dims[k] for k in rest]
        moved = self.transpose(a, [*rest, axis])

        def at(index: list[Value]) -> Value:
            return one(Lazy((a.dims[axis],), a.element, lambda i: self.element(moved, [*index, *i]), (a,)))

        lazy = Lazy(tuple(out_dims), self.probe(at, tuple(out_dims)), at, (a,))
        out = self.force(lazy)
        if isinstance(keepdims, Const) and keepdims.obj:
            return self.index_view(out, [Const(None) if k == axis else ("slice", Const(None), Const(None), Const(None))
                                         for k in range(len(a.dims))])
        return out

    def total(self, a: Any) -> Value:
        if a.element == BOOL:
            return self.reduce(a.dims, const(0), lambda i, s: self.b.add(s, self.b.cast(self.element(a, i), I64)), "total")
        return self.reduce(a.dims, const(0, a.element), lambda i, s: self.b.scalar(
            "radd" if a.element.is_float else "add", s, self.element(a, i)), "total")

    def count_of(self, dims: Any, type: ScalarType = F64) -> Value:
        n: Value = const(1)
        for d in dims:
            n = self.b.mul(n, d)
        return self.b.cast(n, type)

    @numpy_function(np.sum, method="sum")
    def np_sum(self, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
        a = self.view_of(a)
        k = self.axis_of(a, axis)
        if k is not None and len(a.dims) > 1:
            return self.along(a, k, keepdims, self.total)
        return Scalar(self.total(a), "np")

    @numpy_function(np.mean, method="mean")
    def np_mean(self, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
        a = self.view_of(a)
        if not a.element.is_float:
            raise NotCompilable("mean of integers")

        def one(v: Any) -> Value:
            return self.b.scalar("div", self.total(v), self.count_of(v.dims, v.element))

        k = self.axis_of(a, axis)
        if k is not None and len(a.dims) > 1:
            return self.along(a, k, keepdims, one)
        return Scalar(one(a), "np")

    @numpy_function(np.prod, method="prod")
    def np_prod(self, a: Any) -> Any:
        a = self.view_of(a)
        return Scalar(self.reduce(a.dims, const(1, a.element), lambda i, s: self.b.mul(s, self.element(a, i)), "product"),
                      "np")

    def largest(self, a: Any, op: str) -> Value:
        """The extremum; its derivative is shared evenly among the elements that attain it."""
        if not a.element.is_float:
            raise NotCompilable("max/min of integers")
        for d in a.dims:
            self.b.check(self.b.scalar("gt", d, const(0)), "max/min of nothing")
        limit = const(-math.inf if op == "maximum" else math.inf, a.element)
        top = self.reduce(a.dims, limit, lambda i, m: self.b.scalar(op, m, self.b.scalar("stop", self.element(a, i))),
                          "top")
        one, none = const(1.0, a.element), const(0.0, a.element)
        winners = self.reduce(a.dims, none, lambda i, n: self.b.add(n, self.b.scalar(
            "select", self.b.scalar("eq", self.element(a, i), top), one, none)), "winners")

        def share(i: list[Value], s: Value) -> Value:
            x = self.element(a, i)
            part = self.b.scalar("div", self.b.sub(x, top), winners)
            return self.b.add(s, self.b.scalar("select", self.b.scalar("eq", x, top), part, none))

        self.b.check(self.b.scalar("isfinite", top), "max/min that is not finite", defer=True)
        return self.b.add(top, self.reduce(a.dims, none, share, "share"))

    @numpy_function(np.max, np.amax, method="max")
    def np_max(self, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
        return self.extreme(a, axis, keepdims, "maximum")

    @numpy_function(np.min, np.amin, method="min")
    def np_min(self, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
        return self.extreme(a, axis, keepdims, "minimum")

    def extreme(self, a: Any, axis: Any, keepdims: Any, op: str) -> Any:
        a = self.view_of(a)
        a = self.force(a) if isinstance(a, Lazy) else a
        k = self.axis_of(a, axis)
        if k is not None and len(a.dims) > 1:
            return self.along(a, k, keepdims, lambda v: self.largest(v, op))
        return Scalar(self.largest(a, op), "np")
