"""Matrix products as calls of BLAS.

Needs: verified IR. Gives: verified IR, in place, in which loop nests that do nothing but ``c[p, q] += a * b``, where `a`
    and `b` are elements that share a third index, are `gemm` operations. Cost: linear.

The order of such sums is free where the program wrote ``a @ b``, and in the reverse sweep. Nests whose extents are
small constants stay loops.
"""

from __future__ import annotations

from ..ir.builder import const
from ..ir.function import Constant, Function, Op, Region, Value
from ..ir.ops import SCALAR
from ..ir.types import I64

__all__ = ["call_blas"]

_SMALL = 1000


def call_blas(function: Function) -> None:
    """Replace nests by calls."""
    def visit(region: Region) -> None:
        k = 0
        while k < len(region.ops):
            op = region.ops[k]
            found = _Nest(op).calls() if op.name == "for" else None
            if found is not None:
                region.ops[k:k + 1] = found
                k += len(found)
                continue
            for inner in op.regions:
                visit(inner)
            k += 1

    visit(function.body)


class _Nest:
    """Three loops, one in the other, with nothing but accesses and products around and inside."""

    def __init__(self, outer: Op) -> None:
        self.outer = outer
        self.loops: list[Op] = []
        self.ops: dict[Value, Op] = {}
        self.effects: list[Op] = []
        self.before: list[Op] = []

    def calls(self) -> list[Op] | None:
        """The calls that do the same, or None."""
        if not self.collect(self.outer) or len(self.loops) != 3 or not self.effects:
            return None
        indices = [loop.regions[0].params[0] for loop in self.loops]
        written = {op.operands[0] for op in self.effects}
        if len(written) != len(self.effects):
            return None
        extents = dict(zip(indices, map(self.extent, self.loops), strict=True))
        if None in extents.values():
            return None
        if all(isinstance(n, Constant) for n in extents.values()):
            size = 1
            for n in extents.values():
                size *= n.value  # type: ignore[union-attr]
            if size <= _SMALL:
                return None
        out = [self.call(effect, indices, extents, written) for effect in self.effects]
        return None if None in out else [*self.before, *out]  # type: ignore[list-item]

    def collect(self, loop: Op) -> bool:
        """Take the nest apart; False where it holds anything else."""
        step = loop.operands[2]
        if len(loop.operands) != 3 or not isinstance(step, Constant) or abs(step.value) != 1 or len(self.loops) == 3:
            return False
        self.loops.append(loop)
        inner = 0
        for op in loop.regions[0].ops:
            if op.name == "for":
                inner += 1
                if inner > 1 or not self.collect(op):
                    return False
            elif op.name == "load" or op.name in SCALAR:
                self.ops[op.result] = op
            elif op.name in ("store", "accum"):
                self.effects.append(op)
            else:
                return False
        return True

    def extent(self, loop: Op) -> Value | None:
        """The number of iterations of a loop over ``0 .. n - 1``, known outside of the nest."""
        lo, hi, step = loop.operands
        if step.value == 1:  # type: ignore[attr-defined]
            start, n = lo, hi
        else:
            start, n = hi, self.plus_one(lo, loop.span)
        first = 0 if step.value == 1 else -1  # type: ignore[attr-defined]
        known = isinstance(start, Constant) and start.value == first
        return n if known and n is not None and self.outside(n) else None

    def outside(self, v: Value) -> bool:
        return v not in self.ops and not any(v is loop.regions[0].params[0] for loop in self.loops)

    def plus_one(self, v: Value, span: int) -> Value | None:
        if isinstance(v, Constant):
            return const(v.value + 1)
        op = self.ops.get(v)
        if op is not None:
            one_less = op.name == "sub" and isinstance(op.operands[1], Constant) and op.operands[1].value == 1
            return op.operands[0] if one_less else None
        n = Value(I64, "n")
        self.before.append(Op("add", [v, const(1)], [n], span=span))
        return n

    def call(self, effect: Op, indices: list[Value], extents: dict, written: set[Value]) -> Op | None:
        c, value, *place = effect.operands
        product = self.ops.get(value)
        if effect.name == "store":
            product = self.added(effect, product) if self.outer.attrs.get("product") else None
        if product is None or product.name != "mul" or len(place) != 2 or not c.type.is_float:  # type: ignore
            return None
        p, q = place
        rest = [i for i in indices if i is not p and i is not q]
        if p is q or p not in extents or q not in extents or len(rest) != 1:
            return None
        r = rest[0]
        factors = [self.ops.get(v) for v in product.operands]
        if any(f is None or f.name != "load" or f.operands[0] in written or f.operands[0].type != c.type
               for f in factors):
            return None
        for left, right in (factors, factors[::-1]):
            a = self.form(left, p, r)
            b = self.form(right, r, q)
            if a and b:
                return Op("gemm", [c, left.operands[0], right.operands[0], extents[p], extents[q], extents[r]], [],
                          {"a": a, "b": b}, span=effect.span)
        return None

    def added(self, effect: Op, total: Op | None) -> Op | None:
        """The product that a store adds to the element it stores to."""
        if total is None or total.name != "add":
            return None
        for old, new in (total.operands, total.operands[::-1]):
            load = self.ops.get(old)
            if load is not None and load.name == "load" and load.operands[0] is effect.operands[0] and all(
                    x is y for x, y in zip(load.operands[1:], effect.operands[2:], strict=True)):
                return self.ops.get(new)
        return None

    @staticmethod
    def form(load: Op, first: Value, second: Value) -> str:
        """``n`` for ``a[first, second]``, ``t`` for ``a[second, first]``."""
        index = load.operands[1:]
        if len(index) == 2 and index[0] is first and index[1] is second:
            return "n"
        return "t" if len(index) == 2 and index[0] is second and index[1] is first else ""


