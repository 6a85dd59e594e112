"""NumPy functions that rearrange arrays without computing."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const, same
from ..ir.function import Constant, Value
from ..ir.types import BOOL, I64
from . import arithmetic
from .merge import describe, is_number, scalar_of
from .registry import method, numpy_function, sources_of
from .state import Unknown
from .values import Array, Axis, Const, Frame, Lazy, Scalar, Sequence, View

__all__ = ["Shaping"]

_FULL = ("slice", Const(None), Const(None), Const(None))


class Shaping:
    """Lowers rearrangements; expects the other mixins beside it."""

    # ---- order of axes
    def constant(self, v: Any) -> int:
        if isinstance(v, Const) and isinstance(v.obj, int):
            return v.obj
        raise NotCompilable("an axis or a number that is not known")

    def axis(self, v: Any, ndim: int) -> int:
        k = self.constant(v)
        if not -ndim <= k < ndim:
            raise NotCompilable("an axis out of range")
        return k % ndim

    @numpy_function(np.transpose, np.permute_dims, method="transpose")
    def np_transpose(self, a: Any, *axes: Any) -> Any:
        a = self.view_of(a)
        if len(axes) == 1 and isinstance(axes[0], Const) and axes[0].obj is None:
            axes = ()
        items = axes[0].items if len(axes) == 1 and isinstance(axes[0], Sequence) else axes
        if len(axes) == 1 and isinstance(axes[0], Const) and isinstance(axes[0].obj, tuple):
            items = tuple(map(Const, axes[0].obj))
        order = [self.axis(x, len(a.dims)) for x in items]
        if order and sorted(order) != list(range(len(a.dims))):
            raise NotCompilable("axes of a transposition that do not fit")
        return self.transpose(a, order or list(range(len(a.dims)))[::-1])

    @numpy_function(np.swapaxes, method="swapaxes")
    def np_swapaxes(self, a: Any, axis1: Any, axis2: Any) -> Any:
        a = self.view_of(a)
        order = list(range(len(a.dims)))
        i, j = self.axis(axis1, len(order)), self.axis(axis2, len(order))
        order[i], order[j] = order[j], order[i]
        return self.transpose(a, order)

    @numpy_function(np.moveaxis)
    def np_moveaxis(self, a: Any, source: Any, destination: Any) -> Any:
        a = self.view_of(a)
        i, j = self.axis(source, len(a.dims)), self.axis(destination, len(a.dims))
        order = [k for k in range(len(a.dims)) if k != i]
        order.insert(j, i)
        return self.transpose(a, order)

    # ---- shape
    @numpy_function(np.shape)
    def np_shape(self, a: Any) -> Any:
        return self.array_attribute(self.view_of(a), "shape")

    @numpy_function(np.ndim)
    def np_ndim(self, a: Any) -> Any:
        return Const(0) if is_number(a) else Const(len(self.view_of(a).dims))

    @numpy_function(np.size)
    def np_size(self, a: Any) -> Any:
        return self.array_attribute(self.view_of(a), "size")

    @numpy_function(np.ravel, method="ravel")
    def np_ravel(self, a: Any) -> Any:
        a = self.view_of(a)
        if len(a.dims) == 1:
            return a if isinstance(a, Lazy) or self.is_contiguous(a) else self.reshaped(a, list(a.dims))
        return self.reshaped(a, [self.count_of(a.dims, I64)])

    @method("flatten")
    def np_flatten(self, a: Any) -> Any:
        return self.array_of(self.np_ravel(a))

    @numpy_function(np.reshape)
    def np_reshape(self, a: Any, shape: Any) -> Any:
        return self.reshape_method(self.view_of(a), shape)

    @method("reshape")
    def reshape_method(self, a: Any, *shape: Any) -> Any:
        items = list(shape)
        if len(items) == 1 and isinstance(items[0], Sequence):
            items = list(items[0].items)
        elif len(items) == 1 and isinstance(items[0], Const) and isinstance(items[0].obj, tuple):
            items = [Const(n) for n in items[0].obj]
        free = [k for k, x in enumerate(items) if isinstance(x, Const) and x.obj == -1]
        if len(free) > 1:
            raise NotCompilable("a shape with two unknown extents")
        dims: list = [None if k in free else self.shape_dims(x)[0] for k, x in enumerate(items)]
        total = self.count_of(a.dims, I64)
        if free:
            rest = self.count_of([d for d in dims if d is not None], I64)
            self.b.check(self.b.scalar("gt", rest, const(0)), "a shape of nothing")
            self.b.check(self.b.scalar("eq", self.b.scalar("mod", total, rest), const(0)), "a shape that does not fit")
            dims[free[0]] = self.b.scalar("floordiv", total, rest) if not self.same_extent(total, rest) else const(1)
            common = [d for d in a.dims if not any(d is e for e in dims if e is not None)]
            if len(common) == 1 and len(dims) == len(a.dims):
                dims[free[0]] = common[0]  # the one extent that is not named
        else:
            self.b.check(self.b.scalar("eq", total, self.count_of(dims, I64)), "a shape that does not fit")
        return self.reshaped(a, dims)

    @staticmethod
    def same_extent(a: Value, b: Value) -> bool:
        return same(a, b)

    def reshaped(self, a: View, dims: list[Value]) -> View:
        """`a` with other extents of the same product: a view where its memory is contiguous."""
        new = tuple(dims)
        if isinstance(a, Array) and self.is_contiguous(a):
            return Array(a.root, tuple(Axis(const(0), k) for k in range(len(new))), new, Frame(a, new))
        alias = a.root if isinstance(a, Array) else a.alias
        return Lazy(new, a.element, lambda index: self.element(a, self.unravel(index, new, a.dims)), sources_of(a), alias)

    def is_contiguous(self, a: Array) -> bool:
        """Whether a view is certainly a contiguous piece of memory."""
        if a.frame is not None:
            extents = a.frame.dims
            if not self.is_contiguous(a.frame.inner):
                return False
        else:
            extents = self.root_dims[a.root]
            if a.root in self.params_set and a.root not in self.contiguous:
                return False
        expected = iter([k for k, d in enumerate(a.dims) if not _is_one(d)])
        phase = 0
        for axis, n in zip(a.axes, extents, strict=True):
            if axis.view_axis is None:
                if phase and not _is_one(n):
                    return False
                continue
            if _is_one(a.dims[axis.view_axis]) and _is_one(n):
                continue
            if axis.step != 1 or next(expected, None) != axis.view_axis:
                return False
            full = isinstance(axis.start, Constant) and axis.start.value == 0 and self.same_extent(
                a.dims[axis.view_axis], n)
            if phase and not full:
                return False
            phase = 1
        return next(expected, None) is None

    def straight(self, a: Any) -> Any:
        """A view, or a copy of it where the place of an element takes divisions to find."""
        if not isinstance(a, Array) or a.frame is None:
            return a
        _, outer, places = self.matched(list(a.frame.dims), a.frame.dims, a.frame.inner.dims)
        return self.array_of(a) if outer and len(places) > 1 else a

    def matched(self, index: list[Value], dims: tuple, inner: tuple) -> tuple[list, list, list]:
        """Indices of axes that both shapes have in common, first and last; and the axes between."""
        outer = [(i, d) for i, d in zip(index, dims, strict=True) if not _is_one(d)]
        places = [k for k, d in enumerate(inner) if not _is_one(d)]
        out: list[Value] = [const(0)] * len(inner)
        while outer and places and self.same_extent(outer[0][1], inner[places[0]]):
            out[places.pop(0)] = outer.pop(0)[0]
        while outer and places and self.same_extent(outer[-1][1], inner[places[-1]]):
            out[places.pop()] = outer.pop()[0]
        return out, outer, places

    def unravel(self, index: list[Value], dims: tuple, inner: tuple) -> list[Value]:
        """Index into extents `inner` of what stands at `index` in extents `dims`, in row-major order."""
        out, outer, places = self.matched(index, dims, inner)
        flat: Value = const(0)
        for i, d in outer:
            flat = self.b.add(self.b.mul(flat, d), i)
        for k in reversed(places):
            if k == places[0]:
                out[k] = flat
            else:
                out[k] = self.b.scalar("mod", flat, inner[k])
                flat = self.b.scalar("floordiv", flat, inner[k])
        return out

    @numpy_function(np.squeeze, method="squeeze")
    def np_squeeze(self, a: Any, axis: Any = None) -> Any:
        a = self.view_of(a)
        axes = self.axes_of(a, axis)
        if axes is None:
            axes = tuple(k for k, d in enumerate(a.dims) if _is_one(d))
        for k in axes:
            self.b.check(self.b.scalar("eq", a.dims[k], const(1)), "squeeze of an axis that is not 1")
        return self.index_any(a, [Const(0) if k in axes else _FULL for k in range(len(a.dims))])

    @numpy_function(np.expand_dims)
    def np_expand_dims(self, a: Any, axis: Any) -> Any:
        a = self.view_of(a)
        k = self.axis(axis, len(a.dims) + 1)
        return self.index_any(a, [_FULL] * k + [Const(None)])

    @numpy_function(np.atleast_2d)
    def np_atleast_2d(self, a: Any) -> Any:
        a = self.view_of(a)
        return a if len(a.dims) > 1 else self.index_any(a, [Const(None)] * (2 - len(a.dims)))

    @numpy_function(np.broadcast_to)
    def np_broadcast_to(self, a: Any, shape: Any) -> Any:
        a = self.view_of(a)
        dims = tuple(self.shape_dims(shape))
        for d, e in zip(a.dims[::-1], dims[::-1], strict=False):
            if not _is_one(d):
                self.b.check(self.b.scalar("eq", d, e), "shapes differ")
        return Lazy(dims, a.element, lambda i: self.element(a, self.broadcast_index(a, i)), sources_of(a),
                    a.root if isinstance(a, Array) else a.alias)

    # ---- pieces
    @numpy_function(np.flip)
    def np_flip(self, a: Any, axis: Any = None) -> Any:
        a = self.view_of(a)
        axes = self.axes_of(a, axis)
        backwards = ("slice", Const(None), Const(None), Const(-1))
        return self.index_any(a, [backwards if axes is None or k in axes else _FULL for k in range(len(a.dims))])

    @numpy_function(np.flipud)
    def np_flipud(self, a: Any) -> Any:
        return self.np_flip(a, Const(0))

    @numpy_function(np.fliplr)
    def np_fliplr(self, a: Any) -> Any:
        return self.np_flip(a, Const(1))

    @numpy_function(np.roll)
    def np_roll(self, a: Any, shift: Any, axis: Any = None) -> Any:
        a = self.view_of(a)
        if not self.given(axis) and len(a.dims) > 1:
            return self.reshaped(self.np_roll(self.np_ravel(a), shift), list(a.dims))
        axes = self.axes_of(a, axis) or (0,)
        shifts = shift.items if isinstance(shift, Sequence) else [shift] * len(axes)
        if isinstance(axis, Sequence):
            axes = tuple(self.axis(x, len(a.dims)) for x in axis.items)
        if len(shifts) != len(axes):
            raise NotCompilable("`roll` with shifts that do not fit the axes")
        by = dict(zip(axes, (scalar_of(s).value for s in shifts), strict=True))
        if any(s.type != I64 for s in by.values()):
            raise NotCompilable("`roll` by something that is no integer")
        for k, s in by.items():
            if not isinstance(s, Constant):
                n = self.b.scalar("select", self.b.scalar("lt", a.dims[k], const(1)), const(1), a.dims[k])
                by[k] = self.b.scalar("mod", s, n)

        def at(index: list[Value]) -> Value:
            out = list(index)
            for k, s in by.items():
                out[k] = self.b.scalar("mod", self.b.sub(index[k], s), a.dims[k])
            if all(isinstance(s, Constant) and abs(s.value) == 1 for s in by.values()):
                out = self.rolled_once(index, by, a.dims)
            return self.element(a, out)

        return Lazy(a.dims, a.element, at, sources_of(a))

    def rolled_once(self, index: list[Value], by: dict, dims: tuple) -> list[Value]:
        """Neighbours on a ring, without a division."""
        out = list(index)
        for k, s in by.items():
            i, last = index[k], self.b.sub(dims[k], const(1))
            if s.value == 1:
                out[k] = self.b.scalar("select", self.b.scalar("eq", i, const(0)), last, self.b.sub(i, const(1)))
            else:
                out[k] = self.b.scalar("select", self.b.scalar("eq", i, last), const(0), self.b.add(i, const(1)))
        return out

    @numpy_function(np.diff)
    def np_diff(self, a: Any, n: Any = None, axis: Any = None, prepend: Any = None, append: Any = None) -> Any:
        a = self.settle(self.view_of(a))
        k = self.axis(axis if self.given(axis) else Const(-1), len(a.dims))
        if prepend is not None or append is not None:
            ends = [self.edge(v, a, k) if v is not None else None for v in (prepend, append)]
            a = self.joined([v for v in (ends[0], a, ends[1]) if v is not None], k)
        for _ in range(1 if n is None else self.constant(n)):
            a = self.settle(a)
            later = [("slice", Const(1), Const(None), Const(None)) if j == k else _FULL for j in range(len(a.dims))]
            sooner = [("slice", Const(None), Const(-1), Const(None)) if j == k else _FULL for j in range(len(a.dims))]
            a = self.binary("Sub", self.index_view(a, later), self.index_view(a, sooner))
        return a

    def edge(self, v: Any, a: Array, k: int) -> Array:
        """What is joined to `a` along an axis: a number stands for a slice full of it."""
        if not is_number(v):
            return self.settle(self.view_of(v))
        out = self.new_array(scalar_of(v).type, [const(1) if j == k else d for j, d in enumerate(a.dims)])
        self.fill(out, v)
        return out

    @numpy_function(np.ix_)
    def np_ix_(self, *args: Any) -> Sequence:
        parts = []
        for k, v in enumerate(args):
            a = self.settle(self.view_of(v))
            if len(a.dims) != 1 or a.element != I64:
                raise NotCompilable("`ix_` of anything but vectors of integers")
            parts.append(self.index_view(a, [_FULL if j == k else Const(None) for j in range(len(args))]))
        return Sequence(tuple(parts))

    @numpy_function(np.diag_indices)
    def np_diag_indices(self, n: Any, ndim: Any = None) -> Sequence:
        each = self.force(self.np_arange(n))
        return Sequence((each,) * (2 if ndim is None else self.constant(ndim)))

    @numpy_function(np.triu)
    def np_triu(self, m: Any, k: Any = None) -> Any:
        return self.triangle(m, k, "ge")

    @numpy_function(np.tril)
    def np_tril(self, m: Any, k: Any = None) -> Any:
        return self.triangle(m, k, "le")

    def triangle(self, m: Any, k: Any, op: str) -> Any:
        m = self.view_of(m)
        shift = scalar_of(k).value if k is not None else const(0)
        return Lazy(m.dims, m.element, lambda i: self.b.scalar(
            "select", self.b.scalar(op, i[-1], self.b.add(i[-2], shift)), self.element(m, i), const(0, m.element)),
            sources_of(m))

    @numpy_function(np.diag)
    def np_diag(self, v: Any, k: Any = None) -> Any:
        v = self.view_of(v)
        shift = 0 if k is None else self.constant(k)
        if len(v.dims) == 2:
            return self.np_diagonal(v, k)
        n = self.b.add(v.dims[0], const(abs(shift)))
        down, right = max(-shift, 0), max(shift, 0)
        out = self.new_array(v.element, [n, n], "zeros", "diagonal")
        self.nest(v.dims, lambda i: self.put(out, [self.b.add(i[0], const(down)), self.b.add(i[0], const(right))],
                                             self.element(v, i)))
        return out

    @numpy_function(np.diagonal, method="diagonal")
    def np_diagonal(self, a: Any, offset: Any = None) -> Any:
        a = self.view_of(a)
        if len(a.dims) != 2:
            raise NotCompilable("the diagonal of an array that is not a matrix")
        shift = 0 if offset is None else self.constant(offset)
        down, right = max(-shift, 0), max(shift, 0)
        n = self.minimum(self.b.sub(a.dims[0], const(down)), self.b.sub(a.dims[1], const(right)))
        n = self.b.scalar("select", self.b.scalar("lt", n, const(0)), const(0), n)
        return Lazy((n,), a.element, lambda i: self.element(
            a, [self.b.add(i[0], const(down)), self.b.add(i[0], const(right))]), sources_of(a),
            a.root if isinstance(a, Array) else a.alias)

    @numpy_function(np.trace, method="trace")
    def np_trace(self, a: Any) -> Any:
        return self.np_sum(self.np_diagonal(a))

    # ---- joining
    def parts_of(self, arrays: Any) -> list[View]:
        items = self.static_items(arrays)
        if items is None:
            raise Unknown("joining of a sequence of unknown length")
        return [self.settle(self.view_of(x)) for x in items]

    def rows_joined(self, rows: Any, axis: int | None, stack: bool) -> Array | None:
        """What joining the rows of an array gives; None for a sequence of arrays."""
        if not isinstance(rows, (Array, Lazy)) or axis is None:
            return None
        ndim = len(rows.dims) + (0 if stack else -1)
        if len(rows.dims) < (1 if stack else 2) or not -ndim <= axis < ndim:
            raise NotCompilable("joining of the rows of such an array")
        axis %= ndim
        self.b.check(self.b.scalar("gt", rows.dims[0], const(0)), "nothing to join")
        moved = self.np_moveaxis(rows, Const(0), Const(axis))
        if not stack:
            dims = moved.dims
            merged = self.b.mul(dims[axis], dims[axis + 1])
            moved = self.reshaped(self.force(moved), [*dims[:axis], merged, *dims[axis + 2:]])
        return self.array_of(moved)

    def common_type(self, parts: list[View]) -> Any:
        kinds = {p.element for p in parts}
        return kinds.pop() if len(kinds) == 1 else arithmetic.elementwise_type(*((k, False) for k in kinds))

    @numpy_function(np.concatenate)
    def np_concatenate(self, arrays: Any, axis: Any = None) -> Any:
        found = self.rows_joined(arrays, 0 if axis is None else axis.obj if isinstance(axis, Const) else None, False)
        if found is not None:
            return found
        parts = self.parts_of(arrays)
        if isinstance(axis, Const) and axis.obj is None:
            parts = [self.settle(self.np_ravel(p)) for p in parts]
            axis = Const(0)
        return self.joined(parts, 0 if axis is None else self.axis(axis, len(parts[0].dims)))

    def joined(self, parts: list[View], axis: int) -> Array:
        first = parts[0]
        if any(len(p.dims) != len(first.dims) for p in parts) or not first.dims:
            raise NotCompilable("joining of arrays with different numbers of axes")
        total: Value = const(0)
        starts = []
        for p in parts:
            starts.append(total)
            total = self.b.add(total, p.dims[axis])
            for k, (d, e) in enumerate(zip(first.dims, p.dims, strict=True)):
                if k != axis:
                    self.b.check(self.b.scalar("eq", d, e), "shapes differ")
        out = self.new_array(self.common_type(parts), [total if k == axis else d for k, d in enumerate(first.dims)],
                             hint="joined")
        for p, start in zip(parts, starts, strict=True):
            self.note_order(out, p)
            axes = tuple(Axis(start if k == axis else const(0), k) for k in range(len(p.dims)))
            self.fill(Array(out.root, axes, p.dims), p)
        return out

    @numpy_function(np.stack)
    def np_stack(self, arrays: Any, axis: Any = None) -> Any:
        found = self.rows_joined(arrays, 0 if axis is None else axis.obj if isinstance(axis, Const) else None, True)
        if found is not None:
            return found
        parts = self.parts_of(arrays)
        k = 0 if axis is None else self.axis(axis, len(parts[0].dims) + 1)
        return self.joined([self.index_view(p, [_FULL] * k + [Const(None)]) for p in parts], k)

    @numpy_function(np.hstack)
    def np_hstack(self, tup: Any) -> Any:
        if isinstance(tup, (Array, Lazy)) and len(tup.dims) > 1:
            return self.rows_joined(tup, 1 if len(tup.dims) > 2 else 0, False)
        loose = tup.items if isinstance(tup, Sequence) else self.parts_of(tup)
        parts = [self.settle(self.np_atleast_1d(self.plain(p))) for p in loose]
        return self.joined(parts, 0 if len(parts[0].dims) == 1 else 1)

    @numpy_function(np.vstack)
    def np_vstack(self, tup: Any) -> Any:
        if isinstance(tup, (Array, Lazy)) and len(tup.dims) > 1:
            return self.rows_joined(tup, 0, len(tup.dims) == 2)
        return self.joined([self.settle(self.np_atleast_2d(p)) for p in self.parts_of(tup)], 0)

    @numpy_function(np.column_stack)
    def np_column_stack(self, tup: Any) -> Any:
        if isinstance(tup, (Array, Lazy)) and len(tup.dims) > 1:
            return self.rows_joined(tup, 1, len(tup.dims) == 2)
        parts = [self.index_view(p, [_FULL, Const(None)]) if len(p.dims) == 1 else p for p in self.parts_of(tup)]
        return self.joined(parts, 1)

    @numpy_function(np.append)
    def np_append(self, arr: Any, values: Any) -> Any:
        return self.joined([self.settle(self.np_ravel(self.np_atleast_1d(v))) for v in (arr, values)], 0)

    @numpy_function(np.tile)
    def np_tile(self, A: Any, reps: Any) -> Any:
        a = self.settle(self.view_of(A))
        counts = self.shape_dims(reps)
        while len(counts) < len(a.dims):
            counts.insert(0, const(1))
        while len(a.dims) < len(counts):
            a = self.index_view(a, [Const(None)])
        dims = tuple(self.b.mul(d, n) for d, n in zip(a.dims, counts, strict=True))
        return Lazy(dims, a.element, lambda i: self.element(
            a, [const(0) if _is_one(d) else self.b.scalar("mod", x, d) for x, d in zip(i, a.dims, strict=True)]), sources_of(a))

    @numpy_function(np.repeat, method="repeat")
    def np_repeat(self, a: Any, repeats: Any, axis: Any = None) -> Any:
        a = self.settle(self.view_of(a))
        if not self.given(axis):
            a, k = self.settle(self.np_ravel(a)), 0
        else:
            k = self.axis(axis, len(a.dims))
        n, = self.shape_dims(repeats)
        dims = tuple(self.b.mul(d, n) if j == k else d for j, d in enumerate(a.dims))
        return Lazy(dims, a.element, lambda i: self.element(
            a, [self.b.scalar("floordiv", x, n) if j == k else x for j, x in enumerate(i)]), sources_of(a))

    @numpy_function(np.pad)
    def np_pad(self, array: Any, pad_width: Any, mode: Any = None, *, constant_values: Any = None) -> Any:
        kind = mode.obj if isinstance(mode, Const) and self.given(mode) else "constant"
        a = self.settle(self.view_of(array))
        widths = self.pad_widths(pad_width, len(a.dims))
        if self.given(mode) and kind != "constant":
            return self.padded(a, widths, kind)
        dims = [self.b.add(self.b.add(d, lo), hi) for d, (lo, hi) in zip(a.dims, widths, strict=True)]
        out = self.new_array(a.element, dims, "zeros", "padded")
        if constant_values is not None:
            self.fill(out, constant_values)
        self.fill(Array(out.root, tuple(Axis(lo, k) for k, (lo, _) in enumerate(widths)), a.dims), a)
        return out

    def padded(self, a: Array, widths: list, kind: str) -> Lazy:
        """``np.pad`` with elements of the array itself."""
        if kind not in ("edge", "wrap", "reflect", "symmetric"):
            raise NotCompilable(f"padding of mode {kind}")
        for d, pair in zip(a.dims, widths, strict=True):
            for w in pair:
                self.b.check(self.b.scalar("ge", w, const(0)), "a negative width of padding")
                least = self.b.add(w, const(kind == "reflect")) if kind != "edge" else const(1)
                self.b.check(self.b.scalar("le", least, d), "padding wider than the array")

        def place(i: Value, n: Value, before: Value) -> Value:
            k = self.b.sub(i, before)
            low, high = self.b.scalar("lt", k, const(0)), self.b.scalar("ge", k, n)
            last = self.b.sub(n, const(1))
            if kind == "edge":
                left, right = const(0), last
            elif kind == "wrap":
                left, right = self.b.add(k, n), self.b.sub(k, n)
            else:
                shift = const(1 if kind == "symmetric" else 0)
                left = self.b.sub(self.b.sub(const(0), k), shift)
                right = self.b.sub(self.b.add(last, last), self.b.sub(k, shift))
            return self.b.scalar("select", low, left, self.b.scalar("select", high, right, k))

        dims = tuple(self.b.add(self.b.add(d, lo), hi) for d, (lo, hi) in zip(a.dims, widths, strict=True))
        return Lazy(dims, a.element, lambda index: self.element(
            a, [place(i, n, lo) for i, n, (lo, _) in zip(index, a.dims, widths, strict=True)]), sources_of(a))

    def pad_widths(self, v: Any, ndim: int) -> list[tuple[Value, Value]]:
        if is_number(v):
            return [(scalar_of(v).value,) * 2] * ndim
        items = self.static_items(v) or []
        if items and all(is_number(x) for x in items):
            pair = tuple(scalar_of(x).value for x in items)
            return [(pair[0], pair[-1])] * ndim
        rows = [self.static_items(x) for x in items]
        rows = rows * ndim if len(rows) == 1 else rows
        if len(rows) != ndim or any(r is None or len(r) != 2 for r in rows):
            raise NotCompilable("these widths of padding")
        return [tuple(scalar_of(x).value for x in r) for r in rows]  # type: ignore

    # ---- by position
    @numpy_function(np.nonzero, method="nonzero")
    def np_nonzero(self, a: Any) -> Any:
        return Sequence(tuple(self.positions(self.as_mask(a))))

    @numpy_function(np.flatnonzero)
    def np_flatnonzero(self, a: Any) -> Any:
        return self.positions(self.as_mask(self.np_ravel(a)))[0]

    def as_mask(self, a: Any) -> View:
        a = self.view_of(a)
        return a if a.element == BOOL else self.np_astype(a, Const(np.bool_))

    @numpy_function(np.take, method="take")
    def np_take(self, a: Any, indices: Any, axis: Any = None) -> Any:
        a = self.settle(self.view_of(a))
        if not self.given(axis):
            a, k = self.settle(self.np_ravel(a)), 0
        else:
            k = self.axis(axis, len(a.dims))
        picks = indices if is_number(indices) else self.settle(self.view_of(indices))
        return self.index_with(a, [_FULL] * k + [picks])

    @method("fill")
    def fill_method(self, a: Any, value: Any) -> Any:
        self.store_array(a, value)
        return Const(None)

    @numpy_function(np.copyto)
    def np_copyto(self, dst: Any, src: Any) -> Any:
        if not isinstance(dst, Array):
            raise NotCompilable(f"`copyto` {describe(dst)}")
        self.store_array(dst, src)
        return Const(None)

    @numpy_function(np.fill_diagonal)
    def np_fill_diagonal(self, a: Any, val: Any) -> Any:
        if not isinstance(a, Array) or len(a.dims) != 2 or not is_number(val):
            raise NotCompilable("`fill_diagonal` of these arguments")
        if a.element == I64 and scalar_of(val).type.is_float:
            raise NotCompilable("assignment of a float to an integer array")
        self.b.check(self.b.scalar("ge", a.dims[1], a.dims[0]), "`fill_diagonal` of a tall matrix")
        self.note_write(a.root)
        self.force_readers(a.root)
        value = scalar_of(val).value
        self.nest(a.dims[:1], lambda i: self.put(a, [i[0], i[0]], value))
        return Const(None)

    @method("item")
    def item_method(self, a: Any, *index: Any) -> Any:
        a = self.settle(a)
        if index:
            found = self.index_with(a, list(index))
            return Scalar(found.value, "py")
        for d in a.dims:
            self.b.check(self.b.scalar("eq", d, const(1)), "`item` of more than one element")
        return Scalar(self.element(a, [const(0)] * len(a.dims)), "py")

    @method("tolist")
    def tolist_method(self, a: Any) -> Any:
        a = self.settle(a)
        if len(a.dims) != 1 or not isinstance(a.dims[0], Constant):
            raise NotCompilable("`tolist` of an array of unknown length")
        return Sequence(tuple(Scalar(self.element(a, [const(k)]), "py") for k in range(a.dims[0].value)), list)


def _is_one(d: Value) -> bool:
    return isinstance(d, Constant) and d.value == 1

