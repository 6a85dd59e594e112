"""NumPy functions that make arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Value
from ..ir.types import BY_DTYPE, F64, I64, ScalarType
from .merge import is_number, scalar_of
from .registry import numpy_function
from .values import Array, Const, Lazy, Sequence

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
        try:
            return BY_DTYPE[np.dtype(dtype.obj)]
        except (KeyError, TypeError, AttributeError):
            raise NotCompilable("this dtype") from None

    @numpy_function(np.zeros)
    def np_zeros(self, shape: Any, dtype: Any = None) -> Array:
        return self.new_array(self.element_type(dtype), self.shape_dims(shape), "zeros", "zeros")

    @numpy_function(np.empty)
    def np_empty(self, shape: Any, dtype: Any = None) -> Array:
        return self.new_array(self.element_type(dtype), self.shape_dims(shape), "zeros", "empty")

    @numpy_function(np.ones)
    def np_ones(self, shape: Any, dtype: Any = None) -> Array:
        return self.np_full(shape, Const(1.0), dtype)

    @numpy_function(np.full)
    def np_full(self, shape: Any, fill_value: Any, dtype: Any = None) -> Array:
        out = self.new_array(self.element_type(dtype, scalar_of(fill_value).type), self.shape_dims(shape), hint="full")
        self.fill(out, fill_value)
        return out

    @numpy_function(np.zeros_like, np.empty_like)
    def np_zeros_like(self, a: Any, dtype: Any = None) -> Any:
        if is_number(a):
            raise NotCompilable("zeros_like of a number")
        return self.new_array(self.element_type(dtype, a.element), a.dims, "zeros", "zeros")

    @numpy_function(np.ones_like)
    def np_ones_like(self, a: Any, dtype: Any = None) -> Array:
        out = self.np_zeros_like(a, dtype)
        self.fill(out, Const(1.0))
        return out

    @numpy_function(np.full_like)
    def np_full_like(self, a: Any, fill_value: Any, dtype: Any = None) -> Array:
        out = self.np_zeros_like(a, dtype)
        self.fill(out, fill_value)
        return out

    @numpy_function(np.array)
    def np_array(self, a: Any, dtype: Any = None) -> Array:
        return self.array_of(a, self.element_type(dtype) if dtype is not None else None)

    @numpy_function(np.asarray, np.ascontiguousarray)
    def np_asarray(self, a: Any, dtype: Any = None) -> Array:
        if isinstance(a, Array) and (dtype is None or self.element_type(dtype) == a.element) and self.is_whole(a):
            return a
        if isinstance(a, Array):
            raise NotCompilable("`asarray` of a view or with another dtype")
        return self.array_of(a, self.element_type(dtype) if dtype is not None else None)

    @numpy_function(np.copy, method="copy")
    def np_copy(self, a: Any) -> Any:
        return self.array_of(a)

    @numpy_function(np.arange)
    def np_arange(self, start: Any, stop: Any = None, step: Any = None) -> Any:
        if step is not None and not (isinstance(step, Const) and step.obj == 1):
            raise NotCompilable("`arange` with a step")
        lo, hi = (Const(0), start) if stop is None else (start, stop)
        a, b = scalar_of(lo), scalar_of(hi)
        if a.type != I64 or b.type != I64:
            raise NotCompilable("`arange` of floats")
        n = self.b.sub(b.value, a.value)
        n = self.b.scalar("select", self.b.scalar("lt", n, const(0)), const(0), n)
        return Lazy((n,), I64, lambda i: self.b.add(i[0], a.value))
