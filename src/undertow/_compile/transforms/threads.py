"""Loops whose iterations no other iteration can tell apart run on several threads.

A loop is cut into as many pieces of consecutive iterations as there are threads. It may be cut where iterations do not
touch each other's memory. Memory that they only add to (the cotangent of what all of them read) is private to each piece,
and sums whose order is free are taken piece by piece; both are put together in the order of the pieces, so that results
are the same in every run with as many threads. Additions to neighbours are gathered first. Anything else stays serial.

Needs: verified IR that no other pass will change. Gives: verified IR, in place: loops over pieces carry the attribute
    ``threads``. Cost: a test of overlap for each pair of accesses to one memory in a loop.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value, replace_uses, walk
from ..ir.ops import SCALAR
from ..ir.types import I64
from .loops import key_of, register
from .nests import gather_nest
from .simplify import eliminate_dead

__all__ = ["Sum", "cut_loops"]

_ACCESS = frozenset(("load", "store", "accum"))
_NEVER = frozenset(("gemm", "reserve", "pop", "release", "tape_load", "tape_store", "library", "view"))
_LINE = 16  # copies as short as this are kept apart by as many of them: threads must not share a cache line
_UNKNOWN = 8  # iterations of a loop whose bounds are not known outside


def cut_loops(function: Function, all_loops: bool) -> bool:
    """Cut the loops of ``prange``, or all loops; whether there were any."""
    cutter = _Cutter(function, all_loops)
    cutter.region(function.body)
    eliminate_dead(function)
    return cutter.found


class _Cutter:
    def __init__(self, function: Function, all_loops: bool) -> None:
        self.function, self.all_loops = function, all_loops
        self.facts: MemoryFacts = memory(function)
        self.found = False

    def region(self, region: Region) -> None:
        for op in list(region.ops):
            if op not in region.ops:
                continue
            if op.name == "for" and (self.all_loops or op.attrs.get("prange")):
                gathers = gather_nest(self.facts, op)
                for new in gathers:
                    if new.name == "for":
                        self.cut(region, new)
                if gathers or self.cut(region, op):
                    continue
            for inner in op.regions:
                self.region(inner)

    def cut(self, region: Region, loop: Op) -> bool:
        private = self.private(loop)
        if private is None or not self.sums(loop):
            return False
        new, results = _Pieces(self.facts, loop, private).run()
        at = region.ops.index(loop)
        region.ops[at:at + 1] = new
        replace_uses(self.function.body, dict(zip(loop.results, results, strict=True)))
        for op in new:
            register(self.facts, op, region, self.facts.chain[loop])
        self.found = True
        return True

    def private(self, loop: Op) -> list[Value] | None:
        """Memory that each piece needs a copy of; None where the loop must not be cut."""
        body = loop.regions[0]
        inside = list(walk(body))
        if any(op.name in _NEVER or op.attrs.get("threads") for op in inside):
            return None
        own = {op.result for op in inside if op.name == "alloc"}
        by_root: dict[Value, list[Op]] = {}
        for op in inside:
            if op.name in _ACCESS and op.operands[0] not in own:
                by_root.setdefault(op.operands[0], []).append(op)
        found = []
        for root, accesses in by_root.items():
            kinds = {op.name for op in accesses}
            if kinds == {"load"} or self.apart(loop, accesses):
                continue
            if kinds != {"accum"} or not root.type.is_float:
                return None
            found.append(root)
        return found

    def apart(self, loop: Op, accesses: list[Op]) -> bool:
        """Whether no iteration touches an element that another one writes."""
        distinct = list({(op.name == "load", *map(key_of, op.operands[1 if op.name == "load" else 2:])): op
                         for op in accesses}.values())
        for k, first in enumerate(distinct):
            for second in distinct[k:]:
                if first.name == second.name == "load":
                    continue
                if may_meet(self.facts, first, second, loop, "later") or may_meet(
                        self.facts, first, second, loop, "earlier"):
                    return False
        return True

    def sums(self, loop: Op) -> bool:
        """Whether all that the loop carries are sums whose order is free."""
        free = ("radd", "add") if loop.attrs.get("prange") else ("radd",)
        body = loop.regions[0]
        return all(p.type.is_float and Sum(body, p, free).reaches(y)  # type: ignore[union-attr]
                   for p, y in zip(body.params[1:], body.yields, strict=True))


class Sum:
    """Whether a value is a carried one plus something, and the carried one is used for nothing else."""

    def __init__(self, body: Region, p: Value, free: tuple[str, ...]) -> None:
        self.body, self.p, self.free = body, p, free
        self.total: dict[Value, int] = {}
        self.consumed: dict[Value, int] = {}
        self.from_p = {p}
        size = 0
        while size != len(self.from_p):  # what depends on it
            size = len(self.from_p)
            for op in walk(body):
                if any(v in self.from_p for v in op.operands) or any(y in self.from_p for r in op.regions for y in r.yields):
                    self.from_p.update(op.results)
                    if op.name == "for":
                        self.from_p.update(q for q, v in zip(op.regions[0].params[1:], op.operands[3:], strict=True)
                                           if v in self.from_p)
        for op in walk(body):
            for v in (*op.operands, *(y for r in op.regions for y in r.yields)):
                self.total[v] = self.total.get(v, 0) + 1
        for v in body.yields:
            self.total[v] = self.total.get(v, 0) + 1

    def reaches(self, y: Value) -> bool:
        return self.trace(self.body, y) is self.p and all(self.total[v] == n for v, n in self.consumed.items())

    def use(self, v: Value) -> Value:
        self.consumed[v] = self.consumed.get(v, 0) + 1
        return v

    def trace(self, region: Region, y: Value) -> Value | None:
        """The value from outside a region's operations that `y` is a sum on top of."""
        v = self.use(y)
        while True:
            op = next((op for op in region.ops if v in op.results), None)
            if op is None:
                return v
            if op.name in self.free:
                sources = [x for x in op.operands if x in self.from_p]
                if len(sources) != 1:
                    return None
                v = self.use(sources[0])
                continue
            k = op.results.index(v)
            if op.name == "for":
                inner = op.regions[0]
                if self.trace(inner, inner.yields[k]) is not inner.params[k + 1]:
                    return None
                v = self.use(op.operands[k + 3])
            elif op.name == "if":
                first, second = (self.trace(inner, inner.yields[k]) for inner in op.regions)
                if first is None or first is not second:
                    return None
                v = first
            else:
                return None


