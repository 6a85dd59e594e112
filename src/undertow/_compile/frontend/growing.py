"""Lists whose length depends on the run.

Such a list keeps its items in buffers, one for each number or array that an item consists of. What an item is, and how
much room the list needs, shows only further on in the program: lowering then starts over with that knowledge. Both are
therefore noted in a form that outlives an attempt: expressions of the arguments' extents and integers.

Arrays are copied into the buffer. So that nobody can tell, neither the array nor what is read from the list may be
written from then on; the same holds for lists and objects that are kept in a list.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Value
from ..ir.types import F64, I64, ScalarType
from .merge import is_number, scalar_of, tag_of
from .state import TryAgain, Unknown
from .values import Array, Const, Growing, Lazy, Ref, Scalar, Sequence

__all__ = ["Lists"]

_CAPACITY = 1 << 14  # items, where the program does not show how many there may be


class Item(NamedTuple):
    """What the items of a list are.

    `kind`: number (type, flavor, tagged, whether some are integers and others not), array (element, extents), const (object), sequence (class), object
    (class, names).
    """

    kind: str
    info: Any
    parts: tuple = ()


class Lists:
    """Lowers lists of unknown length; expects the other mixins beside it."""

    # ---- what outlives an attempt
    def portable(self, v: Value) -> Any:
        """An integer as an expression of the arguments, None where it is not one."""
        if isinstance(v, Constant):
            return ("const", v.value)
        if v in self.own_params:
            return ("param", self.own_params[v])
        found = self.b.definitions.get(v)
        if found is None:
            return None
        name, operands, type, attrs = found
        parts = tuple(self.portable(x) for x in operands)
        return None if None in parts else (name, parts, type.name, tuple(sorted(attrs.items())))

    def materialised(self, expression: Any) -> Value:
        """The value of a portable expression, computed here."""
        if expression[0] == "const":
            return const(expression[1])
        if expression[0] == "param":
            return self.params[expression[1]]
        name, parts, type, attrs = expression
        operands = [self.materialised(p) for p in parts]
        if name == "dim":
            return self.root_dims[operands[0]][dict(attrs)["axis"]]
        return self.b.pure(name, operands, ScalarType(type), dict(attrs)) if attrs else self.b.scalar(
            name, *operands, type=ScalarType(type))

    def note_room(self, ref: Ref) -> None:
        """An item is added here: the list needs room for as many as the loops around, since it was made, can add."""
        place, depth = self.list_places[ref.key], self.list_depths[ref.key]
        trips = []
        for bounds in self.trips[depth:]:
            trip = None if bounds is None else (self.portable(bounds[0]), self.portable(bounds[1]), bounds[2])
            trips.append(None if trip is None or None in trip else trip)
        self.room[place] = (*self.room.get(place, ()), None if None in trips else tuple(trips))

    def unmet_needs(self) -> tuple | None:
        """A list that was given too little room in this attempt, and what it needs."""
        for place, needs in self.room.items():
            if ("room", place, needs) not in self.carry_out:
                return ("room", place, needs)
        return None

    def capacity(self, place: Any, items: int, size: Value) -> Value:
        """Room for a list made at a place: what the last attempt asked for."""
        known = [k[2] for k in self.carry_out if k[:2] == ("room", place)]
        if not known:
            return const(items + 1)
        needs = max(known, key=len)
        if None in needs:
            return self.b.add(self.b.scalar("floordiv", const(4 * _CAPACITY), self.b.add(size, const(3))), const(256))
        total: Value = const(items)
        for trips in needs:
            product: Value = const(1)
            for lo, hi, step in trips:
                lo, hi = self.materialised(lo), self.materialised(hi)
                n = self.b.sub(hi, lo) if step > 0 else self.b.sub(lo, hi)
                if abs(step) != 1:
                    n = self.b.scalar("floordiv", self.b.add(n, const(abs(step) - 1)), const(abs(step)))
                product = self.b.mul(product, self.b.scalar("select", self.b.scalar("lt", n, const(0)), const(0), n))
            total = self.b.add(total, product)
        return total

    # ---- items
    def item_of(self, v: Any) -> Item:
        """What a value is as an item."""
        v = self.plain_number(v)
        if is_number(v):
            s = scalar_of(v)
            return Item("number", (s.type.name, s.flavor, s.tag is not None, False))
        if isinstance(v, Const):
            return Item("const", v)
        if isinstance(v, (Array, Lazy)):
            return Item("array", (v.element.name, tuple(map(self.portable, v.dims))))
        known = self.known(v)
        if isinstance(known, Sequence):
            return Item("sequence", known.cls, tuple(map(self.item_of, known.items)))
        if isinstance(v, Ref) and v.cls not in (list, dict):
            names = self.attributes_of(v)
            return Item("object", (v.cls, names), tuple(self.item_of(self.state[(v.key, n)]) for n in names))
        raise Unknown("a list of unknown length of such items")

    def item_in(self, state: dict, v: Any) -> Item:
        """What a value of another state is as an item."""
        now, self.state = self.state, state
        try:
            return self.item_of(v)
        finally:
            self.state = now

    def plain_number(self, v: Any) -> Any:
        return Scalar(self.element(v, []), "np") if isinstance(v, (Array, Lazy)) and not v.dims else v

    def attributes_of(self, ref: Ref) -> tuple:
        return tuple(sorted((k[1] for k in self.state if isinstance(k, tuple) and k[0] == ref.key), key=str))

    def join_items(self, a: Item, b: Item) -> Item:
        """What holds both."""
        if a == b:
            return a
        if a.kind == b.kind == "number":
            (s, f, t, m), (u, g, w, n) = a.info, b.info
            if s != u and {s, u} != {"i64", "f64"}:
                raise Unknown("a list of unknown length of numbers of different types")
            same = (s, f) == (u, g)
            return Item("number", (s if s == u else F64.name, f if f == g else "mixed", not same or t or w, m or n or s != u))
        if a.kind == b.kind == "array" and a.info[0] == b.info[0] and len(a.info[1]) == len(b.info[1]):
            dims = []
            for x, y in zip(a.info[1], b.info[1], strict=True):
                if x is not None and y is not None and x[0] == y[0] == "const" and x != y:
                    raise Unknown("a list of unknown length of arrays of different shapes")
                dims.append(y if x is None else x)
            return Item("array", (a.info[0], tuple(dims)))
        if a.kind == b.kind and a.kind in ("sequence", "object") and a.info == b.info and len(a.parts) == len(b.parts):
            return Item(a.kind, a.info, tuple(map(self.join_items, a.parts, b.parts)))
        raise Unknown("a list of unknown length of items of different kinds")

    def wanted(self, place: Any, items: tuple) -> Item | None:
        """What the items of the list made at a place are, if it is one of unknown length."""
        found = sorted((k[2] for k in self.carry_out if k[:2] == ("grow", place)), key=repr)
        item = None
        for x in (*found, *(map(self.item_of, items) if found else ())):
            item = x if item is None else self.join_items(item, x)
        return item

    # ---- the list
    def growing(self, ref: Ref, place: Any, items: tuple, item: Item) -> Growing:
        """Buffers that hold these items and have room for more."""
        self.list_depths[ref.key] = len(self.trips)
        buffers = tuple(self.buffer(element, dims, place, len(items)) for element, dims in self.columns(item, items))
        out = Growing(buffers, Scalar(const(len(items)), "py"), item)
        for k, v in enumerate(items):
            self.put_item(out, const(k), v)
        return out

    def buffer(self, element: ScalarType, dims: tuple, place: Any, items: int) -> Array:
        size: Value = const(1)
        for d in dims:
            size = self.b.mul(size, d)
        made = self.new_array(element, [self.capacity(place, items, size), *dims], hint="list")
        self.kept_roots.add(made.root)
        return made

    def columns(self, item: Item, items: tuple) -> list[tuple[ScalarType, tuple]]:
        """Element type and extents of each buffer."""
        if item.kind == "number":
            return [(ScalarType(item.info[0]), ()), *([(I64, ())] if item.info[2] else [])]
        if item.kind == "array":
            known = next((v.dims for v in items if isinstance(v, (Array, Lazy))), None)
            if known is None:
                if None in item.info[1]:
                    raise Unknown("a list of arrays whose shape is not known where the list is made")
                known = tuple(map(self.materialised, item.info[1]))
            return [(ScalarType(item.info[0]), known)]
        rows = [self.parts_of_item(v, item) for v in items]
        return [c for k, part in enumerate(item.parts) for c in self.columns(part, tuple(r[k] for r in rows))]

    def parts_of_item(self, v: Any, item: Item) -> list:
        if item.kind == "object":
            return [self.state[(v.key, name)] for name in item.info[1]]
        return list(self.known(v).items) if item.kind == "sequence" else []

    def leaves_of_item(self, v: Any, item: Item) -> list:
        if item.kind == "number":
            s = scalar_of(self.plain_number(v))
            return [self.b.cast(s.value, ScalarType(item.info[0])), *([tag_of(s)] if item.info[2] else [])]
        if item.kind == "array":
            return [v]
        return [x for part, w in zip(item.parts, self.parts_of_item(v, item), strict=True)
                for x in self.leaves_of_item(w, part)]

    def keep(self, v: Any) -> None:
        """What is put in the list is not to be written any more."""
        if isinstance(v, Array):
            if v.root in self.writes and self.made_in.get(v.root, ()) != tuple(self.loop_marks):
                raise Unknown("an array is written that is kept in a list of unknown length")
            self.kept_roots.add(v.root)
        elif isinstance(v, Sequence):
            for x in v.items:
                self.keep(x)
        elif isinstance(v, Ref):
            changed = any(k[0] == v.key for k in self.written_attributes)
            if v.key in self.argument_objects or (changed and self.made_in.get(v.key, ()) != tuple(self.loop_marks)):
                raise Unknown("an object is changed that is kept in a list of unknown length")
            self.frozen_objects.add(v.key)
            for k, x in list(self.state.items()):
                if isinstance(k, tuple) and k[0] == v.key:
                    self.keep(x)

    def put_item(self, items: Growing, n: Value, v: Any) -> None:
        v = self.settle(v)
        self.keep(v)
        for buffer, x in zip(items.buffers, self.leaves_of_item(v, items.item), strict=True):
            if isinstance(x, Value):
                self.force_readers(buffer.root)
                self.put(buffer, [n], x)
                continue
            for d, e in zip(buffer.dims[1:], x.dims, strict=True):
                self.b.check(self.b.scalar("eq", d, e), "arrays of different shapes in a list")
            self.fill(self.row(buffer, n), x)

    def row(self, buffer: Array, n: Value) -> Array:
        """Item `n`, which is inside, of a buffer of arrays."""
        first, *rest = buffer.axes
        axes = (type(first)(n, None), *(type(x)(x.start, x.view_axis - 1, x.step) for x in rest))
        return Array(buffer.root, axes, buffer.dims[1:])

    def item_at(self, items: Growing, n: Value) -> Any:
        """The item with a number that is inside."""
        columns = iter(items.buffers)

        def build(item: Item) -> Any:
            if item.kind == "number":
                _, flavor, tagged, _ = item.info
                value = self.element(next(columns), [n])
                return Scalar(value, flavor, self.element(next(columns), [n]) if tagged else None)
            if item.kind == "array":
                return self.row(next(columns), n)
            if item.kind == "const":
                return item.info
            parts = tuple(map(build, item.parts))
            if item.kind == "sequence" and item.info is not list:
                return Sequence(parts, item.info)
            if item.kind == "sequence":
                ref = self.new_list(parts)
            else:
                ref = Ref(next(self.keys), item.info[0])
                for name, part in zip(item.info[1], parts, strict=True):
                    self.state[(ref.key, name)] = part
            self.frozen_objects.add(ref.key)
            return ref

        return build(items.item)

    def grown_item(self, items: Growing, index: Any) -> Any:
        """``list[index]``."""
        if not is_number(index) or scalar_of(index).type != I64:
            raise NotCompilable("a list is indexed by something that is no integer")
        return self.item_at(items, self.inside(scalar_of(index).value, items.count.value))

    def grown_slice(self, items: Growing, bounds: list) -> Ref:
        """A new list of some of the items."""
        length = self.slice_bounds(("slice", *bounds), items.count.value)[1]
        ref = self.new_list(())
        buffers = tuple(self.new_array(b.element, [length, *b.dims[1:]], hint="list") for b in items.buffers)
        for new, old in zip(buffers, items.buffers, strict=True):
            self.kept_roots.add(new.root)
            held = Array(old.root, old.axes, (items.count.value, *old.dims[1:]))
            view = self.index_view(held, [("slice", *bounds)])
            self.fill(new, Array(view.root, view.axes, new.dims))
        self.state[(ref.key, "items")] = Growing(buffers, Scalar(length, "py"), items.item)
        return ref

    def store_grown(self, ref: Ref, items: Growing, index: Any, value: Any) -> None:
        """``list[index] = value``."""
        self.fit_item(ref, items, value)
        elsewhere = {k: v for k, v in self.state.items() if k != (ref.key, "items")}
        if items.item.kind not in ("number", "array") or (items.item.kind == "array" and any(
                self.is_shared(b.root, elsewhere, set()) for b in items.buffers)):
            raise Unknown("an item of a list of unknown length is replaced")
        self.put_item(items, self.inside(scalar_of(index).value, items.count.value), value)

    def growing_method(self, ref: Ref, items: Growing, name: str, args: list) -> Any:
        n = items.count.value
        if name in ("append", "extend") and ref.key not in self.list_places:
            raise Unknown("a list of unknown length that is made by a slice is changed")
        if name == "append" and len(args) == 1:
            value = self.settle(args[0])
            self.fit_item(ref, items, value)
            self.note_room(ref)
            for buffer in items.buffers:
                self.b.check(self.b.scalar("lt", n, buffer.dims[0]), "a long list")
            self.put_item(items, n, value)
            self.set_items(ref, Growing(items.buffers, Scalar(self.b.add(n, const(1)), "py"), items.item))
            return Const(None)
        if name == "extend" and len(args) == 1:
            more = self.static_items(args[0])
            if more is None:
                raise Unknown("`extend` by something of unknown length")
            for v in more:
                self.growing_method(ref, self.contents(ref), "append", [v])
            return Const(None)
        if name == "pop" and not args and items.item.kind == "number":
            n = self.b.sub(n, const(1))
            self.b.check(self.b.scalar("ge", n, const(0)), "pop from an empty list")
            for buffer in items.buffers:
                self.b.check(self.b.scalar("lt", n, buffer.dims[0]), "a long list")
            value = self.item_at(items, n)
            self.set_items(ref, Growing(items.buffers, Scalar(n, "py"), items.item))
            return value
        raise Unknown(f"`{name}` of a list of unknown length")

    def fit_item(self, ref: Ref, items: Growing, value: Any) -> None:
        """Start over where the list was not made for such an item."""
        item = self.item_of(value)
        if self.join_items(items.item, item) == items.item:
            return
        if ref.key not in self.list_places:
            raise Unknown("a list of unknown length of items of different kinds")
        raise TryAgain("slot", ("grow", self.list_places[ref.key], item))

    # ---- as an array
    def array_of_items(self, items: Growing) -> Any:
        """What NumPy makes of the list: an expression that copies it."""
        if items.item.kind == "array" or (items.item.kind == "number" and not items.item.info[3]):
            view = self.filled(items)
            return Lazy(view.dims, view.element, lambda index: self.element(view, index), (view,))
        parts = items.item.parts
        if items.item.kind == "sequence" and parts and all(p.kind == "number" and not p.info[2] for p in parts):
            kinds = {p.info[0] for p in parts}
            element = ScalarType(kinds.pop()) if len(kinds) == 1 else F64
            out = self.new_array(element, [items.count.value, const(len(parts))], hint="array")
            for k, buffer in enumerate(items.buffers):
                self.nest(out.dims[:1], lambda i, k=k, buffer=buffer: self.put(
                    out, [*i, const(k)], self.element(buffer, i)))
            return out
        raise Unknown("an array of a list of unknown length of such items")

    @staticmethod
    def filled(items: Growing) -> Array:
        """The part of the buffer that holds the items of a list of numbers or arrays."""
        buffer = items.buffers[0]
        return Array(buffer.root, buffer.axes, (items.count.value, *buffer.dims[1:]))
