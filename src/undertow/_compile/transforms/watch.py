"""Gradients that tell whether they are finite, so that nobody has to read them again to find out.

Needs: verified IR, after all other passes. Gives: verified IR, in place: one more result, whether a number written into some
    shadows was not finite. Cost: linear.

What is added where an element is written is a comparison in registers; a second reading of a gradient
of some megabytes takes a tenth to a third of the time of the program. Only nests that visit each element once are
watched: a small shadow that is written in each of many time steps is better read once.
"""

from __future__ import annotations

import numpy as np

from ..analyses.memory import MemoryFacts, memory
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import SCALAR
from ..ir.types import BOOL, ArrayType
from .loops import register

__all__ = ["watch"]

_WRITES = 3  # of one shadow
_PLAIN = frozenset(SCALAR) | {"load", "store", "accum", "dim"}


def watch(function: Function, shadows: list[Value]) -> bool:
    """Add the result, if all numbers written into the shadows can be watched; whether they can."""
    shadows = [s for s in shadows if isinstance(s.type, ArrayType)]
    facts = memory(function)
    sites: list[Op] = []
    for s in shadows:
        writes = _writes(facts, function, s)
        if writes is None:
            return False
        sites += writes
    if not sites:
        return False
    totals = [_carried(facts, op) for op in sites]
    b = Builder()
    total: Value = const(False)
    for v in totals:
        total = b.scalar("or", total, v)
    function.body.ops += b.region.ops
    function.body.yields.append(total)
    return True


def _writes(facts: MemoryFacts, function: Function, s: Value) -> list[Op] | None:
    """All that writes into a shadow, where that is worth watching."""
    found = [op for op in walk(function.body) if any(v is s for v in op.operands) and op.name not in ("load", "dim")]
    if len(found) > _WRITES or any(v is s for v in function.body.yields):
        return None
    for op in found:
        if op.name not in ("store", "accum") or op.operands[0] is not s:
            return None
        loops = [c for c, _ in facts.chain[op]]
        if len(loops) != s.type.ndim or any(c.name != "for" or c.attrs for c in loops):  # type: ignore[union-attr]
            return None
        if any(x.name not in _PLAIN for x in loops[-1].regions[0].ops):
            return None
    return [op for op in found if not isinstance(op.operands[1], Constant)]


def _carried(facts: MemoryFacts, op: Op) -> Value:
    """Whether anything that an operation writes is not finite."""
    region, element = facts.region[op], op.operands[0].type.element  # type: ignore[union-attr]
    b = Builder()
    b.span = op.span
    value = op.operands[1]
    if op.name == "accum":
        value = b.add(b.load(op.operands[0], op.operands[2:]), value)
        op.name, op.operands[1] = "store", value
    most = float(np.finfo(element.dtype).max)
    bad = b.scalar("not", b.scalar("le", b.scalar("abs", value), const(most, element)))
    at = region.ops.index(op)
    made = b.region.ops
    region.ops[at:at] = made
    for new in made:
        register(facts, new, region, facts.chain[op])
    loops = [c for c, _ in facts.chain[op]]
    out: Value | None = None
    before: Value = const(False)
    params = []
    for loop in loops:
        p = Value(BOOL, "watched")
        loop.operands.append(before)
        loop.regions[0].params.append(p)
        loop.results.append(Value(BOOL, "watched"))
        params.append(p)
        before = p
    inner: Region = loops[-1].regions[0]
    total = Op("or", [params[-1], bad], [Value(BOOL)], span=op.span)
    inner.ops.append(total)
    out = total.result
    for loop in reversed(loops):
        loop.regions[0].yields.append(out)
        out = loop.results[-1]
    return out
