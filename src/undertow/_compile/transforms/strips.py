"""One product of matrices for a strip of iterations that each multiply a matrix and a vector.

Needs: verified IR. Gives: verified IR, in place: loops whose iterations contain a nest that sums products over one of its
    indices run in strips; of each strip, what comes before such a nest is done for all iterations, then the nest as a
    `gemm`, then what comes after it. Cost: a test of overlap for each pair of accesses to one memory in such a loop.

Memory and numbers of an iteration that are used before and after get an axis for the strip. A strip of a triangle is taken
for a rectangle: what is outside is computed beside the memory of the program, or counted as zero in sums of the reverse
sweep, whose order is free.
"""

from __future__ import annotations

from ..analyses.contractions import Nest, NotAProduct
from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value, free_values, walk
from ..ir.ops import SCALAR
from ..ir.types import I64
from .rectangles import Rectangles

__all__ = ["Split", "strips"]

_ACCESS = frozenset(("load", "store", "accum"))
_KNOWN = frozenset(SCALAR) | _ACCESS | {"for", "if", "alloc", "dim"}
STRIP = 48  # iterations: rows enough for the kernel, and few enough for a triangle to lose little
_MOST = 24  # statements in an iteration


def strips(function: Function) -> None:
    """Take products out of the iterations of loops."""
    def visit(region: Region) -> None:
        for op in list(region.ops):
            if op.name == "for" and _candidate(op):
                try:
                    new = Split(memory(function), op).run()
                except NotAProduct:
                    pass
                else:
                    at = region.ops.index(op)
                    region.ops[at:at + 1] = new
                    continue
            for inner in op.regions:
                visit(inner)

    visit(function.body)


def _candidate(loop: Op) -> bool:
    """Whether a loop contains nests, and nothing that cannot be taken apart."""
    step, body = loop.operands[2], loop.regions[0]
    if not isinstance(step, Constant) or abs(step.value) != 1 or len(loop.operands) > 3 or loop.attrs.get("prange"):
        return False
    if not any(op.name == "for" and any(x.name == "for" for x in op.regions[0].ops) for op in body.ops):
        return False
    return all(op.name in _KNOWN for op in walk(body)) and sum(
        op.name in _ACCESS or bool(op.regions) for op in body.ops) <= _MOST


