"""What an iteration adds to the element that the next one reads is handed on in a register.

The reverse of a Gauss-Seidel sweep adds to a neighbour, and the next iteration begins by reading that neighbour: through
memory the chain waits for the store at every step.

Needs: verified IR. Gives: verified IR, in place. Cost: a test of overlap for each pair of accesses to such a memory.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet
from ..ir.builder import const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import SCALAR
from ..ir.types import BOOL
from .loops import is_plain, offset_from, register

__all__ = ["hand_on"]

_ACCESS = frozenset(("load", "store", "accum"))


def hand_on(function: Function) -> None:
    """Carry accumulated elements from an iteration to the next."""
    facts = memory(function)
    for loop in [op for op in walk(function.body) if op.name == "for"]:
        if not is_plain(loop):
            continue
        for load in [op for op in loop.regions[0].ops if op.name == "load"]:
            accum = _giver(facts, loop, load)
            if accum is not None:
                _carry(facts, loop, load, accum)


def _shift(facts: MemoryFacts, loop: Op, load: Op, accum: Op) -> bool:
    """Whether the next iteration's load reads what this one's accumulation writes."""
    i, step = loop.regions[0].params[0], loop.operands[2].value  # type: ignore[attr-defined]
    moved = False
    for v, w in zip(load.operands[1:], accum.operands[2:], strict=True):
        p, q = offset_from(facts, v, i), offset_from(facts, w, i)
        if p is not None and q is not None:
            if q - p != step:
                return False
            moved = True
        elif not (v is w or (isinstance(v, Constant) and isinstance(w, Constant) and v.value == w.value)) \
                or v in facts.definition and facts.region[facts.definition[v]] is loop.regions[0]:
            return False
    return moved


def _giver(facts: MemoryFacts, loop: Op, load: Op) -> Op | None:
    """The accumulation whose sum the load of the next iteration can take over."""
    ops = loop.regions[0].ops
    root = load.operands[0]
    found = [op for op in ops if op.name == "accum" and op.operands[0] is root and _shift(facts, loop, load, op)]
    if len(found) != 1 or ops.index(found[0]) < ops.index(load):
        return None
    accum = found[0]
    needed = _needed(loop.regions[0], load)
    if any(op.name not in SCALAR and op.name != "dim" for op in ops if op.results and op.result in needed):
        return None
    others = [op for op in ops if op.name in _ACCESS and op.operands[0] is root and op is not accum]
    at = ops.index(accum)
    for op in others:
        if op.name == "load":
            continue
        if ops.index(op) > at and may_meet(facts, accum, op, None):  # after it in the same iteration
            return None
        if ops.index(op) < ops.index(load) and may_meet(facts, load, op, None):  # before the load in the next
            return None
    return accum


def _carry(facts: MemoryFacts, loop: Op, load: Op, accum: Op) -> None:
    body, region = loop.regions[0], facts.region[loop]
    root, value, *index = accum.operands
    element, name = root.type.element, f"{root.name}_next"
    lo, hi, step = loop.operands[:3]
    # the first iteration's element, read where there is a first iteration
    ran, first, start = Value(BOOL), Value(element), Value(element, name)
    then, other = Region(), Region()
    mapping: dict[Value, Value] = {body.params[0]: lo}
    for op in body.ops[:body.ops.index(load)]:
        if op.results and op.result in _needed(body, load):
            new = Op(op.name, [mapping.get(v, v) for v in op.operands], [Value(op.result.type)], op.attrs, span=op.span)
            mapping[op.result] = new.result
            then.ops.append(new)
    then.ops.append(Op("load", [mapping.get(v, v) for v in load.operands], [first], span=load.span))
    then.yields, other.yields = [first], [const(0.0, element)]
    before = [Op("lt" if step.value > 0 else "gt", [lo, hi], [ran], span=loop.span),  # type: ignore[attr-defined]
              Op("if", [ran], [start], {}, [then, other], loop.span)]
    at = region.ops.index(loop)
    region.ops[at:at] = before
    for op in before:
        register(facts, op, region, facts.chain[loop])
    # the sum, kept in memory and handed on
    old, total, out = Value(element), Value(element), Value(element, name)
    replacement = [Op("load", [root, *index], [old], span=accum.span), Op("add", [old, value], [total], span=accum.span),
                   Op("store", [root, total, *index], [], span=accum.span)]
    at = body.ops.index(accum)
    body.ops[at:at + 1] = replacement
    for op in replacement:
        register(facts, op, body, facts.chain[accum])
    body.ops.remove(load)
    body.params.append(load.result)
    body.yields.append(total)
    loop.operands.append(start)
    loop.results.append(out)


def _needed(body: Region, load: Op) -> set[Value]:
    """Values of the body that the load's index is computed from."""
    wanted = set(load.operands[1:])
    for op in reversed(body.ops[:body.ops.index(load)]):
        if op.results and op.result in wanted:
            wanted.update(op.operands)
    return wanted
