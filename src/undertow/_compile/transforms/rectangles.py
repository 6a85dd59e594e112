"""Strips of iterations as rectangles: memory with an axis for the strip, and the products in it.

Made by `strips` for each loop that it takes apart. A loop whose bounds move with the outer one is taken over all that it
reaches in the strip, from the least of its bounds to the greatest: bounds are linear, so those of the first or of the last
iteration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analyses.affine import affine
from ..analyses.contractions import Inner, Nest, NotAProduct, Product
from ..ir.builder import const
from ..ir.function import Constant, Op, Region, Value
from ..ir.ops import SCALAR
from ..ir.types import I64
from .simplify import again

if TYPE_CHECKING:
    from .strips import Split

__all__ = ["Rectangles"]

Matrix = tuple[Value, list[Value], tuple[int, int]]  # memory, where it begins, axes of rows and columns


class Rectangles:
    """One strip: iterations `start` to below ``start + size`` of the loop."""

    def __init__(self, split: Split, start: Value, size: Value) -> None:
        self.split, self.b, self.facts = split, split.b, split.facts
        self.i, self.loop = split.i, split.loop
        self.start, self.size = start, size
        self.last = self.b.sub(self.b.add(start, size), const(1))
        self.memory: dict[Value, Value] = {}
        self.kept: dict[Value, Value] = {}
        self.padded: set[Value] = set()

    # ---- memory of the strip
    def expand(self, roots: list[Value]) -> None:
        """Memory of an iteration that several groups of statements share."""
        over = set()
        for nest in self.split.nests.values():
            for product in nest.products:
                c = product.effect.operands[0]
                if self.masked(nest, product):
                    over.add(c)
                for leaves, pair in self.sides(product):
                    load = self.plain(nest, leaves, pair)
                    if load is not None and load.operands[0] in roots and self.is_padded(nest, pair):
                        self.padded.add(load.operands[0])
        self.padded -= over
        for root in roots:
            allocation = self.facts.definition[root]
            dims = [self.widest(v, self.split.skew.get(root, 0) if n == 0 else 0)
                    for n, v in enumerate(allocation.operands)]
            fill = "zeros" if root in self.padded else allocation.attrs["fill"]
            self.memory[root] = self.b.alloc(root.type.element, [self.size, *dims], fill, root.name)  # type: ignore

    def widest(self, extent: Value, skew: int) -> Value:
        """The greatest extent of a row, moved by the iterations of the strip."""
        b = self.b
        x = affine(self.facts, extent, [self.i], self.loop)
        if x is None:
            raise NotAProduct
        first, last = (x.at(b, {self.i: i}) for i in (self.start, self.last))
        more = b.sub(self.size, const(1))
        if skew > 0:
            last = b.add(last, more)
        elif skew < 0:
            first = b.add(first, more)
        return first if first is last else self.greater(first, last)

    def greater(self, x: Value, y: Value) -> Value:
        return self.b.scalar("select", self.b.scalar("lt", x, y), y, x)

    def keep(self, values: list[Value]) -> None:
        """Numbers of an iteration that several groups of statements share."""
        for v in values:
            self.kept[v] = self.b.alloc(v.type, [self.size], "empty", v.name)  # type: ignore[arg-type]

    # ---- copies of statements
    def get(self, v: Value, mapping: dict[Value, Value], k: Value) -> Value:
        """A value in iteration `k` of the strip."""
        if isinstance(v, Constant):
            return v
        if v not in mapping:
            if v in self.kept:
                mapping[v] = self.b.load(self.kept[v], [k], v.name)
            elif v in self.split.pure:
                op = self.split.pure[v]
                if op.name == "dim" and op.operands[0] in self.split.private:
                    mapping[v] = self.get(self.facts.definition[op.operands[0]].operands[op.attrs["axis"]], mapping, k)
                elif op.name == "dim":
                    mapping[v] = self.b.pure("dim", op.operands, I64, op.attrs, v.name)
                else:
                    mapping[v] = again(self.b, op, [self.get(x, mapping, k) for x in op.operands])
            else:
                return v
        return mapping[v]

    def element(self, op: Op, mapping: dict[Value, Value], k: Value) -> tuple[Value, list[Value]]:
        """The memory and the place that an access names."""
        root = op.operands[0]
        index = [self.get(v, mapping, k) for v in op.operands[1 if op.name == "load" else 2:]]
        if root not in self.memory:
            return mapping.get(root, root), index
        skew = self.split.skew.get(root, 0)
        if skew:
            moved = k if skew > 0 else self.b.sub(self.b.sub(self.size, const(1)), k)
            index[0] = self.b.add(index[0], moved)
        return self.memory[root], [k, *index]

    def copy(self, op: Op, mapping: dict[Value, Value], k: Value) -> None:
        """Append a statement of iteration `k`."""
        b = self.b
        if op.name == "load":
            mapping[op.result] = b.load(*self.element(op, mapping, k), op.result.name)
        elif op.name in ("store", "accum"):
            value = self.get(op.operands[1], mapping, k)
            root, index = self.element(op, mapping, k)
            b.emit(op.name, [root, value, *index], [], op.attrs)
        elif op.name in SCALAR:
            mapping[op.result] = again(b, op, [self.get(v, mapping, k) for v in op.operands])
        else:
            operands = [self.get(v, mapping, k) for v in op.operands]
            regions = [self.copied(inner, dict(mapping), k) for inner in op.regions]
            results = b.emit(op.name, operands, [r.type for r in op.results], op.attrs, regions,
                             [r.name for r in op.results])
            mapping.update(zip(op.results, results, strict=True))
        for r in op.results:
            if r in self.kept:
                b.store(self.kept[r], mapping[r], [k])

    def copied(self, region: Region, mapping: dict[Value, Value], k: Value) -> Region:
        params = [Value(p.type, p.name) for p in region.params]
        mapping.update(zip(region.params, params, strict=True))
        with self.b.inside(Region(params)) as new:
            for op in region.ops:
                self.copy(op, mapping, k)
            new.yields = [self.get(y, mapping, k) for y in region.yields]
        return new

    # ---- extents
    def ends(self, nest: Nest, index: Value) -> tuple[Value, Value]:
        """Where a loop begins in this strip, and over how many values it runs."""
        b = self.b
        if index is self.i:
            return self.start, self.size
        loop = self.inner(nest, index)
        if not nest.moves(index):
            lo = loop.lo.at(b, {})
            return lo, loop.hi.plus(loop.lo, -1).at(b, {})
        count = loop.hi.plus(loop.lo, -1)
        first, last = ({self.i: i} for i in (self.start, self.last))
        some = self.greater(count.at(b, first), count.at(b, last))
        lo = self.lesser(loop.lo.at(b, first), loop.lo.at(b, last)) if self.i in loop.lo.loops else loop.lo.at(b, first)
        hi = self.greater(loop.hi.at(b, first), loop.hi.at(b, last)) if self.i in loop.hi.loops else loop.hi.at(b, first)
        return lo, b.scalar("select", b.scalar("gt", some, const(0)), b.sub(hi, lo), const(0))

    def lesser(self, x: Value, y: Value) -> Value:
        return self.b.scalar("select", self.b.scalar("lt", x, y), x, y)

    @staticmethod
    def inner(nest: Nest, index: Value) -> Inner:
        return next(loop for loop in nest.inner if loop.index is index)

    # ---- products
    def masked(self, nest: Nest, product: Product) -> bool:
        """Whether the result is a part of the rectangle."""
        return product.r is not self.i and any(nest.moves(x) for x in (product.p, product.q))

    def is_padded(self, nest: Nest, pair: tuple[Value, Value]) -> bool:
        """Whether a factor is a part of its rectangle, and zero beside it."""
        return self.i in pair and any(map(nest.moves, pair))

    @staticmethod
    def sides(product: Product) -> list[tuple[list[Value], tuple[Value, Value]]]:
        """The factors, each with the loops of its rows and columns."""
        return [(product.left, (product.p, product.r)), (product.right, (product.r, product.q))]

    def plain(self, nest: Nest, leaves: list[Value], pair: tuple[Value, Value]) -> Op | None:
        """The load that is the whole factor, where it runs through memory by both loops."""
        op = nest.ops.get(leaves[0]) if len(leaves) == 1 else None
        if op is None or op.name != "load" or not all(x in nest.loops_of(op) for x in pair):
            return None
        return op if len([x for x in nest.loops_of(op) if x is not None]) == 2 else None

    def multiply(self, nest: Nest, product: Product) -> None:
        """Write the product."""
        b, effect = self.b, product.effect
        ends = {x: self.ends(nest, x) for x in (product.p, product.q, product.r)}
        a, right = (self.factor(nest, leaves, pair, ends, effect.operands[0]) for leaves, pair in self.sides(product))
        pair = (product.p, product.q)
        beside = self.masked(nest, product) and not (
            effect.operands[0] in self.memory and effect.operands[0] not in self.padded)
        keep = product.keep
        if beside:
            dims = [self.at_least_zero(ends[x][1]) for x in pair]
            part = b.alloc(effect.operands[0].type.element, dims, "empty", "part")  # type: ignore[union-attr]
            c: Matrix = (part, [const(0), const(0)], (0, 1))
            keep = product.keep and effect.name == "store"
            if keep:
                self.over(nest, pair, ends, lambda index, place: b.store(part, b.load(*index), place), effect)
        else:
            c = self.matrix(nest, effect, pair, ends)
        extents = [ends[x][1] for x in (product.p, product.q, product.r)]
        attrs = {"c": c[2], "a": a[2], "b": right[2], "keep": keep, "minus": product.minus, "ordered": product.ordered}
        b.emit("gemm", [c[0], a[0], right[0], *extents, *c[1], *a[1], *right[1]], [], attrs)
        if beside:
            self.over(nest, pair, ends, lambda index, place: b.emit(
                effect.name, [index[0], b.load(part, place), *index[1]], []), effect)

    def clear(self, nest: Nest, effect: Op, depth: int) -> None:
        """Clear what the products have read."""
        loops = (self.i, *(x.index for x in nest.inner[:depth]))
        ends = {x: self.ends(nest, x) for x in loops}
        self.over(nest, loops, ends, lambda index, _: self.b.store(index[0], effect.operands[1], index[1]), effect)

    def at_least_zero(self, n: Value) -> Value:
        return n if n is self.size else self.greater(const(0), n)

    def matrix(self, nest: Nest, op: Op, pair: tuple[Value, Value], ends: dict) -> Matrix:
        """What an access runs through in the strip."""
        root = op.operands[0]
        loops = nest.loops_of(op)
        starts = {x: lo for x, (lo, _) in ends.items()}
        index = [x.at(self.b, starts) for x in nest.places[op]]
        if root in self.memory:
            skew = self.split.skew.get(root, 0)
            if skew:
                index[0] = self.b.sub(index[0], self.start) if skew > 0 else self.b.add(index[0], self.last)
            return self.memory[root], [const(0), *index], (loops.index(pair[0]), loops.index(pair[1]))
        return root, index, (loops.index(pair[0]), loops.index(pair[1]))

    def factor(self, nest: Nest, leaves: list[Value], pair: tuple[Value, Value], ends: dict, c: Value) -> Matrix:
        """A factor where it lies, or computed into memory of its own."""
        op, padded = self.plain(nest, leaves, pair), self.is_padded(nest, pair)
        if op is not None and (op.operands[0] in self.padded or not padded) and (
                op.operands[0] in self.memory or op.operands[0] not in self.split.private):
            return self.matrix(nest, op, pair, ends)
        b = self.b
        dims = [self.at_least_zero(ends[x][1]) for x in pair]
        own = b.alloc(c.type.element, dims, "zeros" if padded else "empty", "factor")  # type: ignore[union-attr]

        def put(mapping: dict[Value, Value], k: Value, place: list[Value]) -> None:
            value = None
            for v in leaves:
                x = self.number(nest, v, mapping, k)
                value = x if value is None else b.mul(value, x)
            b.store(own, value if value is not None else const(1.0, c.type.element), place)  # type: ignore[union-attr]

        self.each(nest, pair, ends, put)
        return own, [const(0), const(0)], (0, 1)

    def number(self, nest: Nest, v: Value, mapping: dict[Value, Value], k: Value) -> Value:
        """A value of the nest where its loops are those of the mapping."""
        op = nest.ops.get(v)
        if op is None or v in mapping:
            return self.get(v, mapping, k)
        for x in op.operands:
            if x in nest.ops:
                self.number(nest, x, mapping, k)
        self.copy(op, mapping, k)
        return mapping[v]

    def over(self, nest: Nest, pair: tuple[Value, ...], ends: dict, do: object, effect: Op) -> None:
        """For all elements that the iterations of the strip write: what is to be done with memory and index, and place."""
        def put(mapping: dict[Value, Value], k: Value, place: list[Value]) -> None:
            for v in effect.operands[2:]:
                if v in nest.ops:
                    self.number(nest, v, mapping, k)
            do(self.element(effect, mapping, k), place)  # type: ignore[operator]

        self.each(nest, pair, ends, put)

    def each(self, nest: Nest, pair: tuple[Value, ...], ends: dict, put: object) -> None:
        """Loops over some indices, the outer one's first; those that move with it over their own range."""
        b = self.b
        order = sorted(pair, key=lambda x: x is not self.i)
        indices = {x: Value(I64, x.name) for x in order}
        moving = self.i in pair

        def bounds(x: Value) -> tuple[Value, Value]:
            if x is self.i or not (moving and nest.moves(x)):
                return const(0), ends[x][1]
            loop, at = self.inner(nest, x), {self.i: b.add(indices[self.i], self.start)}
            lo, hi = loop.lo.at(b, at), loop.hi.at(b, at)
            return b.sub(lo, ends[x][0]), b.sub(hi, ends[x][0])

        def level(rest: list[Value]) -> None:
            if not rest:
                k = indices.get(self.i, const(0))
                now = b.add(k, self.start)
                mapping = {self.i: now}
                for x in order:
                    if x is not self.i:
                        shift, v = nest.shift_of(x), b.add(indices[x], ends[x][0])
                        mapping[x] = v if not shift else b.sub(v, now) if shift > 0 else b.add(v, now)
                put(mapping, k, [indices[x] for x in pair])  # type: ignore[operator]
                return
            lo, hi = bounds(rest[0])
            with b.inside(Region([indices[rest[0]]])) as region:
                level(rest[1:])
            b.loop(lo, hi, const(1), [], region)

        level(order)

