"""Adjoint stencils as gathers.

A stencil reads neighbours; its pullback adds to neighbours (``a[i-1] += x(i); a[i] += y(i); a[i+1] += z(i)``), iterations
touch each other's elements, and nothing vectorises or runs in parallel. Where an element moves with the loop's index, the
same additions are gathered by element: ``a[j] += x(j+1) + y(j) + z(j-1)`` for all `j` that receive every part, and the few
iterations whose parts fall outside of that core are done on their own (Hueckelheim, Kukreja, Narayanan, Luporini, Gorman,
Hovland: Automatic differentiation for adjoint stencil loops, 2019).

Needs: verified IR. Gives: verified IR, in place. Cost: a test of overlap for each pair of accesses to one memory in a loop.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet
from ..ir.builder import Builder, const
from ..ir.function import Function, Op, Region, Value, walk
from ..ir.types import I64
from .loops import (
    cost_of,
    depends_on,
    independent,
    is_plain,
    key_of,
    needed_for,
    offset_from,
    reads_back,
    replace,
    sliced,
)
from .simplify import again

__all__ = ["gather", "gathered"]

_COST = 12.0
_ACCESS = frozenset(("load", "store", "accum"))
_STRAIGHT = 8  # peeled iterations that are written out
_WIDEST = 8


def gather(function: Function) -> None:
    """Innermost loops that add to neighbours add to each element once."""
    facts = memory(function)
    for loop in [op for op in walk(function.body) if op.name == "for"]:
        gathered(facts, loop)


def gathered(facts: MemoryFacts, loop: Op) -> bool:
    """Turn one loop into a gather, where that is right; whether it was."""
    parts = _parts(facts, loop)
    if parts is None:
        return False
    replace(facts, loop, _Gather(facts, loop, parts).run())
    return True


def _parts(facts: MemoryFacts, loop: Op) -> dict[int, set[Op]] | None:
    """Additions of an iteration by how far from its index they land; None where a gather is not right or no gain."""
    step = loop.operands[2].value  # type: ignore[attr-defined]
    if loop.results or not is_plain(loop) or not step:
        return None
    body, i = loop.regions[0], loop.regions[0].params[0]
    parts: dict[int, set[Op]] = {}
    by_root: dict[Value, set[int]] = {}
    for op in body.ops:
        c = _distance(facts, loop, op, i) if op.name == "accum" else None
        if c is not None:
            parts.setdefault(c, set()).add(op)
            by_root.setdefault(op.operands[0], set()).add(c)
    several = {root for root, distances in by_root.items() if len(distances) > 1}
    parts = {c: kept for c, part in parts.items() if (kept := {op for op in part if op.operands[0] in several})}
    if len(parts) < 2 or max(parts) - min(parts) > _WIDEST * abs(step):
        return None
    first = next(iter(parts))
    if any((c - first) % abs(step) for c in parts) or not _separable(facts, loop, parts, several):
        return None
    return parts if sum(cost_of(loop, part) for part in parts.values()) <= _COST * len(parts) else None


def _distance(facts: MemoryFacts, loop: Op, op: Op, i: Value) -> int | None:
    """How far from the loop's index an addition lands, where that is one constant."""
    found = None
    for v in op.operands[2:]:
        c = offset_from(facts, v, i)
        if c is not None:
            if found is not None:
                return None
            found = c
        elif depends_on(facts, v, loop):
            return None
    return found


def _separable(facts: MemoryFacts, loop: Op, parts: dict[int, set[Op]], roots: set[Value]) -> bool:
    """Whether the parts may be done apart from each other and from the rest of the iterations."""
    body = loop.regions[0]
    moved = {op for part in parts.values() for op in part}
    accesses = [op for op in body.ops if op.name in _ACCESS]
    if any(op.operands[0] in roots and op not in moved for op in accesses):
        return False
    if not any(may_meet(facts, a, b, loop) for a in moved for b in moved
               if a is not b and a.operands[0] is b.operands[0]):
        return False  # nothing to gain: they never touch each other's elements
    return not reads_back(facts, body) and independent(facts, loop, accesses)


