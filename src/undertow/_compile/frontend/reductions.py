"""NumPy reductions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Region, Value
from ..ir.types import BOOL, C128, F64, I64, ScalarType
from . import arithmetic
from .merge import describe, is_number, scalar_of
from .registry import numpy_function, sources_of
from .values import Array, Const, Lazy, Pair, Scalar, Sequence

__all__ = ["Reductions"]


class Reductions:
    """Lowers reductions; expects the other mixins beside it."""

    # ---- which axes
    def axes_of(self, a: Any, axis: Any) -> tuple[int, ...] | None:
        """Axes to reduce, or None for all of them into a number."""
        if axis is None or (isinstance(axis, Const) and axis.obj is None):
            return None
        items = axis.items if isinstance(axis, Sequence) else (axis,)
        if isinstance(axis, Const) and isinstance(axis.obj, tuple):
            items = tuple(map(Const, axis.obj))
        out = []
        for item in items:
            k = item.obj if isinstance(item, Const) else None
            if not isinstance(k, int) or not -len(a.dims) <= k < len(a.dims):
                raise NotCompilable("a reduction over an axis that is not known")
            out.append(k % len(a.dims))
        if len(set(out)) != len(out):
            raise NotCompilable("a reduction over one axis twice")
        return tuple(sorted(out))

    def view_of(self, a: Any) -> Any:
        if isinstance(a, Sequence):
            return self.array_of(a)
        if is_number(a):
            s = scalar_of(a)
            return Lazy((), s.type, lambda i: s.value)
        if not isinstance(a, (Array, Lazy)):
            raise NotCompilable(f"a reduction of {describe(a)}")
        return a

    @staticmethod
    def flag(v: Any) -> bool:
        if v is None:
            return False
        if isinstance(v, Const):
            return bool(v.obj)
        raise NotCompilable("a flag that is not known")

    # ---- reducing
    def over(self, a: Any, axis: Any, keepdims: Any, one: Callable[[Any], Value], repeats: bool = False) -> Any:
        """Reduce `axis`: `one` reduces a view to a number. `repeats`: it reads each element more than once."""
        if repeats and isinstance(a, Lazy):
            a = self.force(a)
        axes = self.axes_of(a, axis)
        keep = self.flag(keepdims)
        if axes is None or (len(axes) == len(a.dims) and not keep):
            value = one(a)
            if keep:
                return self.force(Lazy((const(1),) * len(a.dims), value.type, lambda i: value))
            return Scalar(value, "np")
        rest = [k for k in range(len(a.dims)) if k not in axes]
        moved = self.transpose(a, [*rest, *axes])
        dims, inner = moved.dims[:len(rest)], moved.dims[len(rest):]

        def at(index: list[Value]) -> Value:
            return one(Lazy(inner, a.element, lambda i: self.element(moved, [*index, *i]), sources_of(a)))

        out = self.force(Lazy(dims, self.probe(at, dims), at, sources_of(a)))
        return self.kept(out, axes, len(a.dims)) if keep else out

    def kept(self, out: Any, axes: tuple[int, ...], ndim: int) -> Any:
        full = ("slice", Const(None), Const(None), Const(None))
        return self.index_view(out, [Const(None) if k in axes else full for k in range(ndim)])

    def accumulated(self, a: Any, axes: tuple[int, ...], keep: bool) -> Any:
        """Sum over axes of which the last is not one: row by row, along the memory of the result."""
        rest = [k for k in range(len(a.dims)) if k not in axes]
        element = I64 if a.element == BOOL else a.element
        out = self.new_array(element, [a.dims[k] for k in rest], "zeros", "total")
        order = [*axes, *rest]

        def body(index: list[Value]) -> None:
            place = index[len(axes):]
            where = [index[order.index(k)] for k in range(len(order))]
            value = self.b.cast(self.element(a, where), element)
            old = self.element(out, place)
            self.put(out, place, self.b.add(old, value) if element.is_float else self.wrapping("add", old, value))

        self.nest([a.dims[k] for k in order], body)
        self.order_is_free()
        return self.kept(out, axes, len(a.dims)) if keep else out

    def total(self, a: Any) -> Value:
        if a.element == C128:
            return Pair(self.total(self.part(a, "real")), self.total(self.part(a, "imag")))
        if a.element == BOOL:
            return self.reduce(a.dims, const(0), lambda i, s: self.wrapping(
                "add", s, self.b.cast(self.element(a, i), I64)), "total")
        return self.reduce(a.dims, const(0, a.element), lambda i, s: self.b.scalar(
            "radd", s, self.element(a, i)) if a.element.is_float else self.wrapping(
                "add", s, self.element(a, i)), "total")

    def wrapping(self, op: str, x: Value, y: Value) -> Value:
        """Arithmetic of NumPy integers, which wraps around."""
        return self.b.pure(op, [x, y], I64, {"wrap": True})

    def count_of(self, dims: Any, type: ScalarType = F64) -> Value:
        n: Value = const(1)
        for d in dims:
            n = self.b.mul(n, d)
        return self.b.cast(n, type)

    def as_type(self, a: Any, dtype: Any) -> Any:
        if dtype is None or (isinstance(dtype, Const) and dtype.obj is None):
            return a
        return self.np_astype(a, dtype)

    @numpy_function(np.sum, method="sum")
    def np_sum(self, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        a = self.as_type(self.view_of(a), dtype)
        axes = self.axes_of(a, axis)
        if axes and len(axes) < len(a.dims) and len(a.dims) - 1 not in axes and a.element != C128:
            return self.into(out, self.accumulated(a, axes, self.flag(keepdims)))
        return self.into(out, self.over(a, axis, keepdims, self.total))

    def into(self, out: Any, value: Any) -> Any:
        if out is None or (isinstance(out, Const) and out.obj is None):
            return value
        if isinstance(out, Sequence) and len(out.items) == 1:
            out = out.items[0]
        if not isinstance(out, Array):
            raise NotCompilable("`out=` that is not an array")
        self.store_array(out, value, augmented=True)
        return out

    @numpy_function(np.mean, method="mean")
    def np_mean(self, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        a = self.as_type(self.view_of(a), dtype)
        if not a.element.is_float and a.element != C128:
            a = self.np_astype(a, Const(np.float64))
        axes = self.axes_of(a, axis)
        dims = a.dims if axes is None else [a.dims[k] for k in axes]
        total = self.np_sum(a, axis, None, None, keepdims)
        n = Scalar(self.count_of(dims, F64 if a.element == C128 else a.element), "np")
        return self.into(out, self.binary("Div", total, n))

    @numpy_function(np.var, method="var")
    def np_var(self, a: Any, axis: Any = None, *, ddof: Any = None, keepdims: Any = None) -> Any:
        a = self.settle(self.view_of(a))
        if not a.element.is_float:
            a = self.settle(self.np_astype(a, Const(np.float64)))
        axes = self.axes_of(a, axis)
        mean = self.np_mean(a, Const(tuple(range(len(a.dims))) if axes is None else axes), keepdims=Const(True))
        d = self.settle(self.binary("Sub", a, mean))
        total = self.np_sum(self.binary("Mult", d, d), axis, None, None, keepdims)
        dims = a.dims if axes is None else [a.dims[k] for k in axes]
        n: Any = Scalar(self.count_of(dims, a.element), "np")
        if ddof is not None and not (isinstance(ddof, Const) and ddof.obj == 0):
            n = Scalar(self.b.cast(scalar_of(self.binary("Sub", n, ddof)).value, a.element), "np")
        return self.binary("Div", total, n)

    @numpy_function(np.std, method="std")
    def np_std(self, a: Any, axis: Any = None, *, ddof: Any = None, keepdims: Any = None) -> Any:
        return self.apply_ufunc(np.sqrt, [self.np_var(a, axis, ddof=ddof, keepdims=keepdims)])

    @numpy_function(np.prod, method="prod")
    def np_prod(self, a: Any, axis: Any = None, *, keepdims: Any = None) -> Any:
        a = self.view_of(a)
        if a.element == BOOL:
            a = self.np_astype(a, Const(np.int64))
        return self.over(a, axis, keepdims, lambda v: self.reduce(
            v.dims, const(1, v.element), lambda i, s: self.b.mul(s, self.element(v, i)) if v.element.is_float
            else self.wrapping("mul", s, self.element(v, i)), "product"))

    @numpy_function(np.any, method="any")
    def np_any(self, a: Any, axis: Any = None, *, keepdims: Any = None) -> Any:
        return self.logical(a, axis, keepdims, "or")

    @numpy_function(np.all, method="all")
    def np_all(self, a: Any, axis: Any = None, *, keepdims: Any = None) -> Any:
        return self.logical(a, axis, keepdims, "and")

    def logical(self, a: Any, axis: Any, keepdims: Any, op: str) -> Any:
        a = self.view_of(a)

        def one(v: Any) -> Value:
            return self.reduce(v.dims, const(op == "and"), lambda i, s: self.b.scalar(
                op, s, arithmetic.truth(self.b, Scalar(self.element(v, i), "np"))), "holds")

        return self.over(a, axis, keepdims, one)

    @numpy_function(np.count_nonzero)
    def np_count_nonzero(self, a: Any, axis: Any = None) -> Any:
        a = self.view_of(a)
        if a.element != BOOL:
            a = self.compare("NotEq", a, Const(0))
        return self.np_sum(a, axis)

    @numpy_function(np.argmax, method="argmax")
    def np_argmax(self, a: Any, axis: Any = None) -> Any:
        return self.arg_extreme(a, axis, "gt")

    @numpy_function(np.argmin, method="argmin")
    def np_argmin(self, a: Any, axis: Any = None) -> Any:
        return self.arg_extreme(a, axis, "lt")

    def arg_extreme(self, a: Any, axis: Any, op: str) -> Any:
        a = self.settle(self.view_of(a))
        if a.element == BOOL:
            raise NotCompilable("argmax of booleans")

        def one(v: Any) -> Value:
            if len(v.dims) != 1:
                v = self.reshaped(v, [self.count_of(v.dims, I64)])
            n = v.dims[0]
            self.b.check(self.b.scalar("gt", n, const(0)), "argmax of nothing")
            best, where = Value(v.element, "best"), Value(I64, "where")
            i = Value(I64, "i")
            with self.b.inside(Region([i, best, where])) as region:
                x = self.b.scalar("stop", self.element(v, [i])) if v.element.is_float else self.element(v, [i])
                better = self.b.scalar(op, x, best)
                if v.element.is_float:
                    fresh = self.b.scalar("and", self.b.scalar("isnan", x), self.b.scalar("not", self.b.scalar("isnan", best)))
                    better = self.b.scalar("or", better, fresh)
                region.yields = [self.b.scalar("select", better, x, best), self.b.scalar("select", better, i, where)]
            first = self.element(v, [const(0)])
            first = self.b.scalar("stop", first) if v.element.is_float else first
            return self.b.loop(const(1), n, const(1), [first, const(0)], region)[1]

        return self.over(a, axis, None, one)

    # ---- running totals
    @numpy_function(np.cumsum, method="cumsum")
    def np_cumsum(self, a: Any, axis: Any = None) -> Any:
        return self.running(a, axis, "add")

    @numpy_function(np.cumprod, method="cumprod")
    def np_cumprod(self, a: Any, axis: Any = None) -> Any:
        return self.running(a, axis, "mul")

    def running(self, a: Any, axis: Any, op: str) -> Any:
        a = self.view_of(a)
        if a.element == BOOL:
            a = self.np_astype(a, Const(np.int64))
        axes = self.axes_of(a, axis)
        if axes is None:
            a = self.reshaped(a, [self.count_of(a.dims, I64)]) if len(a.dims) != 1 else a
            axes = (0,)
        k, = axes
        out = self.new_array(a.element, a.dims, hint="running")
        rest = [n for n in range(len(a.dims)) if n != k]

        def body(index: list[Value]) -> None:
            i, total = Value(I64, "i"), Value(a.element, "total")
            with self.b.inside(Region([i, total])) as region:
                where = index[:k] + [i] + index[k:]
                value = self.b.scalar(op, total, self.element(a, where)) if a.element.is_float else self.wrapping(
                    op, total, self.element(a, where))
                self.put(out, where, value)
                region.yields = [value]
            self.b.loop(const(0), a.dims[k], const(1), [const(0 if op == "add" else 1, a.element)], region)

        self.nest([a.dims[n] for n in rest], body)
        return out

    # ---- extremes
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

    def largest_integer(self, a: Any, op: str) -> Value:
        for d in a.dims:
            self.b.check(self.b.scalar("gt", d, const(0)), "max/min of nothing")
        limit = const(-2**62 if op == "maximum" else 2**62)

        def body(i: list[Value], m: Value) -> Value:
            x = self.element(a, i)
            self.b.check(self.b.scalar("lt", self.b.scalar("abs", x), const(2**62)), "a large integer")
            return self.b.scalar("select", self.b.scalar("gt" if op == "maximum" else "lt", x, m), x, m)

        return self.reduce(a.dims, limit, body, "top")

    @numpy_function(np.max, np.amax, method="max")
    def np_max(self, a: Any, axis: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        return self.into(out, self.extreme(a, axis, keepdims, "maximum"))

    @numpy_function(np.min, np.amin, method="min")
    def np_min(self, a: Any, axis: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        return self.into(out, self.extreme(a, axis, keepdims, "minimum"))

    @numpy_function(np.ptp)
    def np_ptp(self, a: Any, axis: Any = None) -> Any:
        a = self.settle(self.view_of(a))
        return self.binary("Sub", self.np_max(a, axis), self.np_min(a, axis))

    def extreme(self, a: Any, axis: Any, keepdims: Any, op: str) -> Any:
        a = self.view_of(a)
        if a.element == BOOL:
            raise NotCompilable("max/min of booleans")
        one = self.largest if a.element.is_float else self.largest_integer
        return self.over(a, axis, keepdims, lambda v: one(v, op), repeats=True)
