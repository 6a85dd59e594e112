"""Arrays: indexing, elementwise expressions, assignment.

Slicing composes index maps and makes no code. An elementwise expression stays `Lazy` until it is stored, reduced or
kept, so that one loop serves the whole expression and the destination is written in place where no hazard forbids it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence as Seq
from typing import Any

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Region, Value
from ..ir.types import BOOL, C128, F64, I64, ArrayType, ScalarType
from . import arithmetic
from .merge import describe, is_number, scalar_of
from .registry import sources_of
from .values import Array, Axis, Const, Iterable, Lazy, Method, Pair, Paired, Scalar, Sequence, View, same_view

__all__ = ["Arrays"]


class Arrays:
    """Lowers what touches arrays; expects the other mixins beside it."""

    # ---- memory
    def new_array(self, element: ScalarType, dims: Seq[Value], fill: str = "empty", hint: str = "") -> Array:
        if element == C128:
            root: Value = Paired(self.b.alloc(F64, [*dims, const(2)], fill, hint))
            self.paired[root] = root.memory  # type: ignore[attr-defined]
        else:
            root = self.b.alloc(element, dims, fill, hint)
        self.made_in[root] = tuple(self.loop_marks)
        return self.whole(root, tuple(dims))

    def whole(self, root: Value, dims: tuple[Value, ...]) -> Array:
        self.root_dims[root] = dims
        return Array(root, tuple(Axis(const(0), k) for k in range(len(dims))), dims)

    def is_whole(self, a: Array) -> bool:
        """Whether the view is all of its memory, in the memory's own order."""
        return same_view(a, self.whole(a.root, self.root_dims[a.root]))

    def root_index(self, a: Array, index: Seq[Value]) -> list[Value]:
        out = []
        for axis in a.axes:
            i = axis.start
            if axis.view_axis is not None:
                k = index[axis.view_axis]
                k = k if axis.step == 1 else self.b.mul(k, const(axis.step)) if axis.step != -1 else k
                i = self.b.sub(i, k) if axis.step == -1 else self.b.add(k, i)
            out.append(i)
        if a.frame is not None:
            return self.root_index(a.frame.inner, self.unravel(out, a.frame.dims, a.frame.inner.dims))
        return out

    def element(self, v: View, index: Seq[Value]) -> Value:
        """The element at an index that is known to be inside."""
        if isinstance(v, Lazy):
            return v.at(list(index))
        where = self.root_index(v, index)
        if isinstance(v.root, Paired):
            return Pair(*(self.b.load(v.root.memory, [*where, const(k)]) for k in range(2)))
        return self.b.load(v.root, where)

    def lazy(self, v: View) -> Lazy:
        """A view as an expression."""
        return v if isinstance(v, Lazy) else Lazy(v.dims, v.element, lambda index: self.element(v, index), (v,))

    def index_any(self, v: View, index: list) -> View:
        """Basic indexing of a view or of an expression."""
        if isinstance(v, Array):
            return self.index_view(v, index)
        frame = Array(Value(ArrayType(v.element, len(v.dims))), tuple(Axis(const(0), k) for k in range(len(v.dims))),
                      v.dims)
        cut = self.index_view(frame, index)
        return Lazy(cut.dims, v.element, lambda i: v.at(self.root_index(cut, i)), sources_of(v), v.alias)

    def put(self, a: Array, index: Seq[Value], value: Value) -> None:
        self.written.add(a.root)
        value = self.convert(value, a.element)
        if isinstance(a.root, Paired):
            where = self.root_index(a, index)
            for k, part in enumerate((value.re, value.im)):
                self.b.store(a.root.memory, part, [*where, const(k)])
            return
        self.b.store(a.root, value, self.root_index(a, index))

    def nest(self, dims: Seq[Value], body: Callable[[list[Value]], None]) -> None:
        """Loops over an index space."""
        def level(index: list[Value]) -> None:
            k = len(index)
            if k == len(dims):
                body(index)
                return
            if isinstance(dims[k], Constant) and dims[k].value == 1:
                level([*index, const(0)])
                return
            i = Value(I64, "ijklmn"[k] if k < 6 else "i")
            with self.b.inside(Region([i])) as region:
                level([*index, i])
            self.b.loop(const(0), dims[k], const(1), [], region)

        level([])

    def reduce(self, dims: Seq[Value], init: Value, body: Callable[[list[Value], Value], Value], hint: str) -> Value:
        """Loops over an index space that carry one value."""
        if isinstance(init, Pair):
            raise NotCompilable("this reduction of complex numbers")
        def level(index: list[Value], total: Value) -> Value:
            k = len(index)
            if k == len(dims):
                return body(index, total)
            i, carried = Value(I64, "ijklmn"[k] if k < 6 else "i"), Value(init.type, hint)
            with self.b.inside(Region([i, carried])) as region:
                region.yields = [level([*index, i], carried)]
            return self.b.loop(const(0), dims[k], const(1), [total], region)[0]

        return level([], init)

    # ---- lazy expressions
    def force(self, v: View) -> Array:
        """Give an expression memory of its own."""
        if isinstance(v, Array):
            return v
        out = self.new_array(v.element, v.dims, hint="buffer")
        self.note_order(out, v)
        self.fill(out, v)
        if v.alias is not None:
            self.share(out.root, v.alias)
        return out

    def note_order(self, made: Array, value: View) -> None:
        """NumPy lays a result out like its operands: here it is in the order of C, which a caller could see."""
        for s in value.sources if isinstance(value, Lazy) else (value,):
            kept = [x.view_axis for x in getattr(s, "axes", ()) if x.view_axis is not None]
            if kept != sorted(kept):
                self.odd_order.add(made.root)

    def force_all(self) -> None:
        for key, value in list(self.state.items()):
            if isinstance(value, Lazy):
                self.state[key] = self.force(value)

    def force_readers(self, root: Value) -> None:
        """Before memory changes, evaluate the pending expressions that read it."""
        for key, value in list(self.state.items()):
            if isinstance(value, Lazy) and any(s.root is root for s in value.sources):
                self.state[key] = self.force(value)

    def settle(self, v: Any) -> Any:
        """A value that may be kept: no pending expression."""
        return self.force(v) if isinstance(v, Lazy) else v

    def bind(self, v: Any, name: str, frame: Any) -> Any:
        """A value for a variable. An expression read once may wait for its reader."""
        if isinstance(v, Iterable) and v.kind not in ("range", "slice") and frame.loads(name) > 1:
            raise NotCompilable("an iterator that may be used twice")
        if isinstance(v, Lazy) and frame.loads(name) != 1:
            v = self.force(v)
            self.home[v.root] = (frame.key, name)
        return v

    def broadcast_dims(self, views: Seq[View]) -> tuple[Value, ...]:
        ndim = max(len(v.dims) for v in views)
        out: list[Value] = []
        for k in range(ndim):
            dim: Value = const(1)
            for v in views:
                j = k - (ndim - len(v.dims))
                if j >= 0 and not _is_one(v.dims[j]):
                    if _is_one(dim):
                        dim = v.dims[j]
                    else:
                        self.b.check(self.b.scalar("eq", dim, v.dims[j]), "shapes differ, or broadcast at run time")
            out.append(dim)
        return tuple(out)

    @staticmethod
    def broadcast_index(v: View, index: Seq[Value]) -> list[Value]:
        tail = index[len(index) - len(v.dims):]
        return [const(0) if _is_one(d) else i for d, i in zip(v.dims, tail, strict=True)]

    def elementwise(self, name: str, operands: Seq[Any], body: Callable[..., Value],
                    element: ScalarType | None = None) -> Any:
        """A pending elementwise expression; `body` maps element values to the result's."""
        views = [v for v in operands if isinstance(v, (Array, Lazy))]
        for v in operands:
            if not isinstance(v, (Array, Lazy)) and not is_number(v):
                raise NotCompilable(f"{name} of {describe(v)}")
        if not views:
            return Scalar(body(*(scalar_of(v).value for v in operands)), "np")
        dims = self.broadcast_dims(views)
        scalars = {k: scalar_of(v).value for k, v in enumerate(operands) if is_number(v)}

        def at(index: list[Value]) -> Value:
            values = [scalars[k] if k in scalars else self.element(v, self.broadcast_index(v, index))
                      for k, v in enumerate(operands)]
            return body(*values)

        if not dims:  # NumPy makes a number of it
            return Scalar(at([]), "np")
        if element is None:
            element = self.probe(at, dims)
        sources = tuple(s for v in views for s in (v.sources if isinstance(v, Lazy) else (v,)))
        return Lazy(dims, element, at, sources)

    def probe(self, at: Callable[[list[Value]], Value], dims: tuple[Value, ...]) -> ScalarType:
        """Result type of an element, found by lowering it into a region that is thrown away."""
        with self.b.inside(Region()):
            return at([Value(I64, "i") for _ in dims]).type  # type: ignore[return-value]

    def array_binary(self, op: str, left: Any, right: Any) -> Any:
        weak = [is_number(v) and scalar_of(v).flavor == "py" for v in (left, right)]

        def body(x: Value, y: Value) -> Value:
            a, b = (Scalar(v, "py" if w else "np") for v, w in zip((x, y), weak, strict=True))
            return arithmetic.binary(self.b, op, a, b).value

        return self.elementwise(op, [left, right], body)

    def array_compare(self, op: str, left: Any, right: Any) -> Any:
        def body(x: Value, y: Value) -> Value:
            return arithmetic.compare(self.b, op, Scalar(x, "np"), Scalar(y, "np")).value

        return self.elementwise(op, [left, right], body, BOOL)

    # ---- assignment
    def check_hazard(self, dest: Array, value: View) -> View:
        """Read everything before writing, unless each element depends on its own old value alone."""
        for source in ((value,) if isinstance(value, Array) else value.sources):
            if source.root is dest.root and not same_view(source, dest):
                copy = Lazy(value.dims, value.element, lambda index: self.element(value, index), (source,))
                return self.force(copy)
        return value

    def fill(self, dest: Array, value: Any) -> None:
        """``dest[...] = value`` without looking at hazards."""
        self.force_readers(dest.root)
        if is_number(value):
            scalar = self.convert(scalar_of(value).value, dest.element)
            self.nest(dest.dims, lambda index: self.put(dest, index, scalar))
            return
        value = self.drop_leading(value, len(dest.dims))
        for k, d in enumerate(value.dims):
            other = dest.dims[k + len(dest.dims) - len(value.dims)]
            if not _is_one(d):
                self.b.check(self.b.scalar("eq", d, other), "shapes differ")
        self.nest(dest.dims, lambda index: self.put(dest, index, self.element(value, self.broadcast_index(value, index))))

    def drop_leading(self, value: View, ndim: int) -> View:
        extra = len(value.dims) - ndim
        if extra <= 0:
            return value
        if not all(_is_one(d) for d in value.dims[:extra]):
            raise NotCompilable("assignment of an array with more axes")
        return Lazy(value.dims[extra:], value.element, lambda index: self.element(value, [const(0)] * extra + index),
                    sources_of(value))

    def store_array(self, dest: Array, value: Any, augmented: bool = False) -> None:
        if isinstance(value, Sequence):
            value = self.array_of(value)
        if not isinstance(value, (Array, Lazy)) and not is_number(value):
            raise NotCompilable(f"assignment of {describe(value)} to an array")
        kind = value.element if isinstance(value, (Array, Lazy)) else scalar_of(value).type
        if kind == C128 and dest.element != C128:
            raise NotCompilable("complex numbers assigned to real ones")
        if augmented and kind.is_float and dest.element in (I64, BOOL):
            raise NotCompilable("in-place operation that would cast a float to an integer")
        if kind.is_float and dest.element == I64:
            raise NotCompilable("assignment of floats to an integer array")
        self.note_write(dest.root)
        if isinstance(value, (Array, Lazy)):
            value = self.check_hazard(dest, value)
        self.fill(dest, value)

    # ---- attributes
    def array_attribute(self, a: View, name: str) -> Any:
        if name == "shape":
            return Sequence(tuple(self.extent(d) for d in a.dims))
        if name == "ndim":
            return Const(len(a.dims))
        if name == "dtype":
            return Const(a.element.dtype)
        if name == "size":
            total: Value = const(1)
            for d in a.dims:
                total = self.b.mul(total, d)
            return self.extent(total)
        if name == "T":
            return self.transpose(a, list(range(len(a.dims)))[::-1])
        if name in ("real", "imag"):
            return self.part(a, name)
        return Method(a, Const(("array", name)))

    @staticmethod
    def extent(d: Value) -> Any:
        return Const(d.value) if isinstance(d, Constant) else Scalar(d, "py")

    def transpose(self, a: View, order: list[int]) -> View:
        dims = tuple(a.dims[k] for k in order)
        if isinstance(a, Array):
            place = {old: new for new, old in enumerate(order)}
            axes = tuple(Axis(x.start, None if x.view_axis is None else place[x.view_axis], x.step) for x in a.axes)
            return Array(a.root, axes, dims, a.frame)

        def at(index: list[Value]) -> Value:
            old: list = [None] * len(order)
            for new, k in enumerate(order):
                old[k] = index[new]
            return a.at(old)

        return Lazy(dims, a.element, at, sources_of(a), a.alias)

    def array_of(self, v: Any, element: ScalarType | None = None) -> Array:
        """``np.array(v)``: always fresh memory."""
        v = self.plain(v)
        if isinstance(v, (Array, Lazy)):
            out = self.new_array(element or v.element, v.dims, hint="array")
            self.note_order(out, v)
            self.fill(out, v)
            return out
        if not isinstance(v, Sequence):
            raise NotCompilable(f"an array made of {describe(v)}")
        leaves: list[tuple[tuple[int, ...], Scalar]] = []
        dims = self.collect(v, (), leaves)
        if dims is None:
            return self.stacked(v, element)
        if element is None:
            kinds = {s.type for _, s in leaves}
            element = C128 if C128 in kinds else F64 if F64 in kinds or not kinds else kinds.pop() if len(kinds) == 1 else \
                I64 if kinds == {BOOL, I64} else F64
        elif element == I64 and any(s.type.is_float for _, s in leaves):
            raise NotCompilable("an integer array made of floats")
        out = self.new_array(element, [const(d) for d in dims], hint="array")
        for index, s in leaves:
            self.put(out, [const(k) for k in index], s.value)
        return out

    def stacked(self, v: Sequence, element: ScalarType | None) -> Array:
        """``np.array`` of a sequence that holds arrays."""
        parts = [self.plain(x) for x in v.items]
        if any(is_number(x) for x in parts):
            raise NotCompilable("an array made of arrays and numbers")
        parts = [x if isinstance(x, (Array, Lazy)) else self.array_of(x) for x in parts]
        out = self.np_stack(Sequence(tuple(parts)))
        return out if element in (None, out.element) else self.force(self.np_astype(out, Const(element.dtype)))

    def collect(self, v: Any, index: tuple[int, ...], leaves: list) -> tuple[int, ...] | None:
        """Extents of nested sequences of numbers, or None where there are arrays among them."""
        v = self.plain(v)
        if isinstance(v, (Array, Lazy)):
            if v.dims:
                return None
            v = Scalar(self.element(v, []), "np")
        if isinstance(v, Sequence):
            inner = {self.collect(x, (*index, k), leaves) for k, x in enumerate(v.items)}
            if None in inner:
                return None
            if len(inner) > 1:
                raise NotCompilable("an array of ragged sequences")
            return (len(v.items), *(inner.pop() if inner else ()))
        leaves.append((index, scalar_of(v)))
        return ()


def _is_one(d: Value) -> bool:
    return isinstance(d, Constant) and d.value == 1
