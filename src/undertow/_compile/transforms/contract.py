"""Local arrays of which each iteration of a loop uses its own part become local to the iteration.

Once the loops that fill and use an array are one, ``for i: a[i, :] = ...; ... = a[i, :]``, a single row serves all
iterations: it stays in the cache, and the whole is never written to memory.

Needs: verified IR, after fusion. Gives: verified IR, in place. Cost: linear for each array and loop around its uses.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..ir.function import Constant, Function, Op, Value, walk
from .loops import offset_from

__all__ = ["contract"]

_ACCESS = frozenset(("load", "store", "accum"))


def contract(function: Function) -> bool:
    """Drop axes along which an array is used by one iteration each; whether there were any."""
    changed = False
    while True:
        facts = memory(function)
        uses = _uses(function)
        if not any([_contract(facts, allocation, found) for allocation, found in uses.items()]):
            return changed
        changed = True


def _uses(function: Function) -> dict[Op, list[Op]]:
    """Accesses of the local arrays that are used by accesses alone."""
    uses: dict[Value, list[Op] | None] = {}
    allocations: dict[Value, Op] = {}
    for op in walk(function.body):
        if op.name == "alloc" and op.result.type.ndim > 1:  # type: ignore[union-attr]
            uses[op.result], allocations[op.result] = [], op
        for k, v in enumerate(op.operands):
            found = uses.get(v)
            if found is not None:
                if op.name in _ACCESS and k == 0:
                    found.append(op)
                else:
                    uses[v] = None
    for v in function.body.yields:
        uses.pop(v, None)
    return {allocations[v]: found for v, found in uses.items() if found}


def _contract(facts: MemoryFacts, allocation: Op, uses: list[Op]) -> bool:
    region = facts.region[allocation]
    depth = len(facts.chain[allocation])
    if any(len(facts.chain[op]) <= depth for op in uses):
        return False
    loop = facts.chain[uses[0]][depth][0]
    if loop.name != "for" or facts.region[loop] is not region or any(facts.chain[op][depth][0] is not loop for op in uses):
        return False
    i = loop.regions[0].params[0]
    for axis in range(len(allocation.operands)):
        if _own_part(facts, uses, axis, i):
            break
    else:
        return False
    for op in uses:
        del op.operands[(1 if op.name == "load" else 2) + axis]
    region.ops.remove(allocation)
    old = allocation.result
    allocation.operands = [v for n, v in enumerate(allocation.operands) if n != axis]
    allocation.results = [Value(type(old.type)(old.type.element, len(allocation.operands)), old.name)]  # type: ignore
    for op in uses:
        op.operands[0] = allocation.result
    body = loop.regions[0]
    at = next(n for n, op in enumerate(body.ops) if op in uses or any(x in uses for r in op.regions for x in walk(r)))
    body.ops.insert(at, allocation)
    return True


def _own_part(facts: MemoryFacts, uses: list[Op], axis: int, i: Value) -> bool:
    """Whether all accesses lie at one distance from the index of a loop."""
    places = [op.operands[(1 if op.name == "load" else 2) + axis] for op in uses]
    offsets = {None if isinstance(v, Constant) else offset_from(facts, v, i) for v in places}
    return len(offsets) == 1 and None not in offsets