class Split:
    """Writes the strips that a loop becomes."""

    def __init__(self, facts: MemoryFacts, loop: Op) -> None:
        self.facts, self.loop, self.body = facts, loop, loop.regions[0]
        self.i = self.body.params[0]
        self.private = {op.result for op in self.body.ops if op.name == "alloc"}
        self.nodes = [op for op in self.body.ops if op.name in _ACCESS or op.regions]
        self.pure = {op.result: op for op in self.body.ops if op.name in SCALAR or op.name == "dim"}
        self.node_of = {r: op for op in self.nodes for r in op.results}
        self.nests: dict[Op, Nest] = {}
        for op in self.nodes:
            if op.name == "for":
                try:
                    self.nests[op] = Nest(facts, loop, op, self.private)
                except NotAProduct:
                    continue
        if not self.nests:
            raise NotAProduct
        self.uses = {op: self.needed(op) for op in self.nodes}

    # ---- order
    def needed(self, node: Op) -> set[Op]:
        """Other statements whose results one uses, also by way of arithmetic."""
        found: set[Op] = set()
        work = list(free_values(node))
        while work:
            v = work.pop()
            if v in self.node_of:
                found.add(self.node_of[v])
            elif v in self.pure:
                work += self.pure[v].operands
        return found

    def accesses(self, node: Op) -> list[Op]:
        return [op for op in [node, *(x for region in node.regions for x in walk(region))] if op.name in _ACCESS]

    def before(self, first: Op, second: Op) -> bool:
        """Whether, loops apart, all iterations of the first statement must come before those of the second."""
        if first in self.uses[second]:
            return True
        earlier = self.facts.order[first] < self.facts.order[second]
        for x in self.accesses(first):
            for y in self.accesses(second):
                if x.operands[0] is not y.operands[0] or x.name == y.name != "store":
                    continue
                if earlier and may_meet(self.facts, x, y, None):
                    return True
                if x.operands[0] not in self.private and may_meet(self.facts, x, y, self.loop, "later"):
                    return True
        return False

    def groups(self) -> list[list[Op]]:
        """Statements that stay together, in an order that may be run one group after the other; nests alone."""
        nodes = self.nodes
        after = {u: {v for v in nodes if v is not u and self.before(u, v)} for u in nodes}
        for w in nodes:  # transitive
            for u in nodes:
                if w in after[u]:
                    after[u] |= after[w]
        self.nests = {op: nest for op, nest in self.nests.items() if op not in after[op]}
        if not self.nests:
            raise NotAProduct
        left, out = list(nodes), []
        while left:
            group: list[Op] = []
            while True:
                ready = [v for v in left if v not in self.nests and v not in group and all(
                    u in group or v in after[u] and u in after[v] for u in left if v in after[u] and u is not v)]
                if not ready:
                    break
                group += ready
            if not group:
                group = [next(v for v in left if v in self.nests and not any(v in after[u] for u in left if u is not v))]
            out.append(sorted(group, key=self.facts.order.__getitem__))
            left = [v for v in left if v not in group]
        return out

    # ---- writing
    def run(self) -> list[Op]:
        groups = self.groups()
        self.settle_private()
        self.b = b = Builder()
        b.span = self.loop.span
        lo, past, step = self.loop.operands[:3]
        up = step.value == 1  # type: ignore[attr-defined]
        if not up:
            lo, past = b.add(past, const(1)), b.add(lo, const(1))
        width = const(STRIP)
        number = b.scalar("floordiv", b.add(b.sub(past, lo), const(STRIP - 1)), width)
        s = Value(I64, "strip")
        with b.inside(Region([s])) as region:
            start = b.add(lo, b.mul(s, width))
            rest = b.sub(past, start)
            size = b.scalar("select", b.scalar("lt", rest, width), rest, width)
            self.write_strip(groups, start, size, up)
        b.emit("for", [const(0), number, const(1)] if up else [b.sub(number, const(1)), const(-1), const(-1)], [],
               {}, [region])
        return b.region.ops

    def settle_private(self) -> None:
        """How far memory of an iteration is moved in its row: as the nests that use it count."""
        self.skew: dict[Value, int] = {}
        for op in list(self.nests):
            nest, wanted = self.nests[op], {}
            for access, place in nest.places.items():
                if access.operands[0] in self.private:
                    by = nest.shift_of(next(iter(place[0].loops), self.i))
                    if wanted.setdefault(access.operands[0], by) != by:
                        raise NotAProduct
            if any(self.skew.get(root, by) != by for root, by in wanted.items()):
                raise NotAProduct
            self.skew.update(wanted)

    def write_strip(self, groups: list[list[Op]], start: Value, size: Value, up: bool) -> None:
        b = self.b
        self.rectangles = Rectangles(self, start, size)
        home = {op: n for n, group in enumerate(groups) for op in group}
        where = {root: {home[op] for op in self.nodes for x in self.accesses(op) if x.operands[0] is root}
                 for root in self.private}
        alone = {root: next(iter(n)) for root, n in where.items() if len(n) == 1 and groups[next(iter(n))][0] not in self.nests}
        self.rectangles.expand([op.result for op in self.body.ops if op.name == "alloc" and op.result not in alone])
        self.rectangles.keep(self.crossing(home))
        for group in groups:
            nest = self.nests.get(group[0])
            if nest is not None and len(group) == 1:
                b.span = nest.top.span
                for product in nest.products:
                    self.rectangles.multiply(nest, product)
                for clear, depth in nest.clears:
                    self.rectangles.clear(nest, clear, depth)
                continue
            k = Value(I64, self.i.name)
            with b.inside(Region([k])) as region:
                mapping = {self.i: b.add(k, start)}
                for op in self.body.ops:
                    if op.name == "alloc" and home.get(group[0]) == alone.get(op.result, -1):
                        self.rectangles.copy(op, mapping, k)
                for op in group:
                    b.span = op.span
                    self.rectangles.copy(op, mapping, k)
            ends = [const(0), size, const(1)] if up else [b.sub(size, const(1)), const(-1), const(-1)]
            b.emit("for", ends, [], {}, [region])

    def crossing(self, home: dict[Op, int]) -> list[Value]:
        """Numbers that statements of one group make and those of another use."""
        return [r for op in self.nodes for r in op.results
                if any(op in self.uses[v] and (home[v] != home[op]) for v in self.nodes)]
