"""What the reverse sweep must know of the forward one, and how it gets it.

Needs: verified IR, varied values, memory facts.
Gives: for each required value one of ``free`` (still in scope), ``recompute`` (from other required values, or a load
    that can be repeated), ``tape``. Values nobody requires are absent.
Cost: linear in the program; choices are greedy in program order: a value is taped rather than recomputed where it is
    expensive, or where recomputing it would tape more than one other value.
"""

from __future__ import annotations

from ..ir.builder import Builder
from ..ir.function import Constant, Function, Op, Region, Value
from ..ir.ops import SCALAR
from ..ir.types import ArrayType
from ..transforms.partials import pull
from .memory import MemoryFacts

__all__ = ["has_reverse", "required"]

_EXPENSIVE = 8


def has_reverse(op: Op, varied: set[Value]) -> bool:
    """Whether the reverse sweep does anything for an operation."""
    if op.name == "store":
        return op.operands[0] in varied
    if op.regions:
        return any(has_reverse(inner, varied) for region in op.regions for inner in region.ops) or any(
            r in varied for r in op.results)
    return any(r in varied for r in op.results)


def required(function: Function, varied: set[Value], facts: MemoryFacts) -> dict[Value, str]:
    """How each required value is had in the reverse sweep."""
    needed: list[Value] = []
    trash = Builder()

    def ask(v: Value) -> Value:
        if not isinstance(v, Constant):
            needed.append(v)
        return v if isinstance(v, Constant) else Value(v.type)

    def visit(region: Region) -> None:
        for op in region.ops:
            if op.name == "alloc" and op.result in varied:
                for v in op.operands:
                    ask(v)
            if not has_reverse(op, varied):
                continue
            if op.name in SCALAR:
                pull(trash, op, Value(op.result.type), lambda v: v in varied, ask)
            elif op.name in ("load", "store"):
                for v in op.operands[1 if op.name == "load" else 2:]:
                    ask(v)
            elif op.name == "if":
                ask(op.operands[0])
            elif op.name == "for":
                ask(op.operands[0])
                ask(op.operands[1])
            for inner in op.regions:
                visit(inner)

    visit(function.body)
    plan: dict[Value, str] = {}
    chooser = _Chooser(plan, facts)
    for v in needed:
        chooser.decide(v)
    return plan


class _Chooser:
    def __init__(self, plan: dict[Value, str], facts: MemoryFacts) -> None:
        self.plan = plan
        self.facts = facts
        self.memo: dict[Value, tuple[str, frozenset]] = {}

    def choice(self, v: Value) -> tuple[str, frozenset]:
        """How to get `v`, and the values that must be taped for it."""
        if v in self.plan:
            return self.plan[v], frozenset((v,)) if self.plan[v] == "tape" else frozenset()
        if v not in self.memo:
            self.memo[v] = self._choice(v)
        return self.memo[v]

    def _choice(self, v: Value) -> tuple[str, frozenset]:
        op = self.facts.definition.get(v)
        tape = ("tape", frozenset((v,)))
        if op is None:
            if v not in self.facts.parameter_of:
                return "free", frozenset()
            owner, _, k = self.facts.parameter_of[v]
            return ("free", frozenset()) if owner.name == "for" and k == 0 else tape
        if not self.facts.chain[op]:
            return "free", frozenset()
        if op.name == "dim":
            return "recompute", frozenset()
        if op.name == "load" and self.facts.is_stable(op):
            operands = op.operands[1:]
        elif op.name in SCALAR and SCALAR[op.name].cost < _EXPENSIVE:
            operands = op.operands
        else:
            return tape
        leaves: frozenset = frozenset()
        for x in operands:
            if not isinstance(x, Constant) and not isinstance(x.type, ArrayType):
                leaves |= self.choice(x)[1]
        new = [x for x in leaves if self.plan.get(x) != "tape"]
        return tape if len(new) > 1 and not isinstance(v.type, ArrayType) else ("recompute", leaves)

    def decide(self, v: Value) -> None:
        if v in self.plan:
            return
        how, _ = self.choice(v)
        self.plan[v] = how
        if how == "recompute":
            op = self.facts.definition[v]
            for x in op.operands:
                if not isinstance(x, Constant) and not isinstance(x.type, ArrayType):
                    self.decide(x)
