"""Nests that add to neighbours as gathers.

As `gather`, along the index of a loop that may contain others: ``for i: for j: a[i-1, j] += x(i, j); a[i+1, j] += y(i, j)``
adds to each row once, all rows that receive every part in one loop, whose iterations touch a row each. That lets them run
on threads (`gather_nest`). Where neighbours go around the end (``i - 1 if i > 0 else n - 1``), every row receives every
part, and one loop does for all: each element is then fetched and written once, and `gather_around` does it in any case.

Needs: verified IR. Gives: verified IR, in place, with operations that have become dead. Cost: a test of overlap for each pair
    of accesses to one memory in the loop.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet
from ..ir.builder import Builder, const
from ..ir.function import Function, Op, Region, Value, walk
from ..ir.ops import HAS_EFFECT, SCALAR
from ..ir.types import I64
from .fuse import fuse_in
from .loops import offset_from, replace
from .rotation import rotation_of

__all__ = ["gather_around", "gather_nest"]

_ACCESS = frozenset(("load", "store", "accum"))
_PLAIN = frozenset(SCALAR) | _ACCESS | {"dim", "if", "for"}
_WIDEST = 8
_PARTS = 5
_TWICE = 12.0  # what a part may cost that others have done already


def gather_nest(facts: MemoryFacts, loop: Op) -> list[Op]:
    """Turn a loop into loops of which the first gathers; those, or nothing where that is not right."""
    found = _parts(facts, loop)
    return [] if found is None else _rewritten(facts, loop, *found)


def gather_around(function: Function) -> None:
    """Gather what nests add to neighbours that go around the end, where that computes little twice."""
    facts = memory(function)
    for loop in reversed([op for op in walk(function.body) if op.name == "for"]):
        found = _parts(facts, loop)
        if found is None or not found[1] or _rest(loop, found[0]):
            continue
        parts = found[0].values()
        twice = sum(_cost(_needed(loop, part)) for part in parts) - _cost(_needed(loop, set().union(*parts)))
        if twice <= _TWICE * len(parts):
            new, = (op for op in _rewritten(facts, loop, *found) if op.name == "for")
            fuse_in(facts, new.regions[0])
            facts = memory(function)


def _rewritten(facts: MemoryFacts, loop: Op, parts: dict[int, set[Op]], around: bool) -> list[Op]:
    new = _Nest(facts, loop, parts, around).run()
    replace(facts, loop, new)
    return new


def _rest(loop: Op, parts: dict[int, set[Op]]) -> set[Op]:
    """Effects that are in no part."""
    own = {op for part in parts.values() for op in part}
    return {op for op in walk(loop.regions[0]) if op.name in HAS_EFFECT and op not in own}


def _needed(loop: Op, effects: set[Op]) -> set[Op]:
    """Operations in a loop that some of its effects need."""
    made = {r: op for op in walk(loop.regions[0]) for r in op.results}
    wanted = set(effects)
    around: dict[Op, Op] = {}
    for op in walk(loop.regions[0]):
        for inner in op.regions:
            around.update(dict.fromkeys(inner.ops, op))
    todo = list(effects)
    while todo:
        op = todo.pop()
        uses = [*op.operands, *(y for inner in op.regions for y in inner.yields)] if op.results or not op.regions \
            else op.operands
        for other in [made.get(v) for v in uses] + [around.get(op)]:
            if other is not None and other not in wanted:
                wanted.add(other)
                todo.append(other)
    return wanted


def _cost(ops: set[Op]) -> float:
    return sum(SCALAR[op.name].cost if op.name in SCALAR else 1.0 for op in ops)


def _parts(facts: MemoryFacts, loop: Op) -> tuple[dict[int, set[Op]], bool] | None:
    """Additions in an iteration by how far from its index they land, and whether they go around the end."""
    inside = list(walk(loop.regions[0]))
    if loop.results or abs(loop.operands[2].value) != 1 or any(  # type: ignore[attr-defined]
            op.name not in _PLAIN for op in inside):
        return None
    i = loop.regions[0].params[0]
    moving = _moving(loop.regions[0], i)
    if any(op.name == "for" and any(v in moving for v in op.operands[:3]) for op in inside):
        return None
    by_root: dict[Value, list[Op]] = {}
    for op in inside:
        if op.name in _ACCESS:
            by_root.setdefault(op.operands[0], []).append(op)
    parts: dict[int, set[Op]] = {}
    ways: set[bool] = set()
    for root, accesses in by_root.items():
        distances = {op: _distance(facts, op, loop, moving) for op in accesses}
        if {op.name for op in accesses} != {"accum"} or len(set(distances.values())) == 1:
            if not _apart(facts, loop, accesses):
                return None
            continue
        if None in distances.values() or not root.type.is_float:
            return None
        for op, found in distances.items():
            assert found is not None
            parts.setdefault(found[0], set()).add(op)
            ways |= {found[1]} if found[0] else set()
    if not 2 <= len(parts) <= _PARTS or max(parts) - min(parts) > _WIDEST or len(ways) != 1:
        return None
    return parts, ways.pop()


def _moving(body: Region, i: Value) -> set[Value]:
    """Values that depend on the loop's index."""
    found = {i}
    size = 0
    while size != len(found):
        size = len(found)
        for op in walk(body):
            if any(v in found for v in op.operands) or any(y in found for r in op.regions for y in r.yields):
                found.update(op.results)
                if op.name == "for":
                    found.update(q for q, v in zip(op.regions[0].params[1:], op.operands[3:], strict=True) if v in found)
    return found


