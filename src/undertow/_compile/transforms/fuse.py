"""Loops over the same range become one, and arrays that then carry a value only within an iteration disappear.

Needs: verified IR. Gives: verified IR, in place. Cost: a test of overlap for each pair of accesses to one memory in two
loops over the same range.

A loop moves up to an earlier one over the same range, past what it has nothing to do with; what it needs of that moves
before both. Two loops become one where no iteration of the second touches what a later iteration of the first does, and
where they share memory: then each element is fetched once. Innermost loops become one only where all their iterations
are independent, so that what vectorised before still does.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_cross
from ..ir.function import Constant, Function, Op, Region, Value, free_values, replace_uses, walk
from ..ir.ops import SCALAR
from .simplify import eliminate_dead, share_loads

__all__ = ["ACCESS", "FAR", "Touched", "fuse", "fuse_in", "is_product", "needed_before"]

_LARGEST = 150  # operations in an innermost loop
_LARGEST_NEST = 600  # operations in a loop around others
FAR = 24  # operations to look past
ACCESS = frozenset(("load", "store", "accum"))
_KNOWN = frozenset(SCALAR) | ACCESS | {"for", "if", "alloc", "dim", "gemm"}


def fuse(function: Function, apart: bool = False) -> None:
    """Make one loop of several, as long as that is possible, and forward what they hand to each other.

    With `apart`, loops that could run on threads still can when they are one.
    """
    if fuse_in(memory(function), function.body, apart):
        share_loads(function)
        eliminate_dead(function)


def fuse_in(facts: MemoryFacts, region: Region, apart: bool = False) -> bool:
    """Make one loop of several in a region and what it contains; whether any were found."""
    changed = False
    k = 0
    while k < len(region.ops):
        op = region.ops[k]
        if op.name == "for":
            while _grow(facts, region, op, apart):
                changed = True
        for inner in op.regions:
            changed |= fuse_in(facts, inner, apart)
        k = region.ops.index(op) + 1
    return changed


def loop_range(facts: MemoryFacts, loop: Op) -> tuple:
    """Bounds as values plus constants, and the step."""
    lo, hi, step = loop.operands[:3]
    return facts.term(lo), facts.term(hi), step.value  # type: ignore[attr-defined]


class Touched:
    """Memory that operations read and write, and values they define and use."""

    def __init__(self, ops: Iterable[Op]) -> None:
        self.reads: set[Value] = set()
        self.writes: set[Value] = set()
        self.defined: set[Value] = set()
        self.used: set[Value] = set()
        self.known = True
        for op in ops:
            self.add(op)

    def add(self, op: Op) -> None:
        self.used.update(free_values(op))
        self.defined.update(op.results)
        for x in [op, *(x for region in op.regions for x in walk(region))]:
            self.known = self.known and x.name in _KNOWN
            if x.name in ("load", "gemm"):
                self.reads.update(x.operands[1:3] if x.name == "gemm" else x.operands[:1])
            if x.name in ("store", "accum", "gemm"):
                self.writes.add(x.operands[0])

    def before(self, other: Touched) -> bool:
        """Whether `other`, which comes later, must stay behind."""
        return bool(self.defined & other.used or self.writes & (other.reads | other.writes) or self.reads & other.writes)


def _grow(facts: MemoryFacts, region: Region, first: Op, apart: bool) -> bool:
    """Make one loop of `first` and a later one over the same range."""
    at = region.ops.index(first)
    mine = Touched([first])
    if not mine.known:
        return False
    bounds = loop_range(facts, first)
    between: list[tuple[Op, Touched]] = []
    for op in region.ops[at + 1:at + 1 + FAR]:
        touched = Touched([op])
        if not touched.known:
            return False
        if op.name == "for" and loop_range(facts, op) == bounds:
            moved = needed_before(between, touched, mine)
            if moved is not None and _worthwhile(first, op, mine, touched) and _allowed(facts, first, op, apart):
                for x in moved:
                    region.ops.remove(x)
                region.ops[at:at] = moved
                _join(facts, region, first, op)
                return True
        between.append((op, touched))
    return False


def needed_before(between: list[tuple[Op, Touched]], second: Touched, first: Touched) -> list[Op] | None:
    """What must move before both loops so that the second may follow the first; None where that cannot be."""
    moved: list[tuple[Op, Touched]] = []
    for op, touched in reversed(between):
        if touched.before(second) or any(touched.before(t) for _, t in moved):
            if first.before(touched):
                return None
            moved.append((op, touched))
    if first.defined & second.used:
        return None
    return [op for op, _ in reversed(moved)]


def _inner_loops(loop: Op) -> list[Op]:
    return [op for op in loop.regions[0].ops if op.name == "for"]


def _worthwhile(first: Op, second: Op, mine: Touched, other: Touched) -> bool:
    if not (mine.reads | mine.writes) & (other.reads | other.writes):
        return False
    if first.attrs.get("prange") != second.attrs.get("prange"):
        return False
    if bool(_inner_loops(first)) != bool(_inner_loops(second)) or is_product(first) or is_product(second):
        return False
    largest = _LARGEST_NEST if _inner_loops(first) else _LARGEST
    return sum(1 for op in (first, second) for _ in walk(op.regions[0])) <= largest


def is_product(loop: Op) -> bool:
    """Whether a nest sums over some of its indices: that may be a matrix product."""
    indices, inner = [], loop
    while True:
        indices.append(inner.regions[0].params[0])
        loops = [op for op in inner.regions[0].ops if op.regions]
        if len(loops) != 1 or loops[0].name != "for":
            break
        inner = loops[0]
    effects = [op for op in walk(loop.regions[0]) if op.name in ("store", "accum")]
    moved = {op.result: op.operands[0] for op in walk(loop.regions[0]) if op.name in ("add", "sub")
             and isinstance(op.operands[1], Constant)}
    return len(indices) >= 3 and bool(effects) and not loops and all(
        sum(1 for i in indices if any(v is i or moved.get(v) is i for v in op.operands[2:])) < len(indices)
        for op in effects)


def _accesses(loop: Op) -> list[Op]:
    return [op for op in walk(loop.regions[0]) if op.name in ACCESS]


def _allowed(facts: MemoryFacts, first: Op, second: Op, apart: bool) -> bool:
    """Whether no iteration of the second loop would come before one of the first that it must follow."""
    if any(op.name == "gemm" for loop in (first, second) for op in walk(loop.regions[0])):
        return False
    innermost = not _inner_loops(first)
    apart = apart or innermost or "prange" in first.attrs
    if innermost and not all(_vectorises(facts, loop) for loop in (first, second)):
        return False
    for x in _accesses(first):
        for y in _accesses(second):
            if x.operands[0] is not y.operands[0] or x.name == y.name == "load":
                continue
            if _same_place(x, first, y, second):
                continue
            if x.name == y.name == "accum" and not apart:
                continue
            if may_cross(facts, x, first, y, second) or (apart and may_cross(facts, x, first, y, second, True)):
                return False
    return True


def _same_place(x: Op, first: Op, y: Op, second: Op) -> bool:
    """Whether the accesses meet in equal iterations alone, as their indices show."""
    i, j = first.regions[0].params[0], second.regions[0].params[0]
    a, b = (op.operands[1 if op.name == "load" else 2:] for op in (x, y))
    return any(v is i and w is j for v, w in zip(a, b, strict=True))


def _vectorises(facts: MemoryFacts, loop: Op) -> bool:
    """Whether iterations are independent but for sums."""
    from .loops import independent, sums_only

    return all(op.name != "if" for op in loop.regions[0].ops) and sums_only(loop) and independent(
        facts, loop, _accesses(loop), True)


def _join(facts: MemoryFacts, region: Region, first: Op, second: Op) -> None:
    """Append the second loop's iterations to those of the first."""
    body, tail = first.regions[0], second.regions[0]
    region.ops.remove(second)
    i, j = body.params[0], tail.params[0]
    replace_uses(tail, {j: i})
    first.operands += second.operands[3:]
    first.results += second.results
    body.params += tail.params[1:]
    body.yields += tail.yields
    body.ops += tail.ops
    chain = facts.chain[first]
    for r in first.results:
        facts.definition[r] = first
    for n, p in enumerate(body.params):
        facts.parameter_of[p] = (first, body, n)
    for op in tail.ops:
        _place(facts, op, body, (*chain, (first, 0)))


def _place(facts: MemoryFacts, op: Op, region: Region, chain: tuple) -> None:
    facts.chain[op] = chain
    facts.region[op] = region
    for k, inner in enumerate(op.regions):
        for x in inner.ops:
            _place(facts, x, inner, (*chain, (op, k)))
