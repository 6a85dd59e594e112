"""Loops around others become one where the second, some iterations behind, finds done what it needs.

``for i: b[i] = f(a[i - 1], a[i + 1])`` and ``for i: c[i] = g(b[i - 1], b[i + 1])`` pass through `b` twice. In one loop,
``for i: b[i] = ...; if i > 0: c[i - 1] = ...``, the rows that the second part reads are still in the cache.

Needs: verified IR, after `fuse` and `contract`. Gives: verified IR, in place. Cost: as `fuse`.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_cross
from ..ir.builder import Builder, const
from ..ir.function import Function, Op, Region, Value, replace_uses, walk
from ..ir.types import I64
from .fuse import ACCESS, FAR, Touched, is_product, needed_before
from .loops import offset_from, register
from .nesting import may_turn

__all__ = ["fuse_shifted"]

_WIDEST = 6
_LARGEST = 900


def fuse_shifted(function: Function) -> None:
    """Make one loop of several that contain loops, with some of them behind the others: of the outermost that may be."""
    _fuse_in(memory(function), function.body)


def _fuse_in(facts: MemoryFacts, region: Region) -> None:
    k = 0
    made: list[Op] = []
    while k < len(region.ops):
        op = region.ops[k]
        joined = _grow(facts, region, op) if op.name == "for" else None
        if joined is not None:
            made.append(joined)
            continue
        for inner in op.regions if op not in made else ():
            _fuse_in(facts, inner)
        k += 1


def _fits(loop: Op) -> bool:
    """Whether a loop is one around others, in steps of one, that touches memory by single accesses alone."""
    inside = list(walk(loop.regions[0]))
    return (abs(loop.operands[2].value) == 1 and not loop.attrs.get("prange")  # type: ignore[attr-defined]
            and any(op.name == "for" for op in inside) and not any(op.name == "gemm" for op in inside)
            and not is_product(loop))


def _grow(facts: MemoryFacts, region: Region, first: Op) -> Op | None:
    """Make one loop of `first` and a later one; that loop, where they may be one."""
    if not _fits(first):
        return None
    at = region.ops.index(first)
    mine = Touched([first])
    if not mine.known:
        return None
    between: list[tuple[Op, Touched]] = []
    for op in region.ops[at + 1:at + 1 + FAR]:
        touched = Touched([op])
        if not touched.known:
            return None
        if op.name == "for" and _fits(op) and (mine.reads | mine.writes) & (touched.reads | touched.writes) \
                and sum(1 for x in (first, op) for _ in walk(x.regions[0])) <= _LARGEST:
            moved = needed_before(between, touched, mine)
            places = None if moved is None else _places(facts, first, op)
            if moved is not None and places is not None:
                for x in moved:
                    region.ops.remove(x)
                region.ops[at:at] = moved
                return _join(facts, region, first, op, places)
        between.append((op, touched))
    return None


def _places(facts: MemoryFacts, first: Op, second: Op) -> _Places | None:
    """Where both loops run once they are one; None where they must stay apart."""
    (mine, step), (other, direction) = _range(facts, first), _range(facts, second)
    if step != direction:
        if not second.results and may_turn(facts, second):
            other = _turned(other, direction)
        elif not first.results and may_turn(facts, first):
            mine, step = _turned(mine, step), direction
        else:
            return None
    if any(a[0] is not b[0] for a, b in zip(mine, other, strict=True)):
        return None
    least = _least(facts, first, second, step)
    if least is None:
        return None
    aligned = {step * (a[1] - b[1]) for a, b in zip(mine, other, strict=True)}
    shift = max(least, 0)
    if len(aligned) == 1 and least <= min(aligned) <= _WIDEST:
        shift = aligned.pop()
    behind = tuple((v, c + step * shift) for v, c in other)
    return _Places(step, shift, mine, behind) if shift <= _WIDEST else None


class _Places:
    """A direction, how many iterations the second loop is behind, and the bounds of both then."""

    def __init__(self, step: int, shift: int, mine: tuple, behind: tuple) -> None:
        self.step, self.shift, self.mine, self.behind = step, shift, mine, behind
        ends = (min, max) if step > 0 else (max, min)
        self.both = tuple((a[0], choose(a[1], b[1])) for a, b, choose in zip(mine, behind, ends, strict=True))


def _range(facts: MemoryFacts, loop: Op) -> tuple[tuple, int]:
    return tuple(facts.term(v) for v in loop.operands[:2]), loop.operands[2].value  # type: ignore[attr-defined]


def _turned(bounds: tuple, step: int) -> tuple:
    """Bounds of the same range in the other direction."""
    (a, p), (b, q) = bounds
    return (b, q - step), (a, p - step)


def _least(facts: MemoryFacts, first: Op, second: Op, step: int) -> int | None:
    """How far the second loop must be behind the first at least."""
    i, j = first.regions[0].params[0], second.regions[0].params[0]
    least = -_WIDEST
    rest = []
    for x in [op for op in walk(first.regions[0]) if op.name in ACCESS]:
        for y in [op for op in walk(second.regions[0]) if op.name in ACCESS]:
            if x.operands[0] is not y.operands[0] or (x.name == y.name and x.name in ("load", "accum")):
                continue
            apart = _apart(facts, x, y, i, j)
            if apart is None:
                rest.append((x, y))
            else:
                least = max(least, step * apart)
    if any(may_cross(facts, x, first, y, second, shift=max(least, 0), step=step) for x, y in rest):
        return None
    return max(least, 0) if rest else least


def _apart(facts: MemoryFacts, x: Op, y: Op, i: Value, j: Value) -> int | None:
    """The distance of the iterations in which two accesses meet, if their indices show it."""
    a, b = (op.operands[1 if op.name == "load" else 2:] for op in (x, y))
    for v, w in zip(a, b, strict=True):
        p, q = offset_from(facts, v, i), offset_from(facts, w, j)
        if p is not None and q is not None:
            return q - p
    return None


def _join(facts: MemoryFacts, region: Region, first: Op, second: Op, places: _Places) -> Op:
    """One loop over both ranges; each body runs in its own range."""
    step = places.step
    b = Builder()
    b.span = first.span
    bounds = [[_value(b, term) for term in terms] for terms in (places.both, places.mine, places.behind)]
    t, body = Value(I64, first.regions[0].params[0].name), Region()
    body.params = [t]
    with b.inside(body):
        for loop, own, terms, distance in ((first, bounds[1], places.mine, 0), (second, bounds[2], places.behind, places.shift)):
            inner = loop.regions[0]
            index = t if distance == 0 else b.scalar("sub" if step * distance > 0 else "add", t, const(abs(distance)))
            replace_uses(inner, {inner.params[0]: index})
            tests = [b.scalar("ge" if step > 0 else "le", t, own[0])] if terms[0] != places.both[0] else []
            tests += [b.scalar("lt" if step > 0 else "gt", t, own[1])] if terms[1] != places.both[1] else []
            body.params += inner.params[1:]
            if not tests:
                body.ops += inner.ops
                body.yields += inner.yields
                continue
            part, other = Region(), Region()
            part.ops, part.yields, other.yields = inner.ops, inner.yields, list(inner.params[1:])
            test = tests[0] if len(tests) == 1 else b.scalar("and", *tests)
            body.yields += b.emit("if", [test], [v.type for v in inner.params[1:]], {}, [part, other],
                                  [v.name for v in inner.params[1:]])
    joined = Op("for", [*bounds[0], const(step), *first.operands[3:], *second.operands[3:]],
                [*first.results, *second.results], {}, [body], first.span)
    region.ops.remove(second)
    at = region.ops.index(first)
    region.ops[at:at + 1] = [*b.region.ops, joined]
    for op in [*b.region.ops, joined]:
        register(facts, op, region, facts.chain[first])
    return joined


def _value(b: Builder, term: tuple) -> Value:
    base, c = term
    return const(c) if base is None else b.add(base, const(c)) if c > 0 else b.sub(base, const(-c)) if c else base
