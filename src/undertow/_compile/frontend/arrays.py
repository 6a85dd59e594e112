"""Arrays: indexing, elementwise expressions, assignment.

Slicing composes index maps and makes no code. An elementwise expression stays `Lazy` until it is stored, reduced or
kept, so that one loop serves the whole expression and the destination is written in place where no hazard forbids it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence as Seq
from typing import Any

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Region, Value
from ..ir.types import BOOL, F64, I64, ArrayType, ScalarType
from . import arithmetic
from .merge import describe, is_number, scalar_of
from .values import Array, Axis, Const, Lazy, Method, Ref, Scalar, Sequence, View

__all__ = ["Arrays"]


class Arrays:
    """Lowers what touches arrays; expects the other mixins beside it."""

    # ---- memory
    def new_array(self, element: ScalarType, dims: Seq[Value], fill: str = "empty", hint: str = "") -> Array:
        root = self.b.alloc(element, dims, fill, hint)
        return self.whole(root, tuple(dims))

    def whole(self, root: Value, dims: tuple[Value, ...]) -> Array:
        self.root_dims[root] = dims
        return Array(root, tuple(Axis(const(0), k) for k in range(len(dims))), dims)

    def is_whole(self, a: Array) -> bool:
        """Whether the view is all of its memory, in the memory's own order."""
        return a == self.whole(a.root, self.root_dims[a.root])

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
        return self.b.load(v.root, self.root_index(v, index))

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
        return Lazy(cut.dims, v.element, lambda i: v.at(self.root_index(cut, i)), v.sources, v.alias)

    def put(self, a: Array, index: Seq[Value], value: Value) -> None:
        self.written.add(a.root)
        self.b.store(a.root, self.b.cast(value, a.element), self.root_index(a, index))

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
        self.fill(out, v)
        if v.alias is not None:
            self.share(out.root, v.alias)
        return out

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
            if source.root is dest.root and source != dest:
                copy = Lazy(value.dims, value.element, lambda index: self.element(value, index), (source,))
                return self.force(copy)
        return value

    def fill(self, dest: Array, value: Any) -> None:
        """``dest[...] = value`` without looking at hazards."""
        self.force_readers(dest.root)
        if is_number(value):
            scalar = self.b.cast(scalar_of(value).value, dest.element)
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
                    (value,) if isinstance(value, Array) else value.sources)

    def store_array(self, dest: Array, value: Any, augmented: bool = False) -> None:
        if isinstance(value, Sequence):
            value = self.array_of(value)
        if not isinstance(value, (Array, Lazy)) and not is_number(value):
            raise NotCompilable(f"assignment of {describe(value)} to an array")
        kind = value.element if isinstance(value, (Array, Lazy)) else scalar_of(value).type
        if augmented and kind.is_float and not dest.element.is_float:
            raise NotCompilable("in-place operation that would cast a float to an integer")
        if kind.is_float and dest.element == I64:
            raise NotCompilable("assignment of floats to an integer array")
        self.note_write(dest.root)
        if isinstance(value, (Array, Lazy)):
            value = self.check_hazard(dest, value)
        self.fill(dest, value)

    def store_item(self, owner: Any, index_node: ast.expr, value: Any) -> None:
        if isinstance(owner, Ref):
            self.object_item(owner, "__setitem__", index_node, value)
            return
        if not isinstance(owner, Array):
            raise NotCompilable(f"item assignment to {describe(owner)}")
        index = self.index_items(index_node)
        mask = self.mask_of(owner, index)
        if mask is not None:
            self.store_masked(owner, mask, value)
            return
        target = self.index_view(owner, index)
        if not target.dims:
            if isinstance(value, (Array, Lazy)) and not value.dims:
                value = Scalar(self.element(value, []), "np")
            scalar = scalar_of(value)
            if scalar.type.is_float and target.element == I64:
                raise NotCompilable("assignment of a float to an integer array")
            self.note_write(owner.root)
            self.force_readers(owner.root)
            self.put(target, [], scalar.value)
        else:
            self.store_array(target, value)

    def augment_item(self, owner: Any, index_node: ast.expr, op: str, value: Callable[[], Any]) -> None:
        if not isinstance(owner, Array):
            raise NotCompilable(f"item assignment to {describe(owner)}")
        index = self.index_items(index_node)
        if self.mask_of(owner, index) is not None:
            raise NotCompilable("an augmented assignment under a mask")
        target = self.index_view(owner, index)
        if target.dims:
            self.store_array(target, self.binary(op, target, value()), augmented=True)
            return
        current = Scalar(self.element(target, []), "np")
        right = value()
        if isinstance(right, (Array, Lazy)) and right.dims:
            raise NotCompilable("an array assigned to an element")
        result = self.binary(op, current, right)
        result = Scalar(self.element(result, []), "np") if isinstance(result, Lazy) else scalar_of(result)
        if result.type.is_float and target.element == I64:
            raise NotCompilable("assignment of a float to an integer array")
        self.note_write(owner.root)
        self.force_readers(owner.root)
        self.put(target, [], result.value)

    def mask_of(self, owner: Array, index: list) -> View | None:
        if len(index) == 1 and isinstance(index[0], (Array, Lazy)) and index[0].element == BOOL:
            if len(index[0].dims) != len(owner.dims):
                raise NotCompilable("a mask with fewer axes than the array")
            return index[0]
        return None

    def store_masked(self, owner: Array, mask: View, value: Any) -> None:
        """``a[mask] = scalar``."""
        scalar = self.b.cast(scalar_of(value).value, owner.element)
        for d, m in zip(owner.dims, mask.dims, strict=True):
            self.b.check(self.b.scalar("eq", d, m), "the mask's shape differs")
        self.note_write(owner.root)
        mask = self.check_hazard(owner, mask)
        self.force_readers(owner.root)

        def body(index: list[Value]) -> None:
            regions = [Region(), Region()]
            test = self.element(mask, index)
            with self.b.inside(regions[0]):
                self.put(owner, index, scalar)
            self.b.emit("if", [test], [], regions=regions)

        self.nest(owner.dims, body)

    # ---- indexing
    def on_Subscript(self, node: ast.Subscript) -> Any:
        owner = self.expr(node.value)
        if isinstance(owner, Sequence):
            return self.sequence_item(owner, node)
        if isinstance(owner, Ref):
            return self.object_item(owner, "__getitem__", node.slice)
        if isinstance(owner, Const) and isinstance(owner.obj, (tuple, list, dict, str)):
            return self.const_item(owner.obj, node)
        if not isinstance(owner, (Array, Lazy)):
            raise NotCompilable(f"indexing of {describe(owner)}")
        index = self.index_items(node.slice)
        self.at(node)
        if isinstance(owner, Lazy):
            owner = self.force(owner)
        return self.index_with(owner, index)

    def const_item(self, obj: Any, node: ast.Subscript) -> Any:
        index = self.expr(node.slice) if not isinstance(node.slice, ast.Slice) else None
        if isinstance(index, Const):
            try:
                return self.capture(obj[index.obj])
            except (KeyError, IndexError, TypeError):
                raise NotCompilable("indexing of a constant fails") from None
        return self.sequence_item(Sequence(tuple(self.capture(x) for x in obj)), node)

    def sequence_item(self, owner: Sequence, node: ast.Subscript) -> Any:
        if isinstance(node.slice, ast.Slice):
            parts = [self.expr(p) if p is not None else Const(None)
                     for p in (node.slice.lower, node.slice.upper, node.slice.step)]
            if not all(isinstance(p, Const) for p in parts):
                raise NotCompilable("a slice of a sequence with unknown bounds")
            return Sequence(owner.items[slice(*(p.obj for p in parts))], list if owner.cls is list else tuple)
        index = self.expr(node.slice)
        if isinstance(index, Const) and isinstance(index.obj, int):
            if not -len(owner.items) <= index.obj < len(owner.items):
                self.b.check(const(False), "index out of range")
                return Const(0.0)
            return owner.items[index.obj]
        raise self.needs_unrolling("a sequence is indexed by a number that is not known")

    def index_items(self, node: ast.expr) -> list:
        nodes = node.elts if isinstance(node, ast.Tuple) else [node]
        out: list = []
        for n in nodes:
            if isinstance(n, ast.Slice):
                out.append(("slice", *(self.expr(p) if p is not None else Const(None)
                                       for p in (n.lower, n.upper, n.step))))
            else:
                value = self.expr(n)
                if isinstance(value, Sequence) and value.cls is tuple:
                    out += value.items
                else:
                    out.append(value)
        return out

    def index_with(self, a: Array, index: list) -> Any:
        """``a[index]`` as a value: a NumPy scalar, or a view."""
        arrays = [i for i in index if isinstance(i, (Array, Lazy)) and i.dims]
        if arrays:
            return self.gather(a, index)
        view = self.index_view(a, index)
        if not view.dims:
            return Scalar(self.element(view, []), "np")
        return view

    def gather(self, a: Array, index: list) -> Lazy:
        """``a[i]`` for an array of integers `i`, alone or followed by nothing else."""
        if len(index) != 1 or index[0].element != I64:
            raise NotCompilable("indexing with a mask or with several arrays")
        picks: View = index[0]
        n = len(picks.dims)

        def at(position: list[Value]) -> Value:
            i = self.inside(self.element(picks, position[:n]), a.dims[0])
            return self.element(a, [i, *position[n:]])

        sources = picks.sources if isinstance(picks, Lazy) else (picks,)
        lazy = Lazy((*picks.dims, *a.dims[1:]), a.element, at, (a, *sources))
        return self.force(lazy)

    def index_view(self, a: Array, index: list) -> Array:
        """The view that basic indexing makes."""
        index = self.expand_ellipsis(a, index)
        maps: list[tuple[Value, int | None, int]] = []  # for each axis of a: start, new axis, step
        dims: list[Value] = []
        axis = 0
        for item in index:
            if isinstance(item, Const) and item.obj is None:
                dims.append(const(1))
                continue
            n = a.dims[axis]
            if isinstance(item, tuple):
                start, length, step = self.slice_bounds(item, n)
                maps.append((start, len(dims), step))
                dims.append(length)
            else:
                if not is_number(item) or scalar_of(item).type != I64:
                    raise NotCompilable(f"an index that is {describe(item)}")
                maps.append((self.inside(scalar_of(item).value, n), None, 1))
            axis += 1
        axes = []
        for old in a.axes:
            if old.view_axis is None:
                axes.append(old)
                continue
            start, new, step = maps[old.view_axis]
            scaled = start if abs(old.step) == 1 else self.b.mul(start, const(abs(old.step)))
            begin = self.b.add(scaled, old.start) if old.step > 0 else self.b.sub(old.start, scaled)
            axes.append(Axis(begin, new, old.step * step))
        return Array(a.root, tuple(axes), tuple(dims), a.frame)

    def expand_ellipsis(self, a: Array, index: list) -> list:
        full = ("slice", Const(None), Const(None), Const(None))
        used = sum(1 for i in index if not (isinstance(i, Const) and (i.obj is None or i.obj is Ellipsis)))
        missing = len(a.dims) - used
        if missing < 0:
            raise NotCompilable("too many indices")
        for k, i in enumerate(index):
            if isinstance(i, Const) and i.obj is Ellipsis:
                return index[:k] + [full] * missing + index[k + 1:]
        return index + [full] * missing

    def inside(self, i: Value, n: Value) -> Value:
        """Index `i` of an axis of length `n`, counted from the end if negative, and checked."""
        if isinstance(i, Constant):
            if i.value < 0:
                self.b.check(self.b.scalar("ge", n, const(-i.value)), "index out of bounds")
                return self.b.sub(n, const(-i.value))
            self.b.check(self.b.scalar("lt", i, n), "index out of bounds")
            return i
        wrapped = self.b.pure("add", [i, n], I64, {"wrap": True})  # used for negative `i` alone: cannot overflow
        i = self.b.scalar("select", self.b.scalar("lt", i, const(0)), wrapped, i)
        self.b.check(self.b.scalar("ge", i, const(0)), "index out of bounds")
        self.b.check(self.b.scalar("lt", i, n), "index out of bounds")
        return i

    def slice_bounds(self, item: tuple, n: Value) -> tuple[Value, Value, int]:
        _, lower, upper, by = item
        step = by.obj if isinstance(by, Const) else None
        if isinstance(by, Const) and by.obj is None:
            step = 1
        if not isinstance(step, int) or step == 0:
            raise NotCompilable("a slice whose step is not known")
        none = [isinstance(x, Const) and x.obj is None for x in (lower, upper)]
        if step < 0:
            if not all(none) or step != -1:
                raise NotCompilable("a slice with a negative step and bounds")
            return self.b.sub(n, const(1)), n, -1
        start = const(0) if none[0] else self.slice_bound(scalar_of(lower).value, n, clip=False)
        stop = n if none[1] else self.slice_bound(scalar_of(upper).value, n, clip=True)
        length = self.b.sub(stop, start)
        if not (none[0] and none[1]):
            if isinstance(start, Constant) and (none[1] or isinstance(scalar_of(upper).value, Constant)):
                self.b.check(self.b.scalar("ge", length, const(0)), "a slice beyond the array")
            else:
                length = self.b.scalar("select", self.b.scalar("lt", length, const(0)), const(0), length)
        if step > 1:
            length = self.b.scalar("floordiv", self.b.add(length, const(step - 1)), const(step))
        return start, length, step

    def slice_bound(self, i: Value, n: Value, clip: bool) -> Value:
        if i.type != I64:
            raise NotCompilable("a slice bound that is not an integer")
        if isinstance(i, Constant) and i.value < 0:
            return self.b.sub(n, const(-i.value))
        if not isinstance(i, Constant):
            self.b.check(self.b.scalar("ge", i, const(0)), "a negative slice bound")
            if clip:
                return self.minimum(n, i)
        self.b.check(self.b.scalar("le", i, n), "a slice beyond the array")
        return i

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
        if name in ("real",):
            return a
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

        return Lazy(dims, a.element, at, a.sources, a.alias)

    def array_of(self, v: Any, element: ScalarType | None = None) -> Array:
        """``np.array(v)``: always fresh memory."""
        if isinstance(v, (Array, Lazy)):
            out = self.new_array(element or v.element, v.dims, hint="array")
            self.fill(out, v)
            return out
        if not isinstance(v, Sequence):
            raise NotCompilable(f"an array made of {describe(v)}")
        leaves: list[tuple[tuple[int, ...], Scalar]] = []
        dims = self.collect(v, (), leaves)
        if element is None:
            kinds = {s.type for _, s in leaves}
            element = F64 if F64 in kinds or not kinds else kinds.pop() if len(kinds) == 1 else F64
        out = self.new_array(element, [const(d) for d in dims], hint="array")
        for index, s in leaves:
            self.put(out, [const(k) for k in index], s.value)
        return out

    def collect(self, v: Any, index: tuple[int, ...], leaves: list) -> tuple[int, ...]:
        if isinstance(v, Sequence):
            inner = {self.collect(x, (*index, k), leaves) for k, x in enumerate(v.items)}
            if len(inner) > 1:
                raise NotCompilable("an array of ragged sequences")
            return (len(v.items), *(inner.pop() if inner else ()))
        leaves.append((index, scalar_of(v)))
        return ()


def _is_one(d: Value) -> bool:
    return isinstance(d, Constant) and d.value == 1
