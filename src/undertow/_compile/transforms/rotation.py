"""Indices that go around the end: ``i - 1 if i > 0 else n - 1``, ``(i + 1) % n``.

Needs: positions and definitions (`MemoryFacts`), a counting loop. Gives: facts (`rotation_of`), or verified IR in place
(`unwrap`). Cost: linear.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..ir.builder import const
from ..ir.function import Constant, Function, Op, Value, walk
from ..ir.types import BOOL, I64

__all__ = ["ends_of", "rotation_of", "unwrap"]

_SWAPPED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}


def ends_of(facts: MemoryFacts, loop: Op) -> tuple[tuple, tuple]:
    """The lowest index of a loop of steps of one, and one above the highest, each as ``(value or None, constant)``."""
    (a, p), (b, q) = (facts.term(v) for v in loop.operands[:2])
    return ((a, p), (b, q)) if loop.operands[2].value > 0 else ((b, q + 1), (a, p + 1))  # type: ignore[attr-defined]


def rotation_of(facts: MemoryFacts, v: Value, loop: Op) -> int | None:
    """1 where `v` is the next index of the loop, the first after the last; -1 where it is the one before."""
    op = facts.definition.get(v)
    if op is None or op.name != "select" or abs(loop.operands[2].value) != 1:  # type: ignore[attr-defined]
        return None
    i, (low, past) = loop.regions[0].params[0], ends_of(facts, loop)
    test = facts.definition.get(op.operands[0])
    a, b = (facts.term(x) for x in op.operands[1:])
    if test is None or len(test.operands) != 2:
        return None
    name, x, y = test.name, *(facts.term(w) for w in test.operands)
    if x[0] is not i:
        name, x, y = _SWAPPED.get(name, name), y, x
    if x[0] is not i or y[0] is i:
        return None
    if b[0] is i:  # the usual case stands second
        name, a, b = {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq"}.get(name, ""), b, a
    bound = y[0], y[1] - x[1]
    if a == (i, -1) and b == (past[0], past[1] - 1):
        first = {"gt": 0, "ne": 0, "ge": 1}.get(name)
        return -1 if first is not None and bound == (low[0], low[1] + first) else None
    if a == (i, 1) and b == low:
        last = {"lt": -1, "ne": -1, "le": -2}.get(name)
        return 1 if last is not None and bound == (past[0], past[1] + last) else None
    return None


def unwrap(function: Function) -> None:
    """Write the remainder of a neighbour's index as a choice: ``(i + 1) % n`` in a loop from 0 to `n`."""
    facts = memory(function)
    for op in walk(function.body):
        if op.name != "mod" or op.result.type is not I64:
            continue
        (i, c), n = facts.term(op.operands[0]), facts.term(op.operands[1])
        loop = facts.parameter_of[i][0] if i in facts.parameter_of else None
        if loop is None or loop.name != "for" or loop.regions[0].params[0] is not i or abs(c) != 1 \
                or abs(loop.operands[2].value) != 1 or ends_of(facts, loop) != ((None, 0), n):  # type: ignore[attr-defined]
            continue
        region = facts.region[op]
        test, made = Value(BOOL), []
        last = op.operands[1]
        if isinstance(last, Constant):
            last = const(last.value - 1)
        else:
            made.append(Op("sub", [last, const(1)], [Value(I64)], span=op.span))
            last = made[0].result
        made.append(Op("lt" if c > 0 else "gt", [i, last if c > 0 else const(0)], [test], span=op.span))
        at = region.ops.index(op)
        region.ops[at:at] = made
        op.name, op.operands = "select", [test, op.operands[0], const(0) if c > 0 else last]
