"""Work that only one branch asks for moves into that branch.

The pullback of ``if c: a[i] = t`` yields the cotangent of `t`, which is 0 where the branch was not taken; what follows
then adds zeros to memory in every iteration. All that is zero where such a result is zero moves into the branch.

Needs: verified IR. Gives: verified IR, in place. Cost: linear, but for the tests of overlap of what moves.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet
from ..ir.function import Constant, Function, Op, Region, Value, replace_uses, walk
from ..ir.ops import SCALAR

__all__ = ["agree", "sink"]

_ACCESS = frozenset(("load", "store", "accum"))


def sink(function: Function) -> None:
    """Move operations whose effect is nothing in one branch of an ``if`` before them into its other branch."""
    _Sinker(function).region(function.body)
    agree(function)


def agree(function: Function) -> None:
    """Results of an ``if`` that are the same value in both branches are that value."""
    replaced: dict[Value, Value] = {}
    _agree(function.body, replaced)
    replace_uses(function.body, replaced)


def _agree(region: Region, replaced: dict[Value, Value]) -> None:
    for op in region.ops:
        for inner in op.regions:
            _agree(inner, replaced)
        if op.name != "if":
            continue
        own = {r for inner in op.regions for x in inner.ops for r in x.results}
        for k in range(len(op.results) - 1, -1, -1):
            first, second = (inner.yields[k] for inner in op.regions)
            if _same(replaced.get(first, first), replaced.get(second, second)) and first not in own:
                replaced[op.results[k]] = first
                del op.results[k]
                for inner in op.regions:
                    del inner.yields[k]


def _same(a: Value, b: Value) -> bool:
    return a is b or (isinstance(a, Constant) and isinstance(b, Constant) and a.type == b.type
                      and repr(a.value) == repr(b.value))


def _zero(v: Value) -> bool:
    return isinstance(v, Constant) and v.type.is_float and v.value == 0.0  # type: ignore[union-attr]


class _Sinker:
    def __init__(self, function: Function) -> None:
        self.facts: MemoryFacts = memory(function)
        self.uses: dict[Value, int] = {}
        self.count(function.body)

    def count(self, region: Region) -> None:
        for op in region.ops:
            for v in op.operands:
                self.uses[v] = self.uses.get(v, 0) + 1
            for inner in op.regions:
                self.count(inner)
        for v in region.yields:
            self.uses[v] = self.uses.get(v, 0) + 1

    def region(self, region: Region) -> None:
        for op in list(region.ops):
            if op.name == "if":
                for target, other in ((0, 1), (1, 0)):
                    self.into(region, op, target, other)
            for inner in op.regions:
                self.region(inner)

    def into(self, region: Region, branch: Op, target: int, other: int) -> None:
        """Move what follows `branch` in its region, and is nothing where its region `other` was taken."""
        zero = {r for r, y in zip(branch.results, branch.regions[other].yields, strict=True) if _zero(y)}
        at = region.ops.index(branch)
        moving = self.nothing(region.ops[at + 1:], zero) if zero else []
        if not any(op.name == "accum" for op in moving):
            return
        lifted = self.needed_before(region.ops[at + 1:], moving, set(branch.results))
        if lifted is None:
            return
        inner = branch.regions[target]
        mapping = dict(zip(branch.results, inner.yields, strict=True))
        for op in (*moving, *lifted):
            region.ops.remove(op)
        region.ops[at:at] = lifted
        for op in moving:
            op.operands = [mapping.get(v, v) for v in op.operands]
            inner.ops.append(op)
            self.place(op, inner, (*self.facts.chain[branch], (branch, target)))

    def place(self, op: Op, region: Region, chain: tuple) -> None:
        self.facts.region[op] = region
        self.facts.chain[op] = chain

    def nothing(self, after: list[Op], zero: set[Value]) -> list[Op]:
        """The operations that do nothing where `zero` is zero, and whose results nothing else needs; in order."""
        vanish = set(zero)
        found: list[Op] = []
        for k, op in enumerate(after):
            if op.name in ("mul", "neg", "cast", "div") and op.result.type.is_float and (
                    op.operands[0] in vanish or (op.name == "mul" and op.operands[1] in vanish)):
                vanish.add(op.result)
                found.append(op)
            elif op.name == "select" and op.operands[1] in vanish | self.zeros(op) \
                    and op.operands[2] in vanish | self.zeros(op):
                vanish.add(op.result)
                found.append(op)
            elif op.name in ("add", "sub") and op.operands[0] in vanish and op.operands[1] in vanish:
                vanish.add(op.result)
                found.append(op)
            elif op.name == "accum" and op.operands[1] in vanish and self.may_move(op, after[:k]):
                found.append(op)
        while True:  # what stays must not need what moves
            inside: dict[Value, int] = {}
            for op in found:
                for v in op.operands:
                    inside[v] = inside.get(v, 0) + 1
            stay = [op for op in found if op.results and inside.get(op.result, 0) < self.uses.get(op.result, 0)]
            if not stay:
                return found
            found = [op for op in found if op not in stay]

    @staticmethod
    def zeros(op: Op) -> set[Value]:
        return {v for v in op.operands[1:] if _zero(v)}

    def may_move(self, accum: Op, passed: list[Op]) -> bool:
        """Whether an accumulation may happen before the operations between."""
        for op in passed:
            for x in (op, *(y for inner in op.regions for y in walk(inner))):
                if x.name in ("gemm", "library"):
                    return False
                if x.name in ("load", "store") and x.operands[0] is accum.operands[0] \
                        and may_meet(self.facts, accum, x, None):
                    return False
        return True

    def needed_before(self, after: list[Op], moving: list[Op], results: set[Value]) -> list[Op] | None:
        """Operations that compute operands of what moves: they go before the branch; None where they cannot."""
        producer = {r: op for op in after for r in op.results}
        lifted: set[Op] = set()
        work = [v for op in moving for v in op.operands]
        while work:
            v = work.pop()
            op = producer.get(v)
            if op is None or op in moving or op in lifted:
                continue
            if op.name not in SCALAR and op.name != "dim":
                return None
            if any(x in results for x in op.operands):
                return None
            lifted.add(op)
            work += op.operands
        if any(v in r.results for op in lifted for v in op.operands for r in moving):
            return None
        return [op for op in after if op in lifted]
