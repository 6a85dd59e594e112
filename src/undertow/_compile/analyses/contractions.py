"""What a nest of loops inside an iteration of another loop sums: products of two factors over one of three indices.

Needs: facts of memory; a loop and a nest in its body. Gives: the products that the nest adds to memory, taken over all
    iterations of the loop, or why it is none; each index of an access is then one loop's and a constant.
Cost: linear in the nest.

The bounds of one of the inner loops may move with the outer loop, as may where it begins: `j` of ``a[j + i]`` runs over
another window in each iteration. It is then counted from where the outer loop began (`shift`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.function import Constant, Op, Value
from ..ir.ops import SCALAR
from .affine import Affine, affine
from .memory import MemoryFacts

__all__ = ["Inner", "Nest", "NotAProduct", "Product"]

_FEW = 8  # iterations, where that is known: loops are as good


class NotAProduct(Exception):
    """The nest does something else."""


@dataclass(eq=False)
class Inner:
    """A loop of the nest: over `lo` to below `hi`, upwards or not; `shift` times the outer index is added to its own."""

    op: Op
    lo: Affine
    hi: Affine
    up: bool
    shift: int = 0

    @property
    def index(self) -> Value:
        return self.op.regions[0].params[0]


@dataclass(eq=False)
class Product:
    """``c[index] += sum of left * right``, for each of the rows (loop `p`) and columns (loop `q`), over loop `r`."""

    effect: Op
    p: Value
    q: Value
    r: Value
    left: list[Value] = field(default_factory=list)
    right: list[Value] = field(default_factory=list)
    minus: bool = False
    keep: bool = True
    ordered: bool = False


class Nest:
    """Two loops, one in the other, in the body of `outer`; taken apart."""

    def __init__(self, facts: MemoryFacts, outer: Op, top: Op, private: set[Value]) -> None:
        self.facts, self.outer, self.top, self.private = facts, outer, top, private
        self.i = outer.regions[0].params[0]
        self.ops: dict[Value, Op] = {}
        self.effects: list[tuple[Op, int]] = []
        self.clears: list[tuple[Op, int]] = []
        self.order: dict[Op, int] = {}
        self.sums: dict[Value, tuple[Value, str]] = {}  # results of the innermost loop: what is added, and how
        self.inner: list[Inner] = []
        self.collect(top)
        if len(self.inner) != 2 or not self.effects:
            raise NotAProduct
        self.indices = [self.i, *(x.index for x in self.inner)]
        self.loads = [op for op in self.ops.values() if op.name == "load"]
        self.places = {op: self.place(op) for op in (*self.loads, *(e for e, _ in (*self.effects, *self.clears)))}
        self.settle_shifts()
        self.written = {op.operands[0] for op, _ in self.effects}
        if len(self.written) < len(self.effects) and any(op.name == "store" for op, _ in self.effects):
            raise NotAProduct
        for clear, depth in self.clears:
            self.check_clear(clear, depth)
        self.products = [self.product(op, depth) for op, depth in self.effects]

    # ---- taking apart
    def collect(self, op: Op) -> None:
        step = op.operands[2]
        if not isinstance(step, Constant) or abs(step.value) != 1 or len(self.inner) == 2 or op.attrs.get("prange"):
            raise NotAProduct
        indices = [self.i, *(x.index for x in self.inner)]
        lo, hi = (affine(self.facts, v, indices, self.outer) for v in op.operands[:2])
        one = Affine({}, {}, 1)
        if lo is None or hi is None:
            raise NotAProduct
        up = step.value == 1
        self.inner.append(Inner(op, *((lo, hi) if up else (hi.plus(one), lo.plus(one))), up))
        depth = len(self.inner)
        for x in op.regions[0].ops:
            self.order[x] = len(self.order)
            if x.name == "for" and depth == 1:
                self.collect(x)
            elif x.name == "load" or x.name in SCALAR:
                self.ops[x.result] = x
            elif x.name == "store" and isinstance(x.operands[1], Constant) and x.operands[1].value == 0.0:
                self.clears.append((x, depth))
            elif x.name in ("store", "accum"):
                self.effects.append((x, depth))
            else:
                raise NotAProduct
        self.collect_sums(op)
        if len(self.inner) == depth and depth != 2:
            raise NotAProduct

    def collect_sums(self, op: Op) -> None:
        body = op.regions[0]
        for init, p, y, result in zip(op.operands[3:], body.params[1:], body.yields, op.results, strict=True):
            total = self.ops.get(y)
            if op is not self.inner[-1].op or len(self.inner) != 2 or not isinstance(init, Constant) or init.value != 0.0 \
                    or not result.type.is_float or total is None or total.name not in ("radd", "add", "sub") \
                    or total.operands[0] is not p:
                raise NotAProduct
            used = sum(v is p for x in body.ops for v in x.operands) + sum(v is p for v in body.yields)
            if used != 1 or any(v is y for x in body.ops for v in x.operands):
                raise NotAProduct
            self.sums[result] = (total.operands[1], total.name)

    def check_clear(self, clear: Op, depth: int) -> None:
        """What is cleared must have been read in the same iterations alone: it is then cleared after the products."""
        root = clear.operands[0]
        if root in self.written or not {self.i, *(x.index for x in self.inner[:depth])} <= set(self.loops_of(clear)):
            raise NotAProduct
        for load in self.loads:
            if load.operands[0] is root and (self.order[load] > self.order[clear] or any(
                    x.plus(y, -1).loops or x.plus(y, -1).terms or x.constant != y.constant
                    for x, y in zip(self.places[load], self.places[clear], strict=True))):
                raise NotAProduct

    # ---- places
    def place(self, op: Op) -> list[Affine]:
        out = [affine(self.facts, v, self.indices, self.outer) for v in op.operands[1 if op.name == "load" else 2:]]
        if any(x is None for x in out):
            raise NotAProduct
        return out  # type: ignore[return-value]

    def settle_shifts(self) -> None:
        """Count inner loops so that an index of an array in memory of the program is one loop's."""
        for op, place in self.places.items():
            if op.operands[0] in self.private:
                continue
            for x in place:
                others = [loop for loop in self.inner if loop.index in x.loops]
                if self.i in x.loops and others:
                    if len(others) > 1 or x.loops[others[0].index] != 1 or abs(x.loops[self.i]) != 1:
                        raise NotAProduct
                    others[0].shift = x.loops[self.i]
        for loop in self.inner:
            if loop.shift:
                loop.lo, loop.hi = (x.plus(Affine({self.i: 1}, {}, 0), loop.shift) for x in (loop.lo, loop.hi))
        for op, place in self.places.items():
            if op.operands[0] not in self.private:
                for n, x in enumerate(place):
                    for loop in self.inner:
                        x = x.shifted(loop.index, self.i, loop.shift)
                    place[n] = x
            for x in place:
                if len(x.loops) > 1 or any(k != 1 for k in x.loops.values()):
                    raise NotAProduct
            if op.operands[0] in self.private and (len(place) != 1 or self.i in place[0].loops):
                raise NotAProduct
        moving = 0
        for loop in self.inner:
            slopes = [x.loops.get(self.i, 0) for x in (loop.lo, loop.hi)]
            if any(set(x.loops) - {self.i} for x in (loop.lo, loop.hi)) or any(abs(s) > 1 for s in slopes):
                raise NotAProduct
            moving += any(slopes)
            if not any(slopes):
                count = loop.hi.plus(loop.lo, -1)
                if not count.terms and count.constant < _FEW:
                    raise NotAProduct
        if moving > 1:
            raise NotAProduct

    def moves(self, index: Value) -> bool:
        """Whether the bounds of a loop change with the outer loop."""
        return any(loop.index is index and (self.i in loop.lo.loops or self.i in loop.hi.loops) for loop in self.inner)

    def shift_of(self, index: Value) -> int:
        return next((loop.shift for loop in self.inner if loop.index is index), 0)

    def loops_of(self, op: Op) -> list[Value | None]:
        """The loop of each axis of an access; memory of an iteration has one more axis, that of the outer loop."""
        own: list[Value | None] = [self.i] if op.operands[0] in self.private else []
        return own + [next(iter(x.loops), None) for x in self.places[op]]

    def depends(self, v: Value, found: set[Value] | None = None) -> set[Value]:
        """The loops that a value changes with."""
        found = set() if found is None else found
        if isinstance(v, Constant):
            return found
        if v in self.indices:
            found.add(v)
            if self.shift_of(v):
                found.add(self.i)
        elif v in self.ops:
            op = self.ops[v]
            if op.name == "load":
                found.update(x for x in self.loops_of(op) if x is not None)
            else:
                for x in op.operands:
                    self.depends(x, found)
        elif not self.facts.known_before(v, self.outer):
            found.add(self.i)
        return found

    # ---- one effect
    def product(self, effect: Op, depth: int) -> Product:
        c = effect.operands[0]
        if not c.type.is_float:  # type: ignore[union-attr]
            raise NotAProduct
        rows = [x for x in self.loops_of(effect) if x is not None]
        if len(rows) != 2 or len(set(rows)) != 2:
            raise NotAProduct
        p, q = rows
        r = next(x for x in self.indices if x not in rows)
        out = Product(effect, p, q, r)
        leaves = self.summed(effect, depth, out)
        for v in leaves:
            loops = self.depends(v)
            if {p, q} <= loops or self.reads_written(v):
                raise NotAProduct
            (out.right if q in loops else out.left).append(v)
        if out.ordered and (len(out.left) != 1 or len(out.right) != 1):
            raise NotAProduct
        deps = [set().union(*map(self.depends, side)) for side in (out.left, out.right)]
        if p not in deps[0] or q not in deps[1] or r not in deps[0] | deps[1]:
            raise NotAProduct
        if any(v.type != c.type.element for v in leaves):  # type: ignore[union-attr]
            raise NotAProduct
        if self.moves(r) or (r is self.i and any(map(self.moves, (p, q)))):  # what is missing counts as zero
            if out.ordered or effect.name != "accum":
                raise NotAProduct
        if out.ordered and r is not self.i and not next(x.up for x in self.inner if x.index is r):
            raise NotAProduct
        if out.ordered and r is self.i and self.outer.operands[2].value != 1:  # type: ignore[attr-defined]
            raise NotAProduct
        return out

    def reads_written(self, v: Value) -> bool:
        """Whether a value depends on memory that the nest writes."""
        op = self.ops.get(v)
        if op is None:
            return False
        return op.operands[0] in self.written if op.name == "load" else any(map(self.reads_written, op.operands))

    def is_old(self, load: Op, effect: Op) -> bool:
        """Whether an access reads the element that the effect then adds to."""
        total = self.ops.get(effect.operands[1])
        return effect.name == "store" and total is not None and total.name in ("add", "sub") \
            and load.result in total.operands and load.operands[1:] == effect.operands[2:]

    def summed(self, effect: Op, depth: int, out: Product) -> list[Value]:
        """What is multiplied."""
        value = effect.operands[1]
        if effect.name == "accum":
            leaves = self.factors(value, out)
            sums = [v for v in leaves if v in self.sums]
            if len(sums) > 1 or depth != 2 - len(sums):
                raise NotAProduct
            if sums:
                leaves.remove(sums[0])
                inner, how = self.sums[sums[0]]
                out.minus ^= how == "sub"
                leaves += self.factors(inner, out)
            return leaves
        if value in self.sums:
            if depth != 1:
                raise NotAProduct
            value, how = self.sums[value]
            out.keep, out.minus, out.ordered = False, how == "sub", how != "radd"
        else:
            total = self.ops.get(value)
            if depth != 2 or total is None or total.name not in ("add", "sub"):
                raise NotAProduct
            old = [v for v in total.operands if v in self.ops and self.ops[v].name == "load"
                   and self.is_old(self.ops[v], effect) and self.ops[v].operands[0] is effect.operands[0]]
            if len(old) != 1 or (total.name == "sub" and old[0] is not total.operands[0]):
                raise NotAProduct
            value = next(v for v in total.operands if v is not old[0])
            out.minus, out.ordered = total.name == "sub", not self.top.attrs.get("product")
        if not out.ordered:
            return self.factors(value, out)
        product = self.ops.get(value)
        if product is None or product.name != "mul":
            raise NotAProduct
        return list(product.operands)

    def factors(self, v: Value, out: Product) -> list[Value]:
        """A product as its factors, without their signs."""
        op = self.ops.get(v)
        if op is not None and op.name == "mul":
            return [x for y in op.operands for x in self.factors(y, out)]
        if op is not None and op.name == "neg":
            out.minus = not out.minus
            return self.factors(op.operands[0], out)
        return [v]
