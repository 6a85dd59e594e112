"""Loops over whole trailing axes become one loop over the memory they walk through.

``for i: for k: a[i, k] = b[i + 1, k]`` over all of `k` is one run through memory. With three colours or two unknowns on the
last axis, the inner loop is too short for vector registers, and the one over both is not.

An index tuple of the new loop counts from a row: ``a[0, f]``, with `f` beyond the extent of its axis. What reads indices as
places along axes must come before.

Needs: verified IR whose arrays are dense. Gives: verified IR, in place, for the emitter alone. Cost: linear in each nest.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import SCALAR
from ..ir.types import I64
from .loops import is_plain

__all__ = ["collapse"]

_ACCESS = frozenset(("load", "store", "accum"))


def collapse(function: Function) -> None:
    """Make one loop of nests that walk through memory in order."""
    facts = memory(function)
    extents = _extents(facts, function)
    for loop in [op for op in walk(function.body) if op.name == "for" and is_plain(op)]:
        best = None
        nest = [loop]
        while (around := _around(facts, nest[0])) is not None:
            nest.insert(0, around)
            if _walks(facts, extents, nest):
                best = list(nest)
        if best is not None:
            _collapse(facts, best)


def _extents(facts: MemoryFacts, function: Function) -> dict[tuple[Value, int], set]:
    """What is known of the extents of arrays, as values plus constants."""
    found: dict[tuple[Value, int], set] = {}
    for place, n in function.extents.items():
        found.setdefault(place, set()).add((None, n))
    for place, v in function.equal.items():
        found.setdefault(place, set()).add(facts.term(v))
    for op in walk(function.body):
        if op.name == "dim":
            found.setdefault((op.operands[0], op.attrs["axis"]), set()).add((op.result, 0))
        elif op.name == "alloc":
            for k, v in enumerate(op.operands):
                found.setdefault((op.result, k), set()).add(facts.term(v))
    return found


def _around(facts: MemoryFacts, inner: Op) -> Op | None:
    """The loop that does nothing but run another one, and hands on what that carries."""
    chain = facts.chain[inner]
    loop = chain[-1][0] if chain else None
    if loop is None or loop.name != "for" or loop.operands[2].value != 1 or inner.operands[2].value != 1:  # type: ignore
        return None
    body = loop.regions[0]
    if loop.attrs.get("threads") or any(op is not inner and op.name not in SCALAR and op.name != "dim" for op in body.ops):
        return None
    passed = len(inner.operands) - 3 == len(body.params) - 1 and all(
        a is b for a, b in zip(inner.operands[3:], body.params[1:], strict=True)) and all(
        a is b for a, b in zip(body.yields, inner.results, strict=True))
    return loop if passed and facts.term(inner.operands[0]) == (None, 0) else None


def _counted(nest: list[Op]) -> dict[Value, tuple[int, int]] | None:
    """Values that are the index of a loop plus a constant, by the loop's place; None where an index is used otherwise."""
    places = {loop.regions[0].params[0]: (k, 0) for k, loop in enumerate(nest)}
    for loop in nest:
        body = loop.regions[0]
        for op in body.ops:
            values = op.operands[:2] if op.name == "store" else op.operands
            if op.name in _ACCESS and not any(v in places for v in op.operands[1:2] if op.name != "load"):
                continue
            moved = [v for v in values if v in places]
            if not moved:
                continue
            if op.name not in ("add", "sub") or not isinstance(op.operands[1], Constant):
                return None
            k, c = places[op.operands[0]]
            places[op.result] = k, c + (op.operands[1].value if op.name == "add" else -op.operands[1].value)
        if any(v in places for v in (*body.yields, *loop.operands[3:])):
            return None
    return places


def _index(op: Op) -> list[Value]:
    return op.operands[1 if op.name == "load" else 2:]


def _walks(facts: MemoryFacts, extents: dict, nest: list[Op]) -> bool:
    """Whether a nest walks through the memory of all its arrays in order, or does not move in it."""
    places = _counted(nest)
    if places is None or any(not facts.known_before(v, nest[0]) for loop in nest for v in loop.operands[:2]
                             if not isinstance(v, Constant)):
        return False
    p = len(nest)
    ends = [facts.term(loop.operands[1]) for loop in nest]
    rows: dict[Value, set] = {}
    written: set[Value] = set()
    for op in nest[-1].regions[0].ops:
        if op.name not in _ACCESS:
            continue
        root, index = op.operands[0], _index(op)
        where = [places.get(v) for v in index]
        if any(where):
            n = len(index)
            if n < p or any(where[:n - p]) or any(w is None or w[0] != k or (k and w[1]) for k, w in enumerate(where[n - p:])):
                return False
            if any(ends[k] not in extents.get((root, n - p + k), ()) for k in range(1, p)):
                return False
        row = where[len(index) - p] if any(where) else None
        rows.setdefault(root, set()).add(row)
        if op.name != "load":
            written.add(root)
    return all(len(rows[root]) == 1 for root in written)


def _collapse(facts: MemoryFacts, nest: list[Op]) -> None:
    outer, loop = nest[0], nest[-1]
    places = _counted(nest)
    assert places is not None
    b = Builder()
    b.span = outer.span
    for around in nest[:-1]:
        b.region.ops += [op for op in around.regions[0].ops if op not in nest and op.result not in places]
    size = const(1)
    for inner in nest[1:]:
        size = b.mul(size, inner.operands[1])  # type: ignore[assignment]
    lo, hi = (b.mul(v, size) for v in outer.operands[:2])
    f, body = Value(I64, outer.regions[0].params[0].name), loop.regions[0]
    body.params[0] = f
    body.ops = [op for op in body.ops if not (op.results and op.result in places)]
    p = len(nest)
    for op in body.ops:
        if op.name in _ACCESS and any(v in places for v in _index(op)):
            row = places[op.operands[-p]][1]
            op.operands[-p:] = [const(row), *[const(0)] * (p - 2), f]
    loop.operands = [lo, hi, const(1), *outer.operands[3:]]
    loop.results = outer.results
    region: Region = facts.region[outer]
    at = region.ops.index(outer)
    region.ops[at:at + 1] = [*b.region.ops, loop]
    facts.region[loop], facts.chain[loop] = region, facts.chain[outer]