class _Gather:
    """Writes the loops that a loop becomes."""

    def __init__(self, facts: MemoryFacts, loop: Op, parts: dict[int, set[Op]]) -> None:
        self.facts, self.loop, self.parts = facts, loop, parts
        self.i = loop.regions[0].params[0]
        self.low, self.high = min(parts), max(parts)
        self.step = abs(loop.operands[2].value)  # type: ignore[attr-defined]
        self.b = Builder()
        self.b.span = loop.span

    def run(self) -> list[Op]:
        b = self.b
        lo, hi = self.bounds()
        start, end = self.moved(lo, self.high), self.moved(hi, self.low)
        self.core(start, end)
        if self.step == 1:
            past = b.scalar("select", b.scalar("lt", end, start), start, end)
        else:
            past = b.add(start, b.mul(self.count(start, end), const(self.step)))
        straight = len(self.parts) * (self.high - self.low) // self.step <= _STRAIGHT
        for c, part in sorted(self.parts.items()):
            first = self.moved(lo, self.high - c)
            self.peeled(part, lo, first, hi, (self.high - c) // self.step, straight)
            self.peeled(part, self.moved(past, -c), hi, hi, (c - self.low) // self.step, straight)
        own = {op for part in self.parts.values() for op in part}
        rest = {op for op in self.loop.regions[0].ops if op.name in ("store", "accum") and op not in own}
        if rest:
            b.region.ops.append(sliced(self.loop, rest))
        return b.region.ops

    # ---- ranges
    def bounds(self) -> tuple[Value, Value]:
        """The lowest value of the index, and a bound above the highest."""
        lo, hi, step = self.loop.operands[:3]
        if step.value > 0:  # type: ignore[attr-defined]
            return lo, hi
        if self.step == 1:
            return self.moved(hi, 1), self.moved(lo, 1)
        last = self.b.mul(self.b.sub(self.count(hi, lo), const(1)), const(self.step))
        return self.b.sub(lo, last), self.moved(lo, 1)

    def count(self, lo: Value, hi: Value) -> Value:
        """Number of steps from `lo` to below `hi`."""
        b = self.b
        n = b.scalar("floordiv", b.add(b.sub(hi, lo), const(self.step - 1)), const(self.step))
        return b.scalar("select", b.scalar("lt", n, const(0)), const(0), n)

    def moved(self, v: Value, c: int) -> Value:
        """``v + c``, from what `v` itself was moved from."""
        v, d = self.facts.moved(v)
        c += d
        return self.b.add(v, const(c)) if c > 0 else self.b.sub(v, const(-c)) if c else v

    # ---- bodies
    def core(self, start: Value, end: Value) -> None:
        """Each element that receives all parts, once."""
        b, j = self.b, Value(I64, self.i.name)
        sums: dict[tuple, list] = {}
        loads: dict[tuple, Value] = {}
        with b.inside(Region([j])) as region:
            for c, part in sorted(self.parts.items(), key=lambda item: (item[0] != 0, item[0])):
                at = self.moved(j, -c)
                for op, value in self.copies(part, at, loads):
                    index = [j if offset_from(self.facts, v, self.i) is not None else v for v in op.operands[2:]]
                    found = sums.setdefault((op.operands[0], *map(key_of, index)), [index, None])
                    found[1] = value if found[1] is None else b.scalar("radd", found[1], value)
            for (root, *_), (index, total) in sums.items():
                b.accum(root, total, index)
        b.emit("for", [start, end, const(self.step)], [], {"gather": (self.low, self.high)}, [region])

    def peeled(self, part: set[Op], lo: Value, past: Value, hi: Value, most: int, straight: bool) -> None:
        """One part's iterations from `lo` to below `past` and `hi`, of which there are at most `most`."""
        b = self.b
        if not straight:
            if most:
                end = hi if past is hi else b.scalar("select", b.scalar("lt", hi, past), hi, past)
                i = Value(I64, self.i.name)
                with b.inside(Region([i])) as region:
                    self.added(part, i)
                b.emit("for", [lo, end, const(self.step)], [], {"gather": None}, [region])
            return
        for n in range(most):
            at = self.moved(lo, n * self.step)
            with b.inside(Region()) as region:
                self.added(part, at)
            b.emit("if", [b.scalar("lt", at, hi)], [], {"gather": None}, [region, Region()])

    def added(self, part: set[Op], at: Value) -> None:
        mapping = {self.i: at}
        for op, value in self.copies(part, at, {}, mapping):
            self.b.accum(op.operands[0], value, [mapping.get(v, v) for v in op.operands[2:]])

    def copies(self, part: set[Op], at: Value, loads: dict, mapping: dict | None = None) -> list[tuple[Op, Value]]:
        """The additions of a part with their values for the index `at`."""
        mapping = {} if mapping is None else mapping
        mapping[self.i] = at
        found = []
        for op in needed_for(self.loop, part):
            operands = [mapping.get(v, v) for v in op.operands]
            if op in part:
                found.append((op, operands[1]))
            elif op.name == "load":
                key = tuple(map(key_of, operands))
                if key not in loads:
                    loads[key] = self.b.load(operands[0], operands[1:], op.result.name)
                mapping[op.result] = loads[key]
            elif op.attrs:
                mapping[op.result] = self.b.pure(op.name, operands, op.result.type, op.attrs)
            else:
                mapping[op.result] = again(self.b, op, operands)
        return found
