"""Sums over all iterations of a nest, set apart from what is summed.

``for i: for j: total += f(i, j)`` adds in the order of the iterations, so that no two iterations of `i` can run side by
side. In two loops, ``for j: c[j] = f(i, j)`` and ``for j: total += c[j]``, all but the additions can. The same for anything
else that inner loops carry from one iteration of the outer loop to the next by scalar operations alone: largest elements,
products, counts.

Needs: verified IR. Gives: verified IR, in place. Cost: linear in the loop.
"""

from __future__ import annotations

from ..ir.builder import Builder, const
from ..ir.function import Constant, Op, Region, Value, free_values, replace_uses, walk
from ..ir.ops import SCALAR
from ..ir.types import I64, ScalarType

__all__ = ["depending", "split_sums"]

_MOST = 4  # values of an iteration that are kept for its sums


def depending(region: Region, sources: set[Value], whole: bool = False) -> list[Op]:
    """Operations of a region that depend on some values, in order; what they give is added to `sources`.

    Of a loop that only carries them, that is what it carries of them, or, with `whole`, all it gives.
    """
    found = []
    for op in region.ops:
        if op.name == "for" and not whole and not _reads(op, sources):
            slots = _slots(op, sources)
            if slots:
                found.append(op)
                sources.update(op.results[k] for k in slots)
        elif any(v in sources for v in op.operands) or (op.regions and any(v in sources for v in free_values(op))):
            found.append(op)
            sources.update(op.results)
    return found


def _reads(loop: Op, sources: set[Value]) -> bool:
    """Whether a loop does more with some values than to carry them."""
    return any(v in sources for v in loop.operands[:3]) or any(v in sources for v in free_values(loop.regions[0]))


def split_sums(loop: Op) -> list[list[tuple[Value, ...]]] | None:
    """Set apart what inner loops carry across the iterations of `loop`; None where there is nothing.

    Gives the bounds of the loops for whose iterations values are kept, for each value.
    """
    body = loop.regions[0]
    sources = {p for p, y in zip(body.params[1:], body.yields, strict=True) if p is not y}
    kept: list[list[tuple[Value, ...]]] = []
    changed = False
    for op in depending(body, sources):
        if op.name == "for" and not _reads(op, sources) and _heavy(op, {v for v in op.operands[3:] if v in sources}):
            found = _split(loop, op, sources)
            if found is not None:
                changed = True
                kept += found
    return kept if changed else None


def _slots(loop: Op, sources: set[Value]) -> set[int]:
    """Which carried values of a loop depend on some."""
    body = loop.regions[0]
    found = {k for k, v in enumerate(loop.operands[3:]) if v in sources}
    while True:
        inside = {body.params[k + 1] for k in found}
        depending(body, inside)
        more = found | {k for k, y in enumerate(body.yields) if y in inside}
        if more == found:
            return found
        found = more


def _heavy(loop: Op, sources: set[Value]) -> bool:
    """Whether a loop does more than what depends on what it carries."""
    slots = _slots(loop, sources)
    body = loop.regions[0]
    inside = {body.params[k + 1] for k in slots}
    apart = depending(body, inside)
    cost = sum(SCALAR[op.name].cost for op in body.ops if op not in apart and op.name in SCALAR)
    return cost >= 2 or any(op.name in ("for", "if") for op in body.ops if op not in apart) or any(
        op.name == "for" and _heavy(op, {v for v in op.operands[3:] if v in inside}) for op in apart)


class _NoSplit(Exception):
    pass


def _split(loop: Op, inner: Op, sources: set[Value]) -> list[list[tuple[Value, ...]]] | None:
    splitter = _Splitter(loop, inner)
    try:
        second = splitter.plan(inner, {v for v in inner.operands[3:] if v in sources}, [], {})
    except _NoSplit:
        return None
    body = loop.regions[0]
    at = body.ops.index(inner)
    for act in splitter.acts:
        act()
    body.ops[at + 1:at + 1] = [second]
    body.ops[at:at] = splitter.before.region.ops
    replace_uses(body, splitter.results)
    return splitter.bounds


