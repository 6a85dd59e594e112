"""NumPy functions that make arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Value
from ..ir.types import BOOL, BY_DTYPE, C128, F32, F64, I64, ScalarType
from . import arithmetic
from .merge import describe, is_number, scalar_of
from .registry import method, numpy_function
from .values import Array, Const, Lazy, Scalar, Sequence

__all__ = ["Creation"]


class Creation:
    """Lowers the making of arrays; expects the other mixins beside it."""

    def shape_dims(self, shape: Any) -> list[Value]:
        items = shape.items if isinstance(shape, Sequence) else [shape]
        if isinstance(shape, Const) and isinstance(shape.obj, tuple):
            items = [Const(n) for n in shape.obj]
        dims = [scalar_of(i).value for i in items]
        for d in dims:
            if d.type != I64:
                raise NotCompilable("a shape that is not integers")
            self.b.check(self.b.scalar("ge", d, const(0)), "a negative extent")
        return dims

    def element_type(self, dtype: Any, default: ScalarType = F64) -> ScalarType:
        if dtype is None or (isinstance(dtype, Const) and dtype.obj is None):
            return default
        if dtype.__class__ is Const and dtype.obj in (complex, np.complex128, "complex", "complex128", C128.dtype):
            return C128
        try:
            return BY_DTYPE[np.dtype(dtype.obj)]
        except (KeyError, TypeError, AttributeError):
            raise NotCompilable("this dtype") from None

    @numpy_function(np.zeros)
    def np_zeros(self, shape: Any, dtype: Any = None) -> Array:
        return self.new_array(self.element_type(dtype), self.shape_dims(shape), "zeros", "zeros")

    @numpy_function(np.empty, np.ndarray)
    def np_empty(self, shape: Any, dtype: Any = None) -> Array:
        return self.new_array(self.element_type(dtype), self.shape_dims(shape), "zeros", "empty")

    @numpy_function(np.ones)
    def np_ones(self, shape: Any, dtype: Any = None) -> Array:
        return self.np_full(shape, Const(1.0), dtype)

    @numpy_function(np.full)
    def np_full(self, shape: Any, fill_value: Any, dtype: Any = None) -> Array:
        kind = fill_value.element if isinstance(fill_value, (Array, Lazy)) else scalar_of(fill_value).type
        out = self.new_array(self.element_type(dtype, kind), self.shape_dims(shape), hint="full")
        self.fill(out, fill_value)
        return out

    def like(self, a: Any, dtype: Any, fill: str) -> Array:
        if isinstance(a, Sequence):
            a = self.array_of(a)
        if is_number(a):
            raise NotCompilable("an array like a number")
        if not isinstance(a, (Array, Lazy)):
            raise NotCompilable(f"an array like {describe(a)}")
        return self.new_array(self.element_type(dtype, a.element), a.dims, fill, "like")

    @numpy_function(np.zeros_like, np.empty_like)
    def np_zeros_like(self, a: Any, dtype: Any = None) -> Any:
        return self.like(a, dtype, "zeros")

    @numpy_function(np.ones_like)
    def np_ones_like(self, a: Any, dtype: Any = None) -> Array:
        out = self.like(a, dtype, "empty")
        self.fill(out, Const(1.0))
        return out

    @numpy_function(np.full_like)
    def np_full_like(self, a: Any, fill_value: Any, dtype: Any = None) -> Array:
        out = self.like(a, dtype, "empty")
        self.store_array(out, fill_value)
        return out

    @numpy_function(np.array)
    def np_array(self, a: Any, dtype: Any = None, *, copy: Any = None) -> Array:
        if copy is not None and not (isinstance(copy, Const) and copy.obj is True):
            raise NotCompilable("`np.array` that need not copy")
        return self.array_of(a, self.element_type(dtype) if self.given(dtype) else None)

    @staticmethod
    def given(v: Any) -> bool:
        return not (v is None or (isinstance(v, Const) and v.obj is None))

    @numpy_function(np.ascontiguousarray)
    def np_ascontiguousarray(self, a: Any, dtype: Any = None) -> Any:
        if isinstance(a, Array) and not self.is_contiguous(a):
            a = Lazy(a.dims, a.element, lambda i, a=a: self.element(a, i), (a,), a.root)
        return self.np_asarray(a, dtype)

    @numpy_function(np.asarray, np.asanyarray)
    def np_asarray(self, a: Any, dtype: Any = None) -> Any:
        if isinstance(a, Array) and (not self.given(dtype) or self.element_type(dtype) == a.element):
            return a
        if isinstance(a, Lazy) and (not self.given(dtype) or self.element_type(dtype) == a.element):
            return self.force(a)
        return self.array_of(a, self.element_type(dtype) if self.given(dtype) else None)

    @numpy_function(np.copy, method="copy")
    def np_copy(self, a: Any) -> Any:
        return self.array_of(a)

    @numpy_function(np.atleast_1d)
    def np_atleast_1d(self, a: Any) -> Any:
        if isinstance(a, (Array, Lazy)) and a.dims:
            return a
        return self.array_of(Sequence((a,), list) if is_number(a) else a)

    @method("astype")
    def np_astype(self, a: Any, dtype: Any, copy: Any = None) -> Any:
        target = self.element_type(dtype)
        if copy is not None:
            raise NotCompilable("`astype` that need not copy")
        if is_number(a):
            return Scalar(self.converted(scalar_of(a).value, target), "np")
        source = self.lazy(a)
        return Lazy(source.dims, target, lambda i: self.converted(source.at(i), target), source.sources)

    def converted(self, v: Value, target: ScalarType) -> Value:
        if C128 in (v.type, target):
            return self.convert(v, target)
        if target == I64 and v.type.is_float:
            self.b.check(self.b.scalar("lt", self.b.scalar("abs", v), const(9.0e18, v.type)),
                         "a float beyond 64 bits made an integer")
        if target == BOOL:
            return arithmetic.truth(self.b, Scalar(v, "np"))
        return self.b.cast(v, target)

    @numpy_function(np.arange)
    def np_arange(self, start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
        lo, hi = (Const(0), start) if not self.given(stop) else (start, stop)
        a, b, s = (scalar_of(v) for v in (lo, hi, step if self.given(step) else Const(1)))
        if BOOL in (a.type, b.type, s.type) or F32 in (a.type, b.type, s.type):
            raise NotCompilable("`arange` of these types")
        if all(v.type == I64 for v in (a, b, s)):
            if not isinstance(s.value, Constant) or s.value.value == 0:
                raise NotCompilable("`arange` with a step that is not known")
            by = s.value.value
            span = self.b.sub(b.value, a.value) if by > 0 else self.b.sub(a.value, b.value)
            if abs(by) != 1:
                span = self.b.scalar("floordiv", self.b.add(span, const(abs(by) - 1)), const(abs(by)))
            n = self.b.scalar("select", self.b.scalar("lt", span, const(0)), const(0), span)
            out = Lazy((n,), I64, lambda i: self.b.add(a.value, self.b.mul(i[0], const(by))))
        else:
            first, last, by_ = (self.b.cast(v.value, F64) for v in (a, b, s))
            self.b.check(self.b.scalar("ne", by_, const(0.0)), "`arange` with step 0")
            length = self.b.scalar("ceil", self.b.scalar("stop", self.b.scalar("div", self.b.sub(last, first), by_)))
            self.b.check(self.b.scalar("lt", self.b.scalar("abs", length), const(2.0**40)), "a long `arange`")
            n = self.b.cast(length, I64)
            self.b.check(self.b.scalar("le", n, const(2**40)), "a long `arange`")
            self.b.check(self.b.scalar("ge", n, const(-2**40)), "a long `arange`")
            n = self.b.scalar("select", self.b.scalar("lt", n, const(0)), const(0), n)
            delta = self.b.sub(self.b.add(first, by_), first)
            out = Lazy((n,), F64, lambda i: self.b.add(first, self.b.mul(self.b.cast(i[0], F64), delta)))
        return self.np_astype(out, dtype) if self.given(dtype) else out

    @numpy_function(np.linspace)
    def np_linspace(self, start: Any, stop: Any, num: Any = None, endpoint: Any = None) -> Any:
        a, b = (self.b.cast(scalar_of(v).value, F64) for v in (start, stop))
        n = scalar_of(num if num is not None else Const(50)).value
        closed = endpoint is None or self.flag(endpoint)
        div = self.b.sub(n, const(1)) if closed else n
        self.b.check(self.b.scalar("gt", div, const(0)), "`linspace` of fewer than two points")
        step = self.b.scalar("div", self.b.sub(b, a), self.b.cast(div, F64))

        def at(i: list[Value]) -> Value:
            x = self.b.add(self.b.mul(self.b.cast(i[0], F64), step), a)
            return self.b.scalar("select", self.b.scalar("eq", i[0], div), b, x) if closed else x

        return Lazy((n,), F64, at)

    @numpy_function(np.eye)
    def np_eye(self, N: Any, M: Any = None, k: Any = None, dtype: Any = None) -> Any:
        rows = self.shape_dims(N)[0]
        columns = self.shape_dims(M)[0] if self.given(M) else rows
        shift = scalar_of(k).value if k is not None else const(0)
        element = self.element_type(dtype)
        if element == C128:
            return self.np_astype(self.np_eye(N, M, k), Const(complex))
        return Lazy((rows, columns), element, lambda i: self.b.scalar(
            "select", self.b.scalar("eq", self.b.add(i[0], shift), i[1]), const(1, element), const(0, element)))

    @numpy_function(np.identity)
    def np_identity(self, n: Any, dtype: Any = None) -> Any:
        return self.np_eye(n, dtype=dtype)

    @numpy_function(np.meshgrid)
    def np_meshgrid(self, *arrays: Any, indexing: Any = None) -> Any:
        mode = indexing.obj if isinstance(indexing, Const) else "xy"
        views = [self.settle(self.view_of(a)) for a in arrays]
        if any(len(v.dims) != 1 for v in views) or mode not in ("xy", "ij"):
            raise NotCompilable("this `meshgrid`")
        order = list(range(len(views)))
        if mode == "xy" and len(views) > 1:
            order[:2] = [1, 0]
        dims = tuple(views[k].dims[0] for k in order)
        out = []
        for n, v in enumerate(views):
            out.append(self.force(Lazy(dims, v.element, lambda i, v=v, n=n: self.element(v, [i[order.index(n)]]), (v,))))
        return Sequence(tuple(out))