class _Pieces:
    """Writes the loop over pieces."""

    def __init__(self, facts: MemoryFacts, loop: Op, private: list[Value]) -> None:
        self.facts, self.loop, self.private = facts, loop, private
        self.b = Builder()
        self.b.span = loop.span

    def run(self) -> tuple[list[Op], list[Value]]:
        """The operations that replace the loop, and the values that replace its results."""
        b, loop = self.b, self.loop
        n = self.trips(loop)
        pieces = b.emit("threads", [b.mul(n, self.work(loop.regions[0])), self.copied()], [I64], names=["pieces"])[0]
        parts = [b.alloc(r.type, [pieces], "empty", "part") for r in loop.results]  # type: ignore[arg-type]
        apart = b.scalar("select", b.scalar("lt", self.copied(), const(_LINE)), const(_LINE), const(1))
        copies = {root: b.alloc(root.type.element, [b.mul(pieces, apart), *self.extents(root)], "zeros", f"{root.name}_part")
                  for root in self.private}
        c = Value(I64, "piece")
        with b.inside(Region([c])) as region:
            self.piece(c, n, pieces, parts, copies, b.mul(c, apart))
        b.emit("for", [const(0), pieces, const(1)], [], {"threads": True}, [region])
        results = [self.total(init, part, pieces) for init, part in zip(loop.operands[3:], parts, strict=True)]
        for root, copy in copies.items():
            self.put_together(root, copy, pieces, apart)
        return b.region.ops, results

    def piece(self, c: Value, n: Value, pieces: Value, parts: list[Value], copies: dict[Value, Value], at: Value) -> None:
        """Iterations number ``n * c // pieces`` to below ``n * (c + 1) // pieces``."""
        b, loop = self.b, self.loop
        lo, _, step, *_ = loop.operands
        bounds = [b.add(lo, b.mul(b.scalar("floordiv", b.mul(n, k), pieces), step)) for k in (c, b.add(c, const(1)))]
        for op in walk(loop.regions[0]):
            if op.name == "accum" and op.operands[0] in copies:
                op.operands[:1] = [copies[op.operands[0]]]
                op.operands.insert(2, at)
        zeros = [const(0.0, r.type) for r in loop.results]  # type: ignore[arg-type]
        attrs = {k: v for k, v in loop.attrs.items() if k != "prange"}
        sums = b.emit("for", [*bounds, step, *zeros], [r.type for r in loop.results], attrs, [loop.regions[0]],
                      [r.name for r in loop.results])
        for part, value in zip(parts, sums, strict=True):
            b.store(part, value, [c])

    def total(self, init: Value, part: Value, pieces: Value) -> Value:
        b, c, s = self.b, Value(I64, "piece"), Value(init.type, "total")
        with b.inside(Region([c, s])) as region:
            region.yields = [b.add(s, b.load(part, [c]))]
        return b.loop(const(0), pieces, const(1), [init], region)[0]

    def put_together(self, root: Value, copy: Value, pieces: Value, apart: Value) -> None:
        b = self.b

        def level(index: list[Value]) -> None:
            k = len(index) - 1
            if k == root.type.ndim:
                b.accum(root, b.load(copy, index), index[1:])
                return
            i = Value(I64, "ijklmn"[min(k, 5)])
            with b.inside(Region([i])) as region:
                level([*index, i])
            b.loop(const(0), b.dim(root, k), const(1), [], region)

        c = Value(I64, "piece")
        with b.inside(Region([c])) as region:
            level([b.mul(c, apart)])
        b.loop(const(0), pieces, const(1), [], region)

    # ---- sizes
    def extents(self, root: Value) -> list[Value]:
        return [self.b.dim(root, k) for k in range(root.type.ndim)]

    def copied(self) -> Value:
        """Elements that each piece has of its own."""
        total: Value = const(0)
        for root in self.private:
            size: Value = const(1)
            for n in self.extents(root):
                size = self.b.mul(size, n)
            total = self.b.add(total, size)
        return total

    def trips(self, loop: Op) -> Value:
        b = self.b
        lo, hi, step = loop.operands[:3]
        s = step.value  # type: ignore[attr-defined]
        n = b.sub(hi, lo) if s > 0 else b.sub(lo, hi)
        if abs(s) != 1:
            n = b.scalar("floordiv", b.add(n, const(abs(s) - 1)), const(abs(s)))
        return b.scalar("select", b.scalar("lt", n, const(0)), const(0), n)

    def work(self, region: Region) -> Value:
        """What an iteration costs."""
        b = self.b
        total: Value = const(1)
        for op in region.ops:
            if op.name in SCALAR:
                total = b.add(total, const(int(SCALAR[op.name].cost)))
            elif op.name in ("load", "store", "accum", "alloc"):
                total = b.add(total, const(1))
            for inner in op.regions:
                once = self.work(inner)
                if op.name == "for" and all(self.known(v) for v in op.operands[:2]):
                    once = b.mul(self.trips(op), once)
                elif op.name in ("for", "while"):
                    once = b.mul(const(_UNKNOWN), once)
                total = b.add(total, once)
        return total

    def known(self, v: Value) -> bool:
        return isinstance(v, Constant) or self.facts.known_before(v, self.loop)