class _Splitter:
    """Plans the second loop, and what the first one must do for it; nothing is changed before `acts` are."""

    def __init__(self, loop: Op, inner: Op) -> None:
        self.loop = loop
        self.before = Builder()
        self.before.span = inner.span
        self.acts: list = []
        self.results: dict[Value, Value] = {}
        self.kept: dict[Value, Value] = {}
        self.bounds: list[list[tuple[Value, ...]]] = []
        self.own = {v for op in walk(loop.regions[0]) for v in (*op.results, *(p for r in op.regions for p in r.params))}
        inside = {v for op in [inner, *walk(inner.regions[0])] for v in (*op.results, *(p for r in op.regions for p in r.params))}
        self.inside = inside

    def plan(self, loop: Op, sources: set[Value], around: list[tuple[Op, Value]], mapping: dict[Value, Value]) -> Op:
        """The loop with what depends on `sources` alone; the other gives it up."""
        body = loop.regions[0]
        slots = sorted(_slots(loop, sources))
        if any(v in self.own for v in loop.operands[:3]) or abs(loop.operands[2].value) != 1:  # type: ignore[attr-defined]
            raise _NoSplit
        own = {body.params[k + 1] for k in slots}
        apart = depending(body, own)
        if any(y in own for k, y in enumerate(body.yields) if k not in slots):
            raise _NoSplit
        i = Value(I64, body.params[0].name)
        params = [Value(body.params[k + 1].type, body.params[k + 1].name) for k in slots]
        mapping = {**mapping, body.params[0]: i, **{body.params[k + 1]: p for k, p in zip(slots, params, strict=True)}}
        around = [*around, (loop, i)]
        b = Builder()
        b.span = loop.span
        region = Region([i, *params])
        with b.inside(region):
            for op in apart:
                self.copy(b, op, own, around, mapping)
            region.yields = [self.value(b, body.yields[k], around, mapping) for k in slots]
        inits = [self.value(b, loop.operands[k + 3], around[:-1], mapping) for k in slots]
        if b.region.ops:
            raise _NoSplit  # an initial value that would have to be kept
        results = [Value(p.type, loop.results[k].name) for k, p in zip(slots, params, strict=True)]
        mapped = {loop.results[k]: r for k, r in zip(slots, results, strict=True)}
        self.acts.append(lambda: _give_up(loop, slots, apart))
        if len(around) == 1:
            self.results.update(mapped)
        second = Op("for", [*loop.operands[:3], *inits], results, {}, [region], loop.span)
        self.last = mapped
        return second

    def copy(self, b: Builder, op: Op, own: set[Value], around: list, mapping: dict[Value, Value]) -> None:
        if op.name == "for":
            if _reads(op, own):
                raise _NoSplit
            inner = self.plan(op, own, around, mapping)
            mapping.update(self.last)
            b.region.ops.append(inner)
            return
        if op.name not in SCALAR and not (op.name == "if" and all(x.name in SCALAR for r in op.regions for x in r.ops)):
            raise _NoSplit
        operands = [self.value(b, v, around, mapping) for v in op.operands]
        regions = []
        for inner_region in op.regions:
            with b.inside(Region()) as region:
                for x in inner_region.ops:
                    self.copy(b, x, own, around, mapping)
                region.yields = [self.value(b, v, around, mapping) for v in inner_region.yields]
            regions.append(region)
        out = b.emit(op.name, operands, [r.type for r in op.results], op.attrs, regions, [r.name for r in op.results])
        mapping.update(zip(op.results, out, strict=True))

    def value(self, b: Builder, v: Value, around: list[tuple[Op, Value]], mapping: dict[Value, Value]) -> Value:
        """A value in the second loop: its own, or one that the first has kept."""
        if isinstance(v, Constant) or v not in self.inside:
            return v
        if v in mapping:
            return mapping[v]
        if not isinstance(v.type, ScalarType):
            raise _NoSplit
        depth = next((k for k, (loop, _) in enumerate(around) if _defined_in(loop.regions[0], v)), None)
        if depth is None:
            raise _NoSplit
        loops = around[:depth + 1]
        if v not in self.kept:
            if len(self.kept) >= _MOST:
                raise _NoSplit
            self.kept[v] = self.before.alloc(v.type, [self.trips(loop) for loop, _ in loops], "empty", v.name or "part")
            self.bounds.append([tuple(loop.operands[:3]) for loop, _ in loops])
            owner, root = loops[-1][0], self.kept[v]
            self.acts.append(lambda: _keep(owner, root, v, [loop for loop, _ in loops]))
        found = b.load(self.kept[v], [_number(b, loop, i) for loop, i in loops], v.name)
        mapping[v] = found
        return found

    def trips(self, loop: Op) -> Value:
        lo, hi, step = loop.operands[:3]
        b = self.before
        n = b.sub(hi, lo) if step.value > 0 else b.sub(lo, hi)  # type: ignore[attr-defined]
        return b.scalar("select", b.scalar("lt", n, const(0)), const(0), n)


def _defined_in(region: Region, v: Value) -> bool:
    return v in region.params or any(v in op.results for op in region.ops)


def _number(b: Builder, loop: Op, i: Value) -> Value:
    """The number of an iteration."""
    lo, _, step = loop.operands[:3]
    return b.sub(i, lo) if step.value > 0 else b.sub(lo, i)  # type: ignore[attr-defined]


def _keep(loop: Op, root: Value, v: Value, loops: list[Op]) -> None:
    """Let a loop store one of its values."""
    region = loop.regions[0]
    b = Builder()
    b.span = loop.span
    b.store(root, v, [_number(b, outer, outer.regions[0].params[0]) for outer in loops])
    at = 0 if v in region.params else next(k for k, op in enumerate(region.ops) if v in op.results) + 1
    region.ops[at:at] = b.region.ops


def _give_up(loop: Op, slots: list[int], apart: list[Op]) -> None:
    """Leave some carried values, and what depends on them, to another loop."""
    body = loop.regions[0]
    body.ops = [op for op in body.ops if op not in apart or op.name == "for"]
    for values, shift in ((loop.operands, 3), (loop.results, 0), (body.params, 1), (body.yields, 0)):
        for k in reversed(slots):
            del values[k + shift]
