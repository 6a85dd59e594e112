"""Indexing: what is read, and what is stored, at slices, masks and arrays of integers."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Region, Value
from ..ir.types import BOOL, I64
from .merge import describe, is_number, scalar_of
from .registry import sources_of
from .state import TryAgain
from .values import Array, Axis, Const, Iterable, Lazy, Pair, Ref, Scalar, Sequence, View

__all__ = ["Indexing"]

_FEW = 8  # iterations of a loop that is rather written out than that a list is put in memory


class Indexing:
    """Lowers subscripts; expects the other mixins beside it."""

    # ---- reading
    def on_Subscript(self, node: ast.Subscript) -> Any:
        owner = self.expr(node.value)
        if isinstance(owner, Ref) and owner.cls is list:
            return self.list_item(owner, node)
        if isinstance(owner, Ref) and owner.cls is dict:
            return self.item_by_key(owner, self.expr(node.slice))
        if isinstance(owner, Sequence):
            return self.sequence_item(owner, node)
        if isinstance(owner, Ref):
            return self.object_item(owner, "__getitem__", node.slice)
        if isinstance(owner, Const) and isinstance(owner.obj, (tuple, list, dict, str)):
            return self.const_item(owner.obj, node)
        if isinstance(owner, Const) and type(owner.obj) is type(np.s_):
            return self.index_expression(owner.obj, self.index_items(node.slice))
        if isinstance(owner, Const) and owner.obj in (np.c_, np.r_):
            return self.joined_by_index(owner.obj, self.index_items(node.slice))
        if isinstance(owner, Iterable) and owner.kind == "range" and not isinstance(node.slice, ast.Slice):
            return self.range_item(owner, self.expr(node.slice))
        if not isinstance(owner, (Array, Lazy)):
            raise NotCompilable(f"indexing of {describe(owner)}")
        index = self.index_items(node.slice)
        self.at(node)
        if isinstance(owner, Lazy):
            owner = self.force(owner)
        return self.index_with(owner, index)

    def joined_by_index(self, maker: Any, items: list) -> Any:
        """``np.c_[...]`` and ``np.r_[...]``."""
        if any(isinstance(i, Const) and isinstance(i.obj, str) for i in items):
            raise NotCompilable("a directive in `np.r_`")
        parts = [self.np_arange(*(p for p in (i[1], i[2], i[3]) if not (isinstance(p, Const) and p.obj is None)))
                 if isinstance(i, tuple) else i for i in items]
        if any(isinstance(i, tuple) and isinstance(p, Const) and p.obj is None for i in items if isinstance(i, tuple)
               for p in i[1:3]):
            raise NotCompilable("an open slice in `np.r_`")
        columns = [self.settle(self.np_atleast_1d(self.plain(p))) for p in parts]
        if maker is np.r_:
            return self.joined(columns, 0)
        full = ("slice", Const(None), Const(None), Const(None))
        return self.joined([self.index_view(p, [full, Const(None)]) if len(p.dims) == 1 else p for p in columns], 1)

    @staticmethod
    def index_expression(maker: Any, items: list) -> Any:
        """``np.s_[...]`` and ``np.index_exp[...]``."""
        parts = tuple(Iterable("slice", i[1:]) if isinstance(i, tuple) else i for i in items)
        return parts[0] if len(parts) == 1 and not maker.maketuple else Sequence(parts)

    def range_item(self, owner: Iterable, index: Any) -> Any:
        """One number of a range."""
        lo, _, step, item = self.range_bounds(owner.parts)
        return item(self.b.add(lo, self.b.mul(self.inside(scalar_of(index).value, self.range_length(owner)), const(step))))

    def range_length(self, owner: Iterable) -> Value:
        lo, hi, step, _ = self.range_bounds(owner.parts)
        n = self.b.sub(hi, lo) if step > 0 else self.b.sub(lo, hi)
        if abs(step) != 1:
            n = self.b.scalar("floordiv", self.b.add(n, const(abs(step) - 1)), const(abs(step)))
        return self.b.scalar("select", self.b.scalar("lt", n, const(0)), const(0), n)

    def list_item(self, owner: Ref, node: ast.Subscript) -> Any:
        contents = self.contents(owner)
        if isinstance(contents, Sequence):
            return self.sequence_item(contents, node, owner)
        if isinstance(node.slice, ast.Slice):
            bounds = [self.expr(p) if p is not None else Const(None)
                      for p in (node.slice.lower, node.slice.upper, node.slice.step)]
            return self.grown_slice(contents, bounds)
        return self.grown_item(contents, self.expr(node.slice))

    def store_in_list(self, owner: Ref, index_node: ast.expr, value: Any) -> None:
        contents = self.contents(owner)
        index = self.expr(index_node)
        if isinstance(contents, Sequence):
            if not isinstance(index, Const) or not isinstance(index.obj, int):
                raise self.unknown_index(owner, contents)
            if not -len(contents.items) <= index.obj < len(contents.items):
                self.b.check(const(False), "index out of range")
                return
            items = list(contents.items)
            items[index.obj] = self.settle(value)
            self.set_items(owner, Sequence(tuple(items), list))
            return
        self.store_grown(owner, contents, index, value)

    def const_item(self, obj: Any, node: ast.Subscript) -> Any:
        index = self.expr(node.slice) if not isinstance(node.slice, ast.Slice) else None
        if isinstance(index, Const):
            try:
                return self.capture(obj[index.obj])
            except (KeyError, IndexError, TypeError):
                raise NotCompilable("indexing of a constant fails") from None
        return self.sequence_item(Sequence(tuple(self.capture(x) for x in obj)), node)

    def unknown_index(self, ref: Ref | None, items: Sequence) -> Exception:
        """How to start over where the number of an item is not known: a loop is written out, or the list is in memory.

        Loops of few iterations are written out.
        """
        trip = self.trips[-1] if self.trips else None
        few = trip is not None and all(isinstance(v, Constant) for v in trip[:2]) and abs(
            trip[1].value - trip[0].value) <= _FEW
        again = self.needs_unrolling("a sequence is indexed by a number that is not known")
        if (few and isinstance(again, TryAgain)) or ref is None or ref.key not in self.list_places or self.eager:
            return again
        try:
            item = functools.reduce(self.join_items, map(self.item_of, items.items))
        except (NotCompilable, TypeError):
            return again
        if item.kind not in ("number", "array"):
            return again
        return TryAgain("slot", ("grow", self.list_places[ref.key], item))

    def chosen_item(self, items: tuple, index: Scalar) -> Any:
        """One of a few numbers, by a number that is not known; None where this is not what they are."""
        if not items or len(items) > 2 * _FEW or not all(map(is_number, items)) or index.type != I64:
            return None
        numbers = [scalar_of(x) for x in items]
        if any((s.type, s.flavor) != (numbers[0].type, numbers[0].flavor) or s.tag is not None or isinstance(s.value, Pair)
               for s in numbers):
            return None
        place = self.inside(index.value, const(len(items)))
        value = numbers[-1].value
        for k in range(len(items) - 2, -1, -1):
            value = self.b.scalar("select", self.b.scalar("eq", place, const(k)), numbers[k].value, value)
        return Scalar(value, numbers[0].flavor)

    def sequence_item(self, owner: Sequence, node: ast.Subscript, ref: Ref | None = None) -> Any:
        if isinstance(node.slice, ast.Slice):
            parts = [self.expr(p) if p is not None else Const(None)
                     for p in (node.slice.lower, node.slice.upper, node.slice.step)]
            if not all(isinstance(p, Const) for p in parts):
                raise NotCompilable("a slice of a sequence with unknown bounds")
            return self.sequence(owner.items[slice(*(p.obj for p in parts))], list if owner.cls is list else tuple)
        index = self.expr(node.slice)
        if isinstance(index, Iterable) and index.kind == "slice" and all(isinstance(p, Const) for p in index.parts):
            return self.sequence(owner.items[slice(*(p.obj for p in index.parts))], list if owner.cls is list else tuple)
        if isinstance(index, Const) and isinstance(index.obj, int):
            if not -len(owner.items) <= index.obj < len(owner.items):
                self.b.check(const(False), "index out of range")
                return Const(0.0)
            return owner.items[index.obj]
        again = self.unknown_index(ref, owner)
        if not (isinstance(again, TryAgain) and again.what == "unroll") and is_number(index):
            found = self.chosen_item(owner.items, scalar_of(index))
            if found is not None:
                return found
        raise again

    def index_items(self, node: ast.expr) -> list:
        nodes = node.elts if isinstance(node, ast.Tuple) else [node]
        out: list = []
        for n in nodes:
            if isinstance(n, ast.Slice):
                out.append(("slice", *(self.expr(p) if p is not None else Const(None)
                                       for p in (n.lower, n.upper, n.step))))
            else:
                value = self.expr(n)
                if isinstance(value, Sequence) and value.cls is tuple and not isinstance(node, ast.Tuple):
                    out += [("slice", *v.parts) if isinstance(v, Iterable) and v.kind == "slice" else v
                            for v in value.items]
                elif isinstance(value, Sequence):
                    out.append(self.array_of(value))
                elif isinstance(value, Iterable) and value.kind == "slice":
                    out.append(("slice", *value.parts))
                elif isinstance(value, Ref) and value.cls is list:
                    out.append(self.array_of(value))
                else:
                    out.append(value)
        return out

    def index_with(self, a: Array, index: list) -> Any:
        """``a[index]`` as a value: a NumPy scalar, or a view, or a copy."""
        if self.is_advanced(index):
            return self.force(self.gather(a, self.settled_index(index)))
        view = self.index_view(a, index)
        if not view.dims:
            return Scalar(self.element(view, []), "np")
        return view

    # ---- arrays as indices
    @staticmethod
    def is_advanced(index: list) -> bool:
        return any(isinstance(i, (Array, Lazy)) for i in index)

    def settled_index(self, index: list) -> list:
        """Masks become arrays of positions; index expressions get memory, so that they are evaluated once."""
        out: list = []
        for i in index:
            if isinstance(i, Ref) and i.cls is list:
                i = self.array_of(i)
            if not isinstance(i, (Array, Lazy)):
                out.append(i)
            elif i.element == BOOL:
                out += self.positions(i)
            elif i.element == I64:
                out.append(self.force(i))
            else:
                raise NotCompilable("an index that is an array of floats")
        return out

    def positions(self, mask: View) -> list[Array]:
        """``np.nonzero(mask)``."""
        mask = self.force(mask)
        total = self.reduce(mask.dims, const(0), lambda i, n: self.b.add(n, self.b.cast(self.element(mask, i), I64)),
                            "count")
        out = [self.new_array(I64, [total], hint="where") for _ in mask.dims]

        def body(index: list[Value], n: Value) -> Value:
            regions = [Region(), Region()]
            with self.b.inside(regions[0]):
                for array, i in zip(out, index, strict=True):
                    self.put(array, [n], i)
                regions[0].yields = [self.b.add(n, const(1))]
            regions[1].yields = [n]
            return self.b.emit("if", [self.element(mask, index)], [I64], regions=regions)[0]

        self.reduce(mask.dims, const(0), body, "n")
        for array, d in zip(out, mask.dims, strict=True):
            self.extents[array.root] = d
        return out

    def picks(self, a: Array, index: list) -> tuple[tuple[Value, ...], Callable[[list[Value]], list[Value]]]:
        """Extents of ``a[index]``, and the place in `a` of each of its elements."""
        index = self.expand_ellipsis(a, index)
        arrays = [k for k, i in enumerate(index) if isinstance(i, Array) or is_number(i)]
        together = arrays == list(range(arrays[0], arrays[-1] + 1))
        views = [index[k] for k in arrays if isinstance(index[k], Array)]
        common = self.broadcast_dims(views) if any(v.dims for v in views) else ()
        dims: list[Value] = [] if together else list(common)
        maps: list[Callable[[list[Value]], Value]] = []
        start, axis = 0, 0
        for k, item in enumerate(index):
            if isinstance(item, Const) and item.obj is None:
                dims.append(const(1))
                continue
            n = a.dims[axis]
            if isinstance(item, tuple):
                first, length, step = self.slice_bounds(item, n)
                maps.append(lambda i, p=len(dims), first=first, step=step: self.b.add(
                    self.b.mul(i[p], const(step)), first))
                dims.append(length)
            else:
                if together and k == arrays[0]:
                    start = len(dims)
                    dims += common
                maps.append(self.pick(item, n, common, lambda: start))
            axis += 1
        return tuple(dims), lambda i: [m(i) for m in maps]

    def pick(self, item: Any, n: Value, common: tuple, start: Callable[[], int]) -> Callable[[list[Value]], Value]:
        if is_number(item):
            if scalar_of(item).type != I64:
                raise NotCompilable(f"an index that is {describe(item)}")
            fixed = self.inside(scalar_of(item).value, n)
            return lambda i: fixed
        if item.root in self.extents:  # positions in a mask
            self.b.check(self.b.scalar("eq", self.extents[item.root], n), "the mask's shape differs")
            return lambda i: self.element(item, self.broadcast_index(item, i[start():start() + len(common)]))
        return lambda i: self.inside(self.element(item, self.broadcast_index(item, i[start():start() + len(common)])), n)

    def gather(self, a: Array, index: list) -> Lazy:
        """``a[index]`` for an index with arrays of integers."""
        dims, place = self.picks(a, index)
        arrays = tuple(i for i in index if isinstance(i, Array))
        return Lazy(dims, a.element, lambda i: self.element(a, place(i)),
                    (*sources_of(a), *(s for x in arrays for s in sources_of(x))))

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
            return self.backward_bounds(lower, upper, n, step, none)
        start = const(0) if none[0] else self.slice_bound(scalar_of(lower).value, n, clip=False)
        stop = n if none[1] else self.slice_bound(scalar_of(upper).value, n, clip=True)
        length = self.b.sub(stop, start)
        if isinstance(start, Constant) and not none[1] and isinstance(scalar_of(upper).value, Constant) \
                and 0 <= scalar_of(upper).value.value <= start.value:
            length = const(0)
        elif not (none[0] and none[1]):
            if isinstance(start, Constant) and (none[1] or isinstance(scalar_of(upper).value, Constant)):
                self.b.check(self.b.scalar("ge", length, const(0)), "a slice beyond the array")
            else:
                length = self.b.scalar("select", self.b.scalar("lt", length, const(0)), const(0), length)
        if step > 1:
            length = self.b.scalar("floordiv", self.b.add(length, const(step - 1)), const(step))
        return start, length, step

    def backward_bounds(self, lower: Any, upper: Any, n: Value, step: int, none: list[bool]) -> tuple[Value, Value, int]:
        """Bounds of a slice that runs down: from a place inside to one inside or just before the first."""
        def place(v: Any) -> Value:
            i = scalar_of(v).value
            if i.type != I64:
                raise NotCompilable("a slice bound that is not an integer")
            if isinstance(i, Constant) and i.value < 0:
                i = self.b.sub(n, const(-i.value))
            self.b.check(self.b.scalar("ge", i, const(0)), "a slice beyond the array")
            self.b.check(self.b.scalar("lt", i, n), "a slice beyond the array")
            return i

        start = self.b.sub(n, const(1)) if none[0] else place(lower)
        if none[0] and none[1]:
            length = n
        else:
            length = self.b.add(start, const(1)) if none[1] else self.b.sub(start, place(upper))
            length = self.b.scalar("select", self.b.scalar("lt", length, const(0)), const(0), length)
        if step != -1:
            length = self.b.scalar("floordiv", self.b.add(length, const(-step - 1)), const(-step))
        return start, length, step

    def slice_bound(self, i: Value, n: Value, clip: bool) -> Value:
        if i.type != I64:
            raise NotCompilable("a slice bound that is not an integer")
        if isinstance(i, Constant) and i.value < 0:
            start = self.b.sub(n, const(-i.value))
            self.b.check(self.b.scalar("ge", start, const(0)), "a slice beyond the array")
            return start
        if not isinstance(i, Constant):
            self.b.check(self.b.scalar("ge", i, const(0)), "a negative slice bound")
            if clip:
                return self.minimum(n, i)
        self.b.check(self.b.scalar("le", i, n), "a slice beyond the array")
        return i

    # ---- storing
    def store_item(self, owner: Any, index_node: ast.expr, value: Any) -> None:
        if isinstance(owner, Ref) and owner.cls is list:
            self.store_in_list(owner, index_node, value)
            return
        if isinstance(owner, Ref) and owner.cls is dict:
            self.store_in_dict(owner, self.known_key(self.expr(index_node)), value)
            return
        if isinstance(owner, Ref):
            self.object_item(owner, "__setitem__", index_node, value)
            return
        if not isinstance(owner, Array):
            raise NotCompilable(f"item assignment to {describe(owner)}")
        self.store_at(owner, self.index_items(index_node), value)

    def store_at(self, owner: Array, index: list, value: Any) -> None:
        if self.is_full_mask(owner, index) and is_number(value):
            self.store_masked(owner, index[0], value)
            return
        if self.is_advanced(index):
            self.scatter(owner, index, value)
            return
        target = self.index_view(owner, index)
        if target.dims:
            self.store_array(target, value)
            return
        if isinstance(value, (Array, Lazy)) and not value.dims:
            value = Scalar(self.element(value, []), "np")
        self.store_element(owner, target, scalar_of(value).value)

    def store_element(self, owner: Array, target: Array, value: Value) -> None:
        if value.type.is_float and target.element == I64:
            raise NotCompilable("assignment of a float to an integer array")
        self.note_write(owner.root)
        self.force_readers(owner.root)
        self.put(target, [], value)

    def augment_item(self, owner: Any, index_node: ast.expr, op: str, value: Callable[[], Any]) -> None:
        if isinstance(owner, Ref):
            item = ast.Subscript(ast.Name("$owner", ast.Load()), index_node, ast.Load())
            self.state[(self.frame.key, "$owner")] = owner
            self.frame.locals.add("$owner")
            current = self.on_Subscript(ast.fix_missing_locations(ast.copy_location(item, index_node)))
            if isinstance(current, Array):
                self.store_array(current, self.binary(op, current, value()), augmented=True)
                return
            self.store_item(owner, index_node, self.augmented(op, current, value()))
            return
        if not isinstance(owner, Array):
            raise NotCompilable(f"item assignment to {describe(owner)}")
        index = self.index_items(index_node)
        if self.is_advanced(index):
            index = self.settled_index(index)
            current = self.settle(self.gather(owner, index))
            self.scatter(owner, index, self.settle(self.binary(op, current, value())))
            return
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
        self.store_element(owner, target, result.value)

    def is_full_mask(self, owner: Array, index: list) -> bool:
        return len(index) == 1 and isinstance(index[0], (Array, Lazy)) and index[0].element == BOOL and len(
            index[0].dims) == len(owner.dims)

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

    def scatter(self, owner: Array, index: list, value: Any) -> None:
        """``a[i, j] = value`` with arrays of integers or masks, one element after the other."""
        dims, place = self.picks(owner, self.settled_index(index))
        if isinstance(value, Sequence) or (isinstance(value, Ref) and value.cls is list):
            value = self.array_of(value)
        if not isinstance(value, (Array, Lazy)) and not is_number(value):
            raise NotCompilable(f"assignment of {describe(value)} to an array")
        kind = scalar_of(value).type if is_number(value) else value.element
        if kind.is_float and owner.element == I64:
            raise NotCompilable("assignment of floats to an integer array")
        self.note_write(owner.root)
        self.force_readers(owner.root)
        if is_number(value):
            scalar = scalar_of(value).value
            self.nest(dims, lambda i: self.put(owner, place(i), scalar))
            return
        value = self.drop_leading(self.settle(value) if any(
            s.root is owner.root for s in (value.sources if isinstance(value, Lazy) else (value,))) else value, len(dims))
        if isinstance(value, Array) and value.root is owner.root:
            value = self.array_of(value)
        for d, e in zip(value.dims[::-1], dims[::-1], strict=False):
            if not _is_one(d):
                self.b.check(self.b.scalar("eq", d, e), "shapes differ")
        self.nest(dims, lambda i: self.put(owner, place(i), self.element(value, self.broadcast_index(value, i))))


def _is_one(d: Value) -> bool:
    return isinstance(d, Constant) and d.value == 1
