"""The order of the loops of a nest around its innermost loops, so that what is near in memory is near in time.

- `turn_nests`: outer loops whose iterations are independent run upwards, and can then become one with loops that did.
- `interchange`: ``for k: for i: for j: a[i, j, k] = f(a[i, j, k - 1])`` walks through all of the memory for each `k`.
  Where no iteration needs another `i`, each `i` is done for all `k` while its part of the memory is in the cache.

Needs: verified IR. Gives: verified IR, in place. Cost: a test of overlap for each pair of accesses to one memory in a nest.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet, may_swap
from ..ir.builder import const
from ..ir.function import Function, Op, Value, walk
from ..ir.ops import SCALAR
from .loops import offset_from, plus_one, register

__all__ = ["interchange", "may_turn", "turn_nests"]

_ACCESS = frozenset(("load", "store", "accum"))
_KNOWN = frozenset(SCALAR) | _ACCESS | {"for", "if", "alloc", "dim"}


def turn_nests(function: Function) -> None:
    """Independent iterations of loops around others run upwards."""
    facts = memory(function)
    for loop in [op for op in walk(function.body) if op.name == "for"]:
        if loop.operands[2].value == -1 and not loop.results and _holds_loops(loop) and may_turn(facts, loop):  # type: ignore
            region = facts.region[loop]
            lo, hi = loop.operands[:2]
            loop.operands[:3] = [plus_one(facts, region, loop, hi), plus_one(facts, region, loop, lo), const(1)]


def may_turn(facts: MemoryFacts, loop: Op) -> bool:
    """Whether the iterations of a loop may run in any order."""
    inside = list(walk(loop.regions[0]))
    return all(op.name in _KNOWN for op in inside) and _independent(facts, loop, inside)


def _holds_loops(loop: Op) -> bool:
    return any(op.name == "for" for op in loop.regions[0].ops)


def _index(op: Op) -> list[Value]:
    return op.operands[1 if op.name == "load" else 2:]


def _pairs(facts: MemoryFacts, loop: Op, inside: list[Op]) -> list[tuple[Op, Op]]:
    """Accesses to one memory from outside the loop that must not change their order."""
    by_root: dict[Value, list[Op]] = {}
    for op in inside:
        if op.name in _ACCESS:
            by_root.setdefault(op.operands[0], []).append(op)
    for op in inside:
        if op.name == "alloc":
            by_root.pop(op.result, None)
    return [(a, b) for accesses in by_root.values() for k, a in enumerate(accesses) for b in accesses[k:]
            if not (a.name == b.name and a.name in ("load", "accum"))]


def _together(facts: MemoryFacts, a: Op, b: Op, i: Value) -> bool:
    """Whether the accesses meet in equal iterations of the loop of index `i` alone, as their indices show."""
    for v, w in zip(_index(a), _index(b), strict=True):
        c = offset_from(facts, v, i)
        if c is not None and c == offset_from(facts, w, i):
            return True
    return False


def _independent(facts: MemoryFacts, loop: Op, inside: list[Op]) -> bool:
    i = loop.regions[0].params[0]
    return not any(not _together(facts, a, b, i) and (may_meet(facts, a, b, loop, "later")
                                                      or may_meet(facts, a, b, loop, "earlier"))
                   for a, b in _pairs(facts, loop, inside))


def interchange(function: Function) -> None:
    """Move loops of independent iterations out of the loops they stand in."""
    facts = memory(function)
    for loop in reversed([op for op in walk(function.body) if op.name == "for"]):
        inner = _only_loop(loop)
        if inner is not None and _allowed(facts, loop, inner) and _worthwhile(facts, loop, inner):
            _swap(facts, loop, inner)


def _only_loop(loop: Op) -> Op | None:
    """The loop that is all a loop does, if it contains loops itself."""
    body = loop.regions[0]
    loops = [op for op in body.ops if op.name == "for"]
    if len(loops) != 1 or loop.results or loops[0].results or not _holds_loops(loops[0]):
        return None
    if any(op is not loops[0] and op.name not in SCALAR and op.name != "dim" for op in body.ops):
        return None
    moving = set(body.params)
    for op in body.ops:
        if any(v in moving for v in op.operands[:3 if op.name == "for" else None]):
            if op is loops[0]:
                return None
            moving.update(op.results)
    return loops[0]


def _allowed(facts: MemoryFacts, loop: Op, inner: Op) -> bool:
    if any(x.attrs.get("prange") for x in (loop, inner)):
        return False
    inside = list(walk(loop.regions[0]))
    if any(op.name not in _KNOWN for op in inside):
        return False
    i = inner.regions[0].params[0]
    return not any(not _together(facts, a, b, i) and (may_swap(facts, a, b, loop, inner) or may_swap(facts, b, a, loop, inner))
                   for a, b in _pairs(facts, loop, inside))


def _worthwhile(facts: MemoryFacts, loop: Op, inner: Op) -> bool:
    """Whether most accesses lie nearer to each other in the iterations of the outer loop than in those of the inner."""
    k, i = loop.regions[0].params[0], inner.regions[0].params[0]
    gain = 0
    for op in walk(inner.regions[0]):
        if op.name in _ACCESS:
            index = _index(op)
            mine = next((n for n, v in enumerate(index) if offset_from(facts, v, i) is not None), None)
            other = next((n for n, v in enumerate(index) if offset_from(facts, v, k) is not None), len(index))
            gain += len(index) if mine is not None and mine < other else -len(index)
    return gain > 0


def _swap(facts: MemoryFacts, loop: Op, inner: Op) -> None:
    """``for k: for i`` becomes ``for i: for k``."""
    region, body = facts.region[loop], loop.regions[0]
    moving = set(body.params)
    before, own = [], []
    for op in body.ops:
        if op is inner:
            continue
        if any(v in moving for v in op.operands):
            moving.update(op.results)
            own.append(op)
        else:
            before.append(op)
    inside = inner.regions[0].ops
    inner.regions[0].ops = [loop]
    body.ops = own + inside
    at = region.ops.index(loop)
    region.ops[at:at + 1] = [*before, inner]
    chain = facts.chain[loop]
    for op in [*before, inner]:
        register(facts, op, region, chain)
