"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Value
from ..ir.types import BOOL, C128, I64
from . import complexes, linear
from .merge import is_number
from .registry import numpy_function
from .values import Array, Const, Lazy, Scalar, Sequence

__all__ = ["Products"]


class Products:
    """Lowers products; expects the other mixins beside it."""

    @numpy_function(np.dot, method="dot")
    def np_dot(self, a: Any, b: Any, out: Any = None) -> Any:
        if not is_number(a) and not is_number(b) and max(len(self.view_of(v).dims) for v in (a, b)) > 2:
            raise NotCompilable("`dot` of arrays with more than two axes")
        return self.into(out, self.matmul(a, b))

    @numpy_function(np.vdot)
    def np_vdot(self, a: Any, b: Any) -> Any:
        a = self.conjugate(self.view_of(a))
        return self.matmul(self.np_ravel(a), self.np_ravel(b))

    @numpy_function(np.inner)
    def np_inner(self, a: Any, b: Any) -> Any:
        a, b = self.view_of(a), self.view_of(b)
        return self.matmul(a, self.transpose(b, [1, 0]) if len(b.dims) == 2 else b)

    @numpy_function(np.outer)
    def np_outer(self, a: Any, b: Any) -> Any:
        a, b = (self.np_ravel(v) for v in (a, b))
        return self.binary("Mult", self.index_any(a, [*([Const(Ellipsis)]), Const(None)]), b)

    @numpy_function(np.linalg.norm)
    def np_norm(self, x: Any, ord: Any = None, axis: Any = None, keepdims: Any = None) -> Any:
        a = self.view_of(x)
        kind = ord.obj if isinstance(ord, Const) else "?"
        if ord is None:
            kind = None
        if a.element == C128:
            a = self.ufunc(np.absolute, [a], {})
        if not a.element.is_float:
            a = self.np_astype(a, Const(np.float64))
        vector = len(a.dims) == 1 or (self.given(axis) and not isinstance(axis, Sequence))
        if kind in (None, 2) and (vector or kind is None) or kind == "fro":
            square = self.binary("Mult", a, a) if isinstance(a, Array) else self.elementwise(
                "square", [a], lambda v: self.b.mul(v, v))
            return self.apply_ufunc(np.sqrt, [self.np_sum(square, axis, None, None, keepdims)])
        if vector and kind == 1:
            return self.np_sum(self.apply_ufunc(np.absolute, [a]), axis, None, None, keepdims)
        if vector and isinstance(kind, float) and kind == np.inf:
            return self.np_max(self.apply_ufunc(np.absolute, [a]), axis, None, keepdims)
        if len(a.dims) == 2 and not self.given(axis) and not self.given(keepdims):
            return self.inline(linear.matrix_norm, [self.settle(a), Const(kind)], {})
        raise NotCompilable("this norm")

    @numpy_function(np.cross)
    def np_cross(self, a: Any, b: Any) -> Any:
        a, b = (self.settle(self.view_of(v)) for v in (a, b))
        for v in (a, b):
            self.b.check(self.b.scalar("eq", v.dims[-1], const(3)), "`cross` of vectors that are not in space")
        dims = self.broadcast_dims([a, b])
        if len(dims) != max(len(a.dims), len(b.dims)) or len(a.dims) != len(b.dims):
            raise NotCompilable("`cross` of arrays with different numbers of axes")
        out = self.new_array(self.common_type([a, b]), [*dims[:-1], const(3)], hint="cross")

        def body(index: list[Value]) -> None:
            x, y = ([self.element(v, [*self.broadcast_index(v, [*index, const(0)])[:-1], const(k)]) for k in range(3)]
                    for v in (a, b))
            for k in range(3):
                p, q = (k + 1) % 3, (k + 2) % 3
                self.put(out, [*index, const(k)], self.b.sub(self.b.mul(x[p], y[q]), self.b.mul(x[q], y[p])))

        self.nest(dims[:-1], body)
        return out

    # ---- matrix products
    @numpy_function(np.matmul)
    def np_matmul(self, a: Any, b: Any, out: Any = None) -> Any:
        return self.into(out, self.matmul(a, b))

    def matmul(self, a: Any, b: Any) -> Any:
        if is_number(a) or is_number(b):
            return self.binary("Mult", a, b)
        a, b = (self.view_of(v) for v in (a, b))
        once = {len(a.dims), len(b.dims)} == {1, 2}  # each element of the matrix is read once
        a, b = (v if once and len(v.dims) == 2 else self.straight(self.settle(v)) for v in (a, b))
        element = self.common_type([a, b])
        if element == BOOL:
            raise NotCompilable("a product of booleans")
        a, b = (v if v.element == element else self.settle(self.np_astype(v, Const(element.dtype))) for v in (a, b))
        if not a.dims or not b.dims:
            raise NotCompilable("a product of a number in an array")
        inner = b.dims[0] if len(b.dims) == 1 else b.dims[-2]
        self.b.check(self.b.scalar("eq", a.dims[-1], inner), "shapes of a product differ")
        if len(a.dims) > 2 or len(b.dims) > 2:
            return self.stacked_product(a, b, inner)

        def entry(left: list[Value], right: list[Value]) -> Value:
            return self.inner_product(inner, lambda k: self.element(a, [*left, k]), lambda k: self.element(b, [k, *right]),
                                      element)

        if len(a.dims) == len(b.dims) == 1:
            return Scalar(entry([], []), "np")
        if len(b.dims) == 1:
            return self.force(Lazy(a.dims[:1], element, lambda i: entry(i, []), (a, b)))
        if len(a.dims) == 1:
            return self.row_product(a, b, inner)
        return self.matrix_product(a, b, inner)

    def inner_product(self, n: Value, left: Any, right: Any, element: Any) -> Value:
        if element == C128:
            def product(k: list[Value]) -> Value:
                return complexes.binary(self.b, "Mult", left(k[0]), right(k[0]), False)

            return self.total(Lazy((n,), C128, product))
        if element == I64:
            return self.reduce([n], const(0), lambda k, s: self.wrapping("add", s, self.wrapping(
                "mul", left(k[0]), right(k[0]))), "total")
        return self.reduce([n], const(0.0, element), lambda k, s: self.b.scalar(
            "radd", s, self.b.mul(left(k[0]), right(k[0]))), "total")

    def plus_product(self, x: Value, p: Value, q: Value) -> Value:
        if x.type == C128:
            return complexes.binary(self.b, "Add", x, complexes.binary(self.b, "Mult", p, q, False), False)
        if x.type == I64:
            return self.wrapping("add", x, self.wrapping("mul", p, q))
        return self.b.add(x, self.b.mul(p, q))

    def row_product(self, a: Array, b: Array, inner: Value) -> Array:
        """A vector times a matrix, along the rows of the matrix."""
        out = self.new_array(a.element, [b.dims[1]], "zeros", "product")

        def body(index: list[Value]) -> None:
            k, j = index
            self.put(out, [j], self.plus_product(self.element(out, [j]), self.element(a, [k]), self.element(b, [k, j])))

        self.nest([inner, b.dims[1]], body)
        return out

    def matrix_product(self, a: Array, b: Array, inner: Value) -> Array:
        """Row by row, the innermost loop along rows of the result and of `b`."""
        out = self.new_array(a.element, [a.dims[0], b.dims[1]], "zeros", "product")

        def body(index: list[Value]) -> None:
            i, k, j = index
            self.put(out, [i, j], self.plus_product(self.element(out, [i, j]), self.element(a, [i, k]),
                                                    self.element(b, [k, j])))

        self.nest([a.dims[0], inner, b.dims[1]], body)
        self.order_is_free()
        return out

    def order_is_free(self) -> None:
        """The order of the sums in the loop just made is nobody's business."""
        if self.b.region.ops and self.b.region.ops[-1].name == "for":
            self.b.region.ops[-1].attrs["product"] = True

    def stacked_product(self, a: Array, b: Array, inner: Value) -> Array:
        """`matmul` of stacks of matrices."""
        lead_a, lead_b = a.dims[:-2], b.dims[:-2] if len(b.dims) > 1 else ()
        if len(a.dims) == 1:
            raise NotCompilable("a vector times a stack of matrices")
        stack_a, stack_b = Lazy(lead_a, a.element, lambda i: i[0]), Lazy(lead_b, a.element, lambda i: i[0])
        lead = self.broadcast_dims([stack_a, stack_b]) if lead_a or lead_b else ()
        columns = b.dims[-1:] if len(b.dims) > 1 else ()
        out = self.new_array(a.element, [*lead, a.dims[-2], *columns], "zeros", "product")

        def body(index: list[Value]) -> None:
            outer, (i, k, *j) = index[:len(lead)], index[len(lead):]
            left = self.element(a, [*self.broadcast_index(stack_a, outer), i, k])
            right = self.element(b, [*self.broadcast_index(stack_b, outer), k, *j])
            where = [*outer, i, *j]
            self.put(out, where, self.plus_product(self.element(out, where), left, right))

        self.nest([*lead, a.dims[-2], inner, *columns], body)
        return out

    # ---- sums over named indices
    @numpy_function(np.einsum)
    def np_einsum(self, subscripts: Any, *operands: Any, optimize: Any = None) -> Any:
        if not (isinstance(subscripts, Const) and isinstance(subscripts.obj, str)) or "." in subscripts.obj:
            raise NotCompilable("this form of `einsum`")
        text = subscripts.obj.replace(" ", "")
        inputs, arrow, output = text.partition("->")
        terms = inputs.split(",")
        if not arrow:
            output = "".join(sorted(c for c in set(inputs) - {","} if inputs.count(c) == 1))
        views = [self.settle(self.view_of(v)) for v in operands]
        if len(terms) != len(views) or any(len(t) != len(v.dims) for t, v in zip(terms, views, strict=True)):
            raise NotCompilable("`einsum` with subscripts that do not fit")
        element = self.common_type(views)
        sizes: dict[str, Value] = {}
        for term, v in zip(terms, views, strict=True):
            for c, d in zip(term, v.dims, strict=True):
                if c in sizes:
                    self.b.check(self.b.scalar("eq", sizes[c], d), "shapes of `einsum` differ")
                sizes.setdefault(c, d)
        if not set(output) <= set(sizes) or not element.is_float:
            raise NotCompilable("this `einsum`")
        return self.contracted(terms, output, views, sizes, element)

    def contracted(self, terms: list[str], output: str, views: list, sizes: dict, element: Any) -> Any:
        summed = [c for c in sizes if c not in output]

        def product(place: dict[str, Value]) -> Value:
            parts = [self.b.cast(self.element(v, [place[c] for c in t]), element)
                     for t, v in zip(terms, views, strict=True)]
            value = parts[0]
            for p in parts[1:]:
                value = self.b.mul(value, p)
            return value

        if not summed:
            return Lazy(tuple(sizes[c] for c in output), element,
                        lambda i: product(dict(zip(output, i, strict=True))), tuple(views))
        if output and any(t.endswith(output[-1]) for t in terms) and not all(t[-1:] in summed for t in terms):
            out = self.new_array(element, [sizes[c] for c in output], "zeros", "product")
            order = [*output[:-1], *summed, output[-1]]

            def body(index: list[Value]) -> None:
                place = dict(zip(order, index, strict=True))
                where = [place[c] for c in output]
                self.put(out, where, self.b.add(self.element(out, where), product(place)))

            self.nest([sizes[c] for c in order], body)
            return out
        def entry(i: list[Value]) -> Value:
            place = dict(zip(output, i, strict=True))
            return self.reduce([sizes[c] for c in summed], const(0.0, element), lambda k, s: self.b.scalar(
                "radd", s, product({**place, **dict(zip(summed, k, strict=True))})), "total")

        if not output:
            return Scalar(entry([]), "np")
        return self.force(Lazy(tuple(sizes[c] for c in output), element, entry, tuple(views)))

    @numpy_function(np.tensordot)
    def np_tensordot(self, a: Any, b: Any, axes: Any = None) -> Any:
        a, b = self.view_of(a), self.view_of(b)
        letters = "abcdefghijklmnopqrstuvwxyz"
        left, right = list(letters[:len(a.dims)]), list(letters[len(a.dims):len(a.dims) + len(b.dims)])
        if axes is None or isinstance(axes, Const) and isinstance(axes.obj, int):
            n = 2 if axes is None else axes.obj
            pairs = [(len(left) - n + k, k) for k in range(n)]
        else:
            first, second = ([x] if is_number(x) else list(self.static_items(x) or []) for x in self.static_items(axes))
            pairs = [(self.axis(x, len(left)), self.axis(y, len(right))) for x, y in zip(first, second, strict=True)]
        for i, j in pairs:
            right[j] = left[i]
        shared = {left[i] for i, _ in pairs}
        out = [c for c in (*left, *right) if c not in shared]
        return self.np_einsum(Const(f"{''.join(left)},{''.join(right)}->{''.join(out)}"), a, b)
