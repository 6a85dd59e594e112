"""The order of the axes of local memory, so that innermost loops walk along the last one.

A program that scans along rows, ``for j: p[:, j] = f(p[:, j - 1])``, touches one element in each row of `p` at a time.
What the program itself asked for has to stay as it is, but how an array that nobody outside sees lies in memory is free.

Needs: verified IR, after all passes that reorder loops. Gives: verified IR, in place. Cost: linear.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..ir.function import Function, Op, Value, walk
from .loops import offset_from

__all__ = ["lay_out"]

_ACCESS = frozenset(("load", "store", "accum"))
_INNER = 8  # how many times as much an access counts as one in the loop around


def lay_out(function: Function) -> None:
    """Let the axis that innermost loops walk along most be the last one of each local array."""
    uses: dict[Value, list[Op] | None] = {}
    for op in walk(function.body):
        if op.name == "alloc" and op.result.type.ndim > 1:  # type: ignore[union-attr]
            uses[op.result] = [op]
        for k, v in enumerate(op.operands):
            found = uses.get(v)
            if found is not None:
                if (op.name in _ACCESS or op.name == "dim") and k == 0:
                    found.append(op)
                else:
                    uses[v] = None
    for v in function.body.yields:
        uses.pop(v, None)
    chosen = [(found, _last(facts, found)) for facts in [memory(function)] for found in uses.values() if found is not None]
    for found, axis in chosen:
        if axis is not None:
            _move(found, axis)


def _index(op: Op) -> list[Value]:
    return op.operands[1 if op.name == "load" else 2:]


def _last(facts: MemoryFacts, uses: list[Op]) -> int | None:
    """The axis that should be the last one; None where it is."""
    ndim = uses[0].result.type.ndim  # type: ignore[union-attr]
    votes = [0] * ndim
    for op in uses:
        loops = [c for c, _ in facts.chain[op] if c.name == "for"]
        if op.name not in _ACCESS or not loops:
            continue
        i = loops[-1].regions[0].params[0]
        for axis, v in enumerate(_index(op)):
            if offset_from(facts, v, i) is not None:
                votes[axis] += _INNER ** len(loops)
    best = max(range(ndim), key=lambda k: (votes[k], k))
    return best if best != ndim - 1 and votes[best] > votes[-1] else None


def _move(uses: list[Op], axis: int) -> None:
    """Make one axis of an array the last one, wherever it is used."""
    for op in uses:
        if op.name == "dim":
            k = op.attrs["axis"]
            op.attrs = {**op.attrs, "axis": k - (k > axis) if k != axis else len(uses[0].operands) - 1}
        else:
            start = {"alloc": 0, "load": 1}.get(op.name, 2)
            op.operands.append(op.operands.pop(start + axis))
