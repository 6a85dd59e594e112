"""Additions to a large array wait for the next pass over it.

The reverse sweep of a program that multiplies one matrix with several vectors adds an outer product to the matrix's shadow
for each of them, at different times. Each is a pass over memory where the vectors are nothing beside the matrix. What a
nest writes into an array that it does not read goes to where the array is used next, if that is a nest over the same
ranges, with which it can then become one.

Needs: verified IR. Gives: verified IR, in place. Cost: linear for each nest with more than one effect.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..ir.function import Function, Op, Region, Value, replace_uses, walk
from ..ir.ops import SCALAR
from .fuse import loop_range

__all__ = ["postpone"]

_COST = 12.0  # of what is computed for an element
_KNOWN = frozenset(SCALAR) | {"load", "store", "accum", "for", "if", "alloc", "dim", "gemm"}


def postpone(function: Function) -> None:
    """Move writes of nests to later nests."""
    def visit(region: Region) -> bool:
        for op in region.ops:
            if any(visit(inner) for inner in op.regions):
                return True
            if op.name == "for" and any(x.name == "for" for x in op.regions[0].ops) and _moved(function, region, op):
                return True
        return False

    for _ in range(8):  # moves, each of which leaves one write less to move
        if not visit(function.body):
            break


def _moved(function: Function, region: Region, nest: Op) -> bool:
    """Move one write of a nest; whether one was."""
    effects = [op for op in walk(nest.regions[0]) if op.name in ("store", "accum", "gemm", "library")]
    if len(effects) < 2 or any(op.name not in _KNOWN for op in walk(nest.regions[0])):
        return False
    facts = memory(function)
    for op in effects:
        root = op.operands[0]
        if op.name == "gemm" or sum(x.operands[0] is root for x in walk(nest.regions[0]) if x.operands) != 1:
            continue
        loops = [c for c, _ in facts.chain[op][len(facts.chain[nest]):]]
        if len(loops) < 2 or any(c.name != "for" for c in loops) or not _runs_over(op, loops):
            continue
        needed = _needed(facts, op, loops)
        uses = _next_uses(facts, region, nest, op, loops, needed) if needed is not None else None
        if uses:
            facts.region[op].ops.remove(op)
            _join(facts, op, loops, needed or set(), uses, len(facts.chain[nest]))
            return True
    return False


def _runs_over(op: Op, loops: list[Op]) -> bool:
    """Whether an access names one element for each iteration, in the order of the loops."""
    index = op.operands[1 if op.name == "load" else 2:]
    return len(index) == len(loops) and all(v is c.regions[0].params[0] for v, c in zip(index, loops, strict=True))


def _needed(facts: MemoryFacts, op: Op, loops: list[Op]) -> set[Op] | None:
    """Operations that a write takes along; None where they are too many, or it depends on what the loops carry."""
    found: set[Op] = set()
    inside = {id(c) for c in loops}
    work = list(op.operands[1:])
    while work:
        v = work.pop()
        owner = facts.parameter_of.get(v)
        if owner is not None and id(owner[0]) in inside:
            if owner[2] != 0:
                return None
            continue
        made = facts.definition.get(v)
        if made is None or made in found or not any(id(c) in inside for c, _ in facts.chain[made]):
            continue
        if made.name != "load" and made.name not in SCALAR:
            return None
        if made.name == "load" and made.operands[0].type.ndim >= op.operands[0].type.ndim:  # type: ignore[union-attr]
            return None
        found.add(made)
        work += made.operands
    cost = sum(SCALAR[x.name].cost if x.name in SCALAR else 1.0 for x in found)
    return found if cost <= _COST else None


def _next_uses(facts: MemoryFacts, region: Region, nest: Op, op: Op, loops: list[Op], needed: set[Op]) -> list[Op] | None:
    """Where the array is used next, in one innermost loop over the same ranges, if what is taken along stays as it is."""
    root = op.operands[0]
    read = {x.operands[0] for x in needed if x.name == "load"}
    ranges = [loop_range(facts, c) for c in loops]
    for other in [nest, *region.ops[region.ops.index(nest) + 1:]]:
        inside = [other, *(x for r in other.regions for x in walk(r))]
        written = {x.operands[0] for x in inside if x.name in ("store", "accum", "gemm")}
        if any(x.name not in _KNOWN for x in inside) or read & written:
            return None
        uses = [x for x in inside if any(v is root for v in x.operands) and x is not op]
        if not uses:
            continue
        for x in uses:
            around = [c for c, _ in facts.chain[x][len(facts.chain[nest]):]]
            if other is nest or x.name not in ("load", "store", "accum") or any(c.name != "for" for c in around) \
                    or len(around) != len(loops) or not _runs_over(x, around) \
                    or [loop_range(facts, c) for c in around] != ranges or facts.region[x] is not facts.region[uses[0]]:
                return None
        return uses
    return None


def _join(facts: MemoryFacts, op: Op, loops: list[Op], needed: set[Op], uses: list[Op], depth: int) -> None:
    """Put the write and what it needs before the uses, which then take the number itself."""
    mapping: dict[Value, Value] = {}
    around = [c for c, _ in facts.chain[uses[0]][depth:]]
    for loop, other in zip(loops, around, strict=True):
        mapping[loop.regions[0].params[0]] = other.regions[0].params[0]
        new = []
        for x in loop.regions[0].ops:
            if x in needed:
                results = [Value(r.type, r.name) for r in x.results]
                new.append(Op(x.name, [mapping.get(v, v) for v in x.operands], results, x.attrs, span=x.span))
                mapping.update(zip(x.results, results, strict=True))
        other.regions[0].ops[:0] = new
    body = around[-1].regions[0]
    value, written = mapping.get(op.operands[1], op.operands[1]), False
    if op.name == "store":
        for x in uses:
            if x.name == "load":
                replace_uses(body, {x.result: value})
                body.ops.remove(x)
                continue
            if x.name == "accum":
                total = Op("add", [value, x.operands[1]], [Value(value.type)], span=x.span)
                body.ops.insert(body.ops.index(x), total)
                x.name, x.operands[1] = "store", total.result
            written = True
            break
    if not written:
        at = sum(x in needed for x in loops[-1].regions[0].ops)
        index = [other.regions[0].params[0] for other in around]
        body.ops.insert(at, Op(op.name, [op.operands[0], value, *index], [], op.attrs, span=op.span))
