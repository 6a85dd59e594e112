"""Which values vary with the active parameters.

Needs: verified IR and the active parameters. Gives: the set of varied scalars and of varied memory.
Cost: a fixpoint over the operations, usually two rounds.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.function import Function, Op, Region, Value
from ..ir.types import F64

__all__ = ["TAPE", "varied"]

TAPE = Value(F64, "tape")  # stands for the contents of the tape

_FLAT = frozenset(("stop", "floor", "ceil", "trunc", "rint", "sign", "isnan", "isinf", "isfinite"))


def varied(function: Function, active: Iterable[Value]) -> set[Value]:
    """Values (scalars, and arrays as memory) that depend differentiably on the active parameters."""
    facts = set(active)
    size = -1
    while size != len(facts):
        size = len(facts)
        _region(function.body, facts)
    return facts


def _region(region: Region, facts: set[Value]) -> None:
    for op in region.ops:
        _op(op, facts)


def _mark(facts: set[Value], target: Value, *sources: Value) -> None:
    if target.type.is_float if hasattr(target.type, "is_float") else False:
        if any(s in facts for s in sources):
            facts.add(target)


def _op(op: Op, facts: set[Value]) -> None:
    if op.name in ("store", "accum"):
        _mark(facts, op.operands[0], op.operands[1])
    elif op.name == "library":
        n = op.attrs["outs"]
        carry = [v for v, carries in zip(op.operands, op.attrs["carries"], strict=True) if carries]
        for out in carry[:sum(op.attrs["carries"][:n])]:
            _mark(facts, out, *carry[sum(op.attrs["carries"][:n]):])
    elif op.name == "gemm":
        _mark(facts, *op.operands[:3])
    elif op.name == "load":
        _mark(facts, op.result, op.operands[0])
    elif op.name == "tape_store":
        _mark(facts, TAPE, op.operands[0])
    elif op.name == "tape_load":
        _mark(facts, op.result, TAPE)
    elif op.name == "if":
        for region in op.regions:
            _region(region, facts)
        for k, r in enumerate(op.results):
            _mark(facts, r, *(region.yields[k] for region in op.regions))
    elif op.name in ("for", "while"):
        body = op.regions[-1]
        inits = op.operands[3:] if op.name == "for" else op.operands
        params = body.params[len(body.params) - len(inits):]
        for init, p, y, r in zip(inits, params, body.yields, op.results, strict=True):
            _mark(facts, p, init, y)
            _mark(facts, r, init, y)
        _region(body, facts)
        for init, p, y, r in zip(inits, params, body.yields, op.results, strict=True):
            _mark(facts, p, init, y)
            _mark(facts, r, init, y)
    elif op.name not in _FLAT and op.name not in ("alloc", "reserve", "pop"):
        for r in op.results:
            _mark(facts, r, *op.operands)
