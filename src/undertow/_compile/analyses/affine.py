"""Integers that are sums of loop indices and of values from outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..ir.builder import Builder, const
from ..ir.function import Constant, Op, Value
from .memory import MemoryFacts

__all__ = ["Affine", "affine"]


class Affine:
    """``sum of k * index + sum of k * value + constant``.

    Attributes
    ----------
    loops : dict of Value to int
        Multiples of loop indices.
    terms : dict of Value to int
        Multiples of values that the loops do not change.
    """

    def __init__(self, loops: Mapping[Value, int], terms: Mapping[Value, int], constant: int) -> None:
        self.loops = {v: k for v, k in loops.items() if k}
        self.terms = {v: k for v, k in terms.items() if k}
        self.constant = constant

    def plus(self, other: Affine, times: int = 1) -> Affine:
        """The sum with a multiple of another."""
        loops, terms = dict(self.loops), dict(self.terms)
        for mine, its in ((loops, other.loops), (terms, other.terms)):
            for v, k in its.items():
                mine[v] = mine.get(v, 0) + times * k
        return Affine(loops, terms, self.constant + times * other.constant)

    def shifted(self, index: Value, by: Value, times: int) -> Affine:
        """In terms of ``index + times * by`` instead of `index`."""
        return self.plus(Affine({by: 1}, {}, 0), -times * self.loops.get(index, 0))

    def at(self, b: Builder, places: Mapping[Value, Value]) -> Value:
        """The integer where the loops have come to these places."""
        total: Value | None = None
        parts = [*((places[v], k) for v, k in self.loops.items()), *self.terms.items()]
        for v, k in sorted(parts, key=lambda part: part[1] < 0):
            part = v if abs(k) == 1 else b.mul(v, const(abs(k)))
            total = (part if k > 0 else b.sub(const(0), part)) if total is None else (
                b.add(total, part) if k > 0 else b.sub(total, part))
        if total is None:
            return const(self.constant)
        return b.add(total, const(self.constant)) if self.constant >= 0 else b.sub(total, const(-self.constant))


def affine(facts: MemoryFacts, v: Value, indices: Collection[Value], around: Op) -> Affine | None:
    """A value as a sum of some loop indices and what is known before the loop `around`; None where it is no such sum."""
    if isinstance(v, Constant):
        return Affine({}, {}, v.value)
    if v in indices:
        return Affine({v: 1}, {}, 0)
    if facts.known_before(v, around):
        op = facts.definition.get(v)
        if op is not None and op.name in ("add", "sub") and isinstance(op.operands[1], Constant):
            before = affine(facts, op.operands[0], indices, around)
            if before is not None:
                return before.plus(Affine({}, {}, op.operands[1].value), 1 if op.name == "add" else -1)
        return Affine({}, {v: 1}, 0)
    op = facts.definition.get(v)
    if op is None or op.name not in ("add", "sub"):
        return None
    first, second = (affine(facts, x, indices, around) for x in op.operands)
    if first is None or second is None:
        return None
    return first.plus(second, 1 if op.name == "add" else -1)
