"""Whether a write can touch, after a given moment, the element that an access named.

Needs: positions and definitions (`MemoryFacts`). Gives: a yes or a no that is certain only when it is no.
Cost: a shortest-path problem over the loop indices around the two operations, for each loop they share.

Indices and loop bounds of the form ``value + constant`` become difference constraints ``x - y <= c``; the write
cannot happen where they contradict each other (a negative cycle). This decides triangular loops: the pivot row of an
LU factorisation is final once it is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.function import Constant, Op, Value

if TYPE_CHECKING:
    from .memory import MemoryFacts

__all__ = ["in_box", "may_cross", "may_meet", "may_swap", "touches_later"]

_ZERO = Value.__new__(Value)
Term = tuple  # (value or _ZERO, constant)


def touches_later(facts: MemoryFacts, at: Op, index: list[Value], store: Op) -> bool:
    """Whether `store` may write the element `index` of its root after operation `at` has run."""
    here, there = facts.chain[at], facts.chain[store]
    shared = []
    for x, y in zip(here, there, strict=False):
        if x != y:
            break
        if x[0].name in ("for", "while"):
            shared.append(x[0])
    if store.name == "library":  # the whole of its memory
        return bool(shared) or facts.order[store] > facts.order[at]
    target = store.operands[2:]
    for loop in shared:
        if _Problem(facts, loop).feasible(here, there, index, target):
            return True
    return facts.order[store] > facts.order[at] and _Problem(facts, None).feasible(here, there, index, target)


def may_meet(facts: MemoryFacts, first: Op, second: Op, loop: Op | None, order: str = "any") -> bool:
    """Whether two accesses of one root may name the same element.

    `second` runs in another iteration of `loop` than `first`: a later one, an earlier one, or any; or, where `loop` is
    None, in the same iterations of all loops they share.
    """
    index, target = ([*op.operands[1 if op.name == "load" else 2:]] for op in (first, second))
    return _Problem(facts, loop, order).feasible(facts.chain[first], facts.chain[second], index, target)


def may_cross(facts: MemoryFacts, first: Op, outer: Op, second: Op, other: Op, later: bool = False,
              shift: int = 0, step: int = 0) -> bool:
    """Whether `second`, in an earlier iteration of `other` than `first` in `outer`, may name the same element of a root.

    The loops follow each other and run in the same direction, which is that of `step` where it is given. With `later`,
    in a later iteration; with `shift`, in one that is earlier by more than that.
    """
    index, target = ([*op.operands[1 if op.name == "load" else 2:]] for op in (first, second))
    problem = _Problem(facts, None)
    i, j = ((loop.regions[0].params[0], False) for loop in (outer, other))
    rising = ((step or outer.operands[2].value) > 0) != later  # type: ignore[attr-defined]
    problem.less(*(((j, 0), (i, 0)) if rising else ((i, 0), (j, 0))), -1 - shift)
    return problem.feasible(facts.chain[first], facts.chain[second], index, target)


def may_swap(facts: MemoryFacts, first: Op, second: Op, outer: Op, inner: Op) -> bool:
    """Whether `second`, in a later iteration of `outer` but an earlier one of `inner`, may name the same element.

    `inner` stands in `outer`; were they the other way round, `second` would come first.
    """
    index, target = ([*op.operands[1 if op.name == "load" else 2:]] for op in (first, second))
    problem = _Problem(facts, outer, "later")
    i = inner.regions[0].params[0]
    here, there = ((i, False), 0), ((i, True), 0)
    rising = inner.operands[2].value > 0  # type: ignore[attr-defined]
    problem.less(*((there, here) if rising else (here, there)), -1)
    return problem.feasible(facts.chain[first], facts.chain[second], index, target)


def in_box(facts: MemoryFacts, op: Op, index: list[Value], box: list[tuple]) -> bool:
    """Whether an index is certainly in a box whenever an operation runs.

    A side of the box is its first element and the one past its last, each a value, or None for zero, plus a constant.
    """
    def certain(v: Value, bound: tuple, below: bool) -> bool:
        problem = _Problem(facts, None)
        for loop, _ in facts.chain[op]:
            problem.within(loop, False)
        x = problem.term(v, False)
        base, c = bound
        y = (_ZERO, c) if base is None else problem.term(base, False)
        if x is None or y is None:
            return False
        if base is not None:
            y = (y[0], y[1] + c)
        problem.less(*((y, x, 0) if below else (x, y, -1)))
        return problem.contradictory()

    return all(certain(v, first, False) and certain(v, past, True) for v, (first, past) in zip(index, box, strict=True))


class _Problem:
    """One case: the second access happens in another iteration of `loop`, or (None) in the same iterations."""

    def __init__(self, facts: MemoryFacts, loop: Op | None, order: str = "later") -> None:
        self.facts = facts
        self.loop = loop
        self.order = order
        self.bounds: dict[tuple, int] = {}  # (x, y): c means x - y <= c

    def feasible(self, here: tuple, there: tuple, index: list[Value], target: list[Value]) -> bool:
        for op, _ in here:
            self.within(op, False)
        for op, _ in there:
            self.within(op, True)
        if self.loop is not None and self.loop.name == "for" and self.order != "any":
            i, step = self.loop.regions[0].params[0], self.loop.operands[2].value  # type: ignore[attr-defined]
            before, after = ((i, False), 0), ((i, True), 0)
            rising = (step > 0) == (self.order == "later")
            self.less(*((before, after) if rising else (after, before)), -1)
        for v, w in zip(index, target, strict=True):
            x, y = self.term(v, False), self.term(w, True)
            if x is not None and y is not None:
                self.less(x, y, 0)
                self.less(y, x, 0)
        return not self.contradictory()

    def within(self, op: Op, later: bool) -> None:
        """A loop's index lies between its bounds."""
        if op.name != "for":
            return
        i = ((op.regions[0].params[0], self.is_later(op.regions[0].params[0], later)), 0)
        lo, hi = (self.term(v, later) for v in op.operands[:2])
        if op.operands[2].value > 0:  # type: ignore[attr-defined]
            first, last, past = lo, hi, -1
        else:
            first, last, past = hi, lo, 0
        if first is not None:
            self.less(first, i, 0 if past else -1)
        if last is not None:
            self.less(i, last, past)

    def is_later(self, v: Value, later: bool) -> bool:
        """Whether the value has another instance when the write happens."""
        if not later or self.loop is None:
            return False
        if v in self.facts.parameter_of:
            owner = self.facts.parameter_of[v][0]
            return owner is self.loop or any(op is self.loop for op, _ in self.facts.chain[owner])
        op = self.facts.definition.get(v)
        return op is not None and any(c is self.loop for c, _ in self.facts.chain[op])

    def term(self, v: Value, later: bool) -> Term | None:
        constant = 0
        while True:
            if isinstance(v, Constant):
                return (_ZERO, constant + v.value)
            op = self.facts.definition.get(v)
            if op is None or op.name not in ("add", "sub"):
                break
            x, y = op.operands
            if isinstance(y, Constant):
                constant += y.value if op.name == "add" else -y.value
                v = x
            elif isinstance(x, Constant) and op.name == "add":
                constant += x.value
                v = y
            else:
                break
        return ((v, self.is_later(v, later)), constant)

    def less(self, x: Term, y: Term, c: int) -> None:
        """``x <= y + c``."""
        key, bound = (x[0], y[0]), c + y[1] - x[1]
        if key not in self.bounds or bound < self.bounds[key]:
            self.bounds[key] = bound

    def contradictory(self) -> bool:
        nodes = {n for key in self.bounds for n in key}
        distance = dict.fromkeys(nodes, 0)
        for _ in range(len(nodes) + 1):
            changed = False
            for (x, y), c in self.bounds.items():
                if distance[y] + c < distance[x]:
                    distance[x] = distance[y] + c
                    changed = True
            if not changed:
                return False
        return True
