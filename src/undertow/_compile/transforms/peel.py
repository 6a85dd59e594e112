"""First and last iterations apart, where a loop asks for them.

``left = j - 1 if j > 0 else n - 1`` differs in the first iteration alone: without it the index is ``j - 1``, and the
loop is one that vectorises. Comparisons of the loop's index with a value that lies one iteration from either end decide
which ends are peeled.

Needs: verified IR. Gives: a copy. Cost: loops that are peeled appear up to three times.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..ir.builder import const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import COMPARISONS
from .simplify import Copier

__all__ = ["peel"]

_LARGEST = 200


def peel(function: Function) -> Function:
    """A copy with the ends of loops peeled where that decides comparisons."""
    facts = memory(function)
    plans = {op: plan for op in walk(function.body) if op.name == "for" for plan in [_plan(facts, op)] if plan}
    return _Peeler(function, plans).copy(function) if plans else function


class _Plan:
    def __init__(self) -> None:
        self.first: dict[Op, bool] = {}  # what comparisons that the first iteration decides are after it
        self.last: dict[Op, bool] = {}


def _plan(facts: MemoryFacts, loop: Op) -> _Plan | None:
    body = loop.regions[0]
    step = loop.operands[2]
    if not (isinstance(step, Constant) and step.value == 1):
        return None
    inner = list(walk(body))
    if len(inner) > _LARGEST or any(op.name in ("for", "while") for op in inner):
        return None
    if any(_sum(facts, v) is None for v in loop.operands[:2]):
        return None
    plan = _Plan()
    for op in inner:
        if op.name in COMPARISONS and any(v is body.params[0] or _base(facts, v) is body.params[0] for v in op.operands):
            _ask(facts, loop, op, plan)
    return plan if plan.first or plan.last else None


def _sum(facts: MemoryFacts, v: Value) -> tuple[Value | None, int] | None:
    """``value + constant`` of something known when the function is entered."""
    c = 0
    while not isinstance(v, Constant):
        op = facts.definition.get(v)
        if op is None or op.name not in ("add", "sub") or not isinstance(op.operands[1], Constant):
            if v in facts.parameter_of or (op is not None and (op.name != "dim")):
                return None
            return v, c
        c += op.operands[1].value if op.name == "add" else -op.operands[1].value
        v = op.operands[0]
    return None, c + v.value


def _base(facts: MemoryFacts, v: Value) -> Value:
    while True:
        op = facts.definition.get(v)
        if op is None or op.name not in ("add", "sub") or not isinstance(op.operands[1], Constant):
            return v
        v = op.operands[0]


def _ask(facts: MemoryFacts, loop: Op, op: Op, plan: _Plan) -> None:
    """Note what the comparison is in all iterations but the first, or but the last."""
    i = loop.regions[0].params[0]
    x, y = op.operands
    name = op.name
    if _base(facts, x) is not i:
        x, y = y, x
        name = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}.get(name, name)
    offset = 0
    while x is not i:
        inner = facts.definition[x]
        offset += inner.operands[1].value * (1 if inner.name == "add" else -1)  # type: ignore[attr-defined]
        x = inner.operands[0]
    target = _sum(facts, y)
    if target is None:
        return
    base, c = target[0], target[1] - offset  # the comparison is that of i with base + c
    for end, distances, found in ((loop.operands[0], (0, 1), plan.first), (loop.operands[1], (-1, -2), plan.last)):
        bound = _sum(facts, end)
        assert bound is not None
        if bound[0] is not base:
            continue
        d = c - bound[1]
        near, far = distances
        rest = {("gt", 0): True, ("le", 0): False, ("ge", 1): True, ("lt", 1): False, ("eq", 0): False, ("ne", 0): True,
                } if end is loop.operands[0] else {
                ("lt", -1): True, ("ge", -1): False, ("le", -2): True, ("gt", -2): False, ("eq", -1): False,
                ("ne", -1): True}
        if d in (near, far) and (name, d) in rest:
            found[op] = rest[name, d]


class _Peeler(Copier):
    def __init__(self, function: Function, plans: dict[Op, _Plan]) -> None:
        super().__init__(function, {})
        self.plans = plans

    def control(self, op: Op) -> None:
        plan = self.plans.get(op)
        if plan is None:
            super().control(op)
            return
        b, body = self.b, op.regions[0]
        lo, hi, step, *carried = (self.get(v) for v in op.operands)
        start, end = lo, hi
        if plan.first:
            carried = self.once(body, lo, b.scalar("lt", lo, hi), carried)
            start = b.add(lo, const(1))
        if plan.last:
            end = b.sub(hi, const(1))
        self.truths = {**plan.first, **plan.last}
        params = [Value(p.type, p.name) for p in body.params]
        self.mapping.update(zip(body.params, params, strict=True))
        with b.inside(Region(params)) as region:
            self.body(body)
            region.yields = [self.get(y) for y in body.yields]
        self.truths = {}
        carried = b.emit("for", [start, end, step, *carried], [r.type for r in op.results], op.attrs, [region],
                         [r.name for r in op.results])
        if plan.last:
            carried = self.once(body, end, b.scalar("le", start, end), carried)
        self.mapping.update(zip(op.results, carried, strict=True))

    def once(self, body: Region, i: Value, test: Value, carried: list[Value]) -> list[Value]:
        """The body for one value of its index, if the test holds."""
        self.mapping.update(zip(body.params, [i, *carried], strict=True))
        with self.b.inside(Region()) as region:
            self.body(body)
            region.yields = [self.get(y) for y in body.yields]
        other = Region()
        other.yields = list(carried)
        if isinstance(test, Constant) and not test.value:
            return carried
        return self.b.emit("if", [test], [v.type for v in carried], {}, [region, other], [v.name for v in carried])
