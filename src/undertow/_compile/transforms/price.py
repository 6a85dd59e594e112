"""What iterations cost one after the other and side by side.

Needs: a `Plan`. Gives: whether running side by side pays, as far as the text of the loop tells. Cost: linear in the loop.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts
from ..ir.function import Constant, Op, Region, Value, walk
from ..ir.ops import SCALAR
from .beside import ACCESS, Plan, index_of
from .loops import depends_on, is_plain, offset_from, sums_only

__all__ = ["Price", "trips"]

_INNER = 8  # iterations of an inner loop whose bounds are not known
_UNKNOWN = 2**40
_UNROLLED = 8  # iterations of a loop that LLVM unrolls
_GAIN = 0.6
_PLAIN = 3  # by how much LLVM speeds up a short loop that it vectorises itself
_REGISTERS = 2  # vectors that hold all lanes


def trips(loop: Op) -> int:
    """How often a loop runs, where constants say it."""
    lo, hi = loop.operands[:2]
    return abs(hi.value - lo.value) if isinstance(lo, Constant) and isinstance(hi, Constant) else _UNKNOWN


def _once(op: Op) -> float:
    """What an operation costs with all that is inside."""
    if op.name in SCALAR:
        return SCALAR[op.name].cost
    times = trips(op) if op.name == "for" else 1
    return 1.0 + (_INNER if times == _UNKNOWN else times) * sum(_once(x) for inner in op.regions for x in inner.ops)


class Price:
    """What a number of iterations cost one after the other and side by side, in units of an addition."""

    def __init__(self, p: Plan, facts: MemoryFacts, blocked: dict[Value, int], count: int) -> None:
        self.p, self.facts, self.blocked, self.count = p, facts, blocked, count
        self.apart = self.beside = 0.0

    def pays(self) -> bool:
        if self.unrolls():
            return False
        self.visit(self.p.body, 1.0, False)
        return self.beside < _GAIN * self.apart

    def unrolls(self) -> bool:
        """Whether LLVM can be expected to unroll all inner loops, and then to vectorise the loop itself."""
        p = self.p
        if any(op.name in ("if", "check", "alloc") or (op.name == "for" and trips(op) > _UNROLLED) for op in walk(p.body)):
            return False
        return all(kind in ("read", "rows") for kind in p.kinds.values()) and all(kind == "free" for kind in p.sums)

    def visit(self, region: Region, weight: float, plain: bool) -> None:
        summed = set(region.yields)
        for op in region.ops:
            if op in self.p.in_turn:
                turns = weight * self.count * _once(op)
                self.apart, self.beside = self.apart + turns, self.beside + turns
            elif op.name in SCALAR or op.name in ACCESS:
                each, all_lanes = self.scalar(op, op.name == "add" and op.results[0] in summed) if op.name in SCALAR else self.access(op)
                self.apart += weight * self.count * each / (_PLAIN if plain else 1)
                self.beside += weight * all_lanes
            elif op.name == "for":
                times = trips(op)
                self.visit(op.regions[0], weight * (_INNER if times == _UNKNOWN else times), plain or self.vectorises(op))
            else:
                for inner in op.regions:
                    self.visit(inner, weight, plain)

    def scalar(self, op: Op, waits: bool) -> tuple[float, float]:
        cost = SCALAR[op.name].cost
        body = self.p.body
        if op.result in body.yields and self.p.sums[body.yields.index(op.result)] == "ordered":
            return cost + 3, (cost + 3) * self.count
        wide = op.result in self.p.varying and self.p.varying[op.result] is None
        return cost + 3 * waits, cost * (_REGISTERS if wide else 1)

    def access(self, op: Op) -> tuple[float, float]:
        root = op.operands[0]
        twice = 2 if op.name == "accum" else 1
        if self.p.moving_axes(op):
            near = root in self.blocked or self.p.slice_axis(op) == root.type.ndim - 1  # type: ignore[union-attr]
            plain = self.p.slice_axis(op) is not None and op not in self.p.doubtful
            return twice, twice * (_REGISTERS if near and plain else 1.5 * self.count)
        if root in self.p.own:
            return twice, twice * _REGISTERS
        return twice, twice + (8 if op.name == "accum" else 0)

    def vectorises(self, loop: Op) -> bool:
        """Whether LLVM can be expected to vectorise an innermost loop."""
        if not is_plain(loop) or not sums_only(loop):
            return False
        i = loop.regions[0].params[0]
        for op in loop.regions[0].ops:
            if op.name in ACCESS:
                index = index_of(op)
                if any(depends_on(self.facts, v, loop) for v in index[:-1]):
                    return False
                if index and depends_on(self.facts, index[-1], loop) and offset_from(self.facts, index[-1], i) is None:
                    return False
        return True
