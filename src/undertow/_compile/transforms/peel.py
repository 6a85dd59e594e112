"""First and last iterations apart, where a loop asks for them.

``left = j - 1 if j > 0 else n - 1`` differs in the first iteration alone: without it the index is ``j - 1``, and the
loop is one that vectorises. Comparisons of the loop's index with a value that lies one iteration from either end decide
which ends are peeled.

`peel` comes before derivatives are made, and leaves those loops alone in which such comparisons only choose between
indices: their adjoint is a loop of the same kind, which `peel_rest` peels when the other transforms have seen it whole.

Needs: verified IR. Gives: a copy (`peel`), or verified IR in place (`peel_rest`). Cost: loops that are peeled appear up to
three times.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..ir.builder import const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import COMPARISONS
from ..ir.types import I64
from .simplify import Copier

__all__ = ["peel", "peel_rest"]

_LARGEST = 200


def peel(function: Function) -> Function:
    """A copy with the ends of loops peeled where that decides comparisons that do more than to choose an index."""
    plans = {loop: plan for loop, plan in _plans(function).items() if not _only_indices(loop, plan)}
    return _Peeler(function, plans).copy(function) if plans else function


def peel_rest(function: Function) -> None:
    """Peel the ends of all loops where that decides comparisons."""
    plans = _plans(function)
    if plans:
        made = _Peeler(function, plans).copy(function)
        function.body.ops[:], function.body.yields[:] = made.body.ops, made.body.yields
        function.equal = made.equal


def _plans(function: Function) -> dict[Op, _Plan]:
    facts = memory(function)
    return {op: plan for op in walk(function.body) if op.name == "for" for plan in [_plan(facts, op)] if plan}


def _only_indices(loop: Op, plan: _Plan) -> bool:
    """Whether all that the comparisons decide is which of two integers is meant."""
    decided = {op.result for found in (plan.first, plan.last) for op in found}
    uses = [(op, k) for op in walk(loop.regions[0]) for k, v in enumerate(op.operands) if v in decided]
    kept = [v for op in [loop, *walk(loop.regions[0])] for inner in op.regions for v in inner.yields]
    return not decided.intersection(kept) and all(
        op.name == "select" and k == 0 and op.result.type is I64 for op, k in uses)


class _Plan:
    def __init__(self) -> None:
        self.first: dict[Op, bool] = {}  # what comparisons that the first iteration decides are after it
        self.last: dict[Op, bool] = {}


def _plan(facts: MemoryFacts, loop: Op) -> _Plan | None:
    body = loop.regions[0]
    step = loop.operands[2]
    if not (isinstance(step, Constant) and abs(step.value) == 1):
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
    lowest, past = _ends(facts, loop)
    for (bound, end), outcomes, found in ((lowest, _FIRST, plan.first), (past, _LAST, plan.last)):
        if bound is base and (name, c - end) in outcomes:
            found[op] = outcomes[name, c - end]


# What ``i <comparison> end + d`` is in all iterations but the first (end: the lowest index), and in all but the last (end:
# one above the highest).
_FIRST = {("gt", 0): True, ("le", 0): False, ("ge", 1): True, ("lt", 1): False, ("eq", 0): False, ("ne", 0): True}
_LAST = {("lt", -1): True, ("ge", -1): False, ("le", -2): True, ("gt", -2): False, ("eq", -1): False, ("ne", -1): True}


def _ends(facts: MemoryFacts, loop: Op) -> tuple[tuple, tuple]:
    """The lowest index and one above the highest, as values plus constants."""
    (a, p), (b, q) = (_sum(facts, v) or (v, 0) for v in loop.operands[:2])
    return ((a, p), (b, q)) if loop.operands[2].value > 0 else ((b, q + 1), (a, p + 1))  # type: ignore[attr-defined]


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
        up = step.value > 0  # type: ignore[attr-defined]
        start, end = lo, hi
        here, there = (plan.first, plan.last) if up else (plan.last, plan.first)
        if here:
            carried = self.once(body, lo, b.scalar("lt" if up else "gt", lo, hi), carried)
            start = b.add(lo, const(1)) if up else b.sub(lo, const(1))
        if there:
            end = b.sub(hi, const(1)) if up else b.add(hi, const(1))
        self.truths = {**plan.first, **plan.last}
        params = [Value(p.type, p.name) for p in body.params]
        self.mapping.update(zip(body.params, params, strict=True))
        with b.inside(Region(params)) as region:
            self.body(body)
            region.yields = [self.get(y) for y in body.yields]
        self.truths = {}
        carried = b.emit("for", [start, end, step, *carried], [r.type for r in op.results], op.attrs, [region],
                         [r.name for r in op.results])
        if there:
            carried = self.once(body, end, b.scalar("le" if up else "ge", start, end), carried)
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