def _distance(facts: MemoryFacts, op: Op, loop: Op, moving: set[Value]) -> tuple[int, bool] | None:
    """How far from the loop's index an addition lands, and whether around the end."""
    if op.name != "accum":
        return None
    i, found = loop.regions[0].params[0], None
    for v in op.operands[2:]:
        c, around = offset_from(facts, v, i), False
        if c is None:
            c, around = rotation_of(facts, v, loop), True
        if c is not None and found is None:
            found = c, around
        elif v in moving:
            return None
    return found


def _apart(facts: MemoryFacts, loop: Op, accesses: list[Op]) -> bool:
    """Whether iterations do not meet, and none reads what it has written itself."""
    for first in accesses:
        for second in accesses:
            if first.name == second.name == "load":
                continue
            if may_meet(facts, first, second, loop, "later"):
                return False
            if first.name == "load" or second.name != "load":
                continue
            shared = [c for (c, _), (d, _) in zip(facts.chain[first], facts.chain[second], strict=False) if c is d]
            inner = shared[shared.index(loop) + 1:]
            if any(c.name == "for" and may_meet(facts, first, second, c, "later") for c in inner) \
                    or (facts.order[second] > facts.order[first] and may_meet(facts, first, second, None)):
                return False
    return True


class _Nest:
    """Writes the loops that a nest becomes."""

    def __init__(self, facts: MemoryFacts, loop: Op, parts: dict[int, set[Op]], around: bool) -> None:
        self.facts, self.loop, self.parts, self.around = facts, loop, parts, around
        self.i = loop.regions[0].params[0]
        self.b = Builder()
        self.b.span = loop.span

    def run(self) -> list[Op]:
        b, low, high = self.b, min(self.parts), max(self.parts)
        lo, hi, step = self.loop.operands[:3]
        if step.value < 0:  # type: ignore[attr-defined]
            lo, hi = self.moved(hi, 1), self.moved(lo, 1)
        rest = _rest(self.loop, self.parts)
        if self.around:
            self.nest(lo, hi, sorted(self.parts.items()))
            if rest:
                self.nest(lo, hi, [(0, rest)])
            return b.region.ops
        start, end = self.moved(lo, high), self.moved(hi, low)
        self.nest(start, end, sorted(self.parts.items()))
        past = b.scalar("select", b.scalar("lt", end, start), start, end)
        for c, part in sorted(self.parts.items()):
            if c < high:
                first = self.moved(lo, high - c)
                self.nest(lo, b.scalar("select", b.scalar("lt", hi, first), hi, first), [(0, part)])
            if c > low:
                self.nest(self.moved(past, -c), hi, [(0, part)])
        if rest:
            self.nest(lo, hi, [(0, rest)])
        return b.region.ops

    def moved(self, v: Value, c: int) -> Value:
        """``v + c``, from what `v` itself was moved from."""
        v, d = self.facts.moved(v)
        c += d
        return self.b.add(v, const(c)) if c > 0 else self.b.sub(v, const(-c)) if c else v

    def nest(self, lo: Value, hi: Value, parts: list[tuple[int, set[Op]]]) -> None:
        """The body for each part, of the iterations from `lo` to below `hi` that lie so far back."""
        j = Value(I64, self.i.name)
        with self.b.inside(Region([j])) as region:
            for c, part in parts:
                self.copy(self.loop.regions[0], self.places(j, lo, hi, c), part, _needed(self.loop, part))
        attrs = {k: True for k, on in (("prange", self.loop.attrs.get("prange")), ("around", self.around)) if on}
        self.b.emit("for", [lo, hi, const(1)], [], attrs, [region])

    def places(self, j: Value, lo: Value, hi: Value, c: int) -> dict[Value, Value]:
        """The index of the iteration whose part `c` lands on `j`, and what lies some places from it."""
        inside = list(walk(self.loop.regions[0]))
        if self.around and c:
            b = self.b
            here = b.scalar("select", b.scalar("gt", j, lo), b.sub(j, const(1)), self.moved(hi, -1)) if c > 0 else \
                b.scalar("select", b.scalar("lt", j, self.moved(hi, -1)), b.add(j, const(1)), lo)
            return {self.i: here, **{op.result: j for op in inside if op.results
                                     and rotation_of(self.facts, op.result, self.loop) == c}}
        mapping = {self.i: self.moved(j, -c)}
        for op in inside:
            if op.name in ("add", "sub") and (k := offset_from(self.facts, op.result, self.i)) is not None:
                mapping[op.result] = self.moved(j, k - c)
        return mapping

    def copy(self, region: Region, mapping: dict[Value, Value], part: set[Op], needed: set[Op]) -> None:
        """Append the operations of a region, of those with effects the ones of a part."""
        for op in region.ops:
            if op not in needed or op.name in HAS_EFFECT and op not in part or op.results and op.result in mapping:
                continue
            operands = [mapping.get(v, v) for v in op.operands]
            regions = []
            for inner in op.regions:
                params = [Value(p.type, p.name) for p in inner.params]
                mapping.update(zip(inner.params, params, strict=True))
                with self.b.inside(Region(params)) as new:
                    self.copy(inner, mapping, part, needed)
                    new.yields = [mapping.get(y, y) for y in inner.yields]
                regions.append(new)
            attrs = {k: v for k, v in op.attrs.items() if k != "gather"}
            results = self.b.emit(op.name, operands, [r.type for r in op.results], attrs, regions,
                                  [r.name for r in op.results])
            mapping.update(zip(op.results, results, strict=True))
