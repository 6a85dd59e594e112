"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Value
from .merge import is_number
from .registry import numpy_function, sources_of
from .values import Array, Lazy, Scalar

__all__ = ["Products"]


class Products:
    """Lowers products; expects the other mixins beside it."""

    @numpy_function(np.dot, np.matmul, method="dot")
    def np_dot(self, a: Any, b: Any) -> Any:
        return self.matmul(a, b)

    @numpy_function(np.outer)
    def np_outer(self, a: Any, b: Any) -> Any:
        left = Lazy((a.dims[0], const(1)), a.element, lambda i: self.element(a, i[:1]), sources_of(a))
        return self.binary("Mult", left, b)

    @numpy_function(np.linalg.norm)
    def np_norm(self, a: Any) -> Any:
        a = self.view_of(a)
        if not a.element.is_float:
            raise NotCompilable("the norm of integers")
        return Scalar(self.b.scalar("sqrt", self.total(self.binary("Mult", a, a))), "np")

    def matmul(self, a: Any, b: Any) -> Any:
        if is_number(a) or is_number(b):
            return self.binary("Mult", a, b)
        a, b = (self.settle(self.view_of(v)) for v in (a, b))
        if not (a.element == b.element and a.element.is_float) or len(a.dims) > 2 or len(b.dims) > 2:
            raise NotCompilable("a product of these arrays")
        inner = b.dims[0]
        self.b.check(self.b.scalar("eq", a.dims[-1], inner), "shapes of a product differ")

        def entry(left: list[Value], right: list[Value]) -> Value:
            return self.reduce([inner], const(0.0, a.element), lambda k, s: self.b.scalar("radd", s, self.b.mul(
                self.element(a, [*left, *k]), self.element(b, [*k, *right]))), "total")

        if len(a.dims) == len(b.dims) == 1:
            return Scalar(entry([], []), "np")
        if len(b.dims) == 1:
            return self.force(Lazy(a.dims[:1], a.element, lambda i: entry(i, []), (a, b)))
        if len(a.dims) == 1:
            return self.force(Lazy(b.dims[1:], a.element, lambda j: entry([], j), (a, b)))
        return self.matrix_product(a, b, inner)

    def matrix_product(self, a: Array, b: Array, inner: Value) -> Array:
        """Row by row, the innermost loop along rows of the result and of `b`."""
        out = self.new_array(a.element, [a.dims[0], b.dims[1]], "zeros", "product")

        def body(index: list[Value]) -> None:
            i, k, j = index
            value = self.b.mul(self.element(a, [i, k]), self.element(b, [k, j]))
            self.put(out, [i, j], self.b.add(self.element(out, [i, j]), value))

        self.nest([a.dims[0], inner, b.dims[1]], body)
        return out
