"""What the reverse sweep must know of the forward one, and how it gets it.

Needs: verified IR, varied values, memory facts.
Gives: for each required value one of ``free`` (still in scope), ``recompute`` (from other required values, or a load
    that can be repeated), ``reload`` (from where the program stored it), ``copy`` (a load from a copy of the array made
    before the nest that reads it), ``induction`` (counted from the start of a loop), ``tape``. Values nobody requires are absent.
Cost: linear in the program, but for the tests of overlap; choices are greedy in program order: a value is taped rather
    than recomputed where it is expensive, or where recomputing it would tape more than one other value.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.builder import Builder
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import SCALAR
from ..ir.types import I64, ArrayType
from ..transforms.library import active_inputs, derived
from ..transforms.partials import pull
from .memory import MemoryFacts
from .overlap import may_meet

__all__ = ["Plan", "has_reverse", "induction_step", "required", "slow_operations"]

_EXPENSIVE = 8
_SLOW = 3


def induction_step(loop: Op, k: int) -> int | None:
    """The constant that each iteration of a loop adds to carried slot `k`."""
    body = loop.regions[-1]
    p, y = body.params[k + (1 if loop.name == "for" else 0)], body.yields[k]
    if p.type != I64:
        return None
    for op in body.ops:
        if op.results and op.result is y and op.name in ("add", "sub") and op.operands[0] is p \
                and isinstance(op.operands[1], Constant):
            return op.operands[1].value if op.name == "add" else -op.operands[1].value
    return None


class Plan(dict):
    """How each required value is had.

    Attributes
    ----------
    stored : dict of Value to Op
        For ``reload``: the store.
    nest : dict of Value to Op
        For ``copy``: the loop before which the array is copied.
    copied : dict of Op to list of Value
        The arrays copied before a loop.
    kept : dict of Op to list of Value
        Operands of a library routine that its derivative reads, and that are put on the tape: they are gone or
        overwritten when the reverse sweep comes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[Value, Op] = {}
        self.nest: dict[Value, Op] = {}
        self.copied: dict[Op, list[Value]] = {}
        self.kept: dict[Op, list[Value]] = {}


def has_reverse(op: Op, varied: set[Value]) -> bool:
    """Whether the reverse sweep does anything for an operation."""
    if op.name == "store":
        return op.operands[0] in varied
    if op.name == "library":
        return any(v in varied for v in op.operands[:op.attrs["outs"]])
    if op.regions:
        return any(has_reverse(inner, varied) for region in op.regions for inner in region.ops) or any(
            r in varied for r in op.results)
    return any(r in varied for r in op.results)


def slow_operations(function: Function, facts: MemoryFacts) -> list[Op]:
    """Divisions and roots in innermost loops that do not vectorise: reading a tape takes less time than doing them again.

    Such a loop writes elements that its other iterations touch. The loops around have trip counts known at entry.
    """
    found: list[Op] = []
    for loop in [op for op in walk(function.body) if op.name == "for"]:
        body = loop.regions[0]
        slow = [op for op in body.ops if op.name in SCALAR and _SLOW <= SCALAR[op.name].cost < _EXPENSIVE
                and op.result.type.is_float]
        around = [op for op, _ in facts.chain[loop]]
        if not slow or any(op.regions for op in body.ops) or not facts.known_outside([*around, loop]):
            continue
        accesses = [op for op in body.ops if op.name in ("load", "store")]
        if any(may_meet(facts, a, b, loop, order) for k, a in enumerate(accesses) for b in accesses[k:]
               if a.operands[0] is b.operands[0] and "store" in (a.name, b.name) for order in ("later", "earlier")):
            found += slow
    return found


def required(function: Function, varied: set[Value], facts: MemoryFacts, taped: Iterable[Op] = ()) -> Plan:
    """How each required value is had in the reverse sweep; results of the operations `taped` are not repeated."""
    needed: list[Value] = []
    trash = Builder()
    plan = Plan()

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
            elif op.name == "library":
                plan.kept[op] = _kept(facts, op, varied)
                for v in op.operands:
                    for n in facts.allocation[v].operands if v in facts.allocation else ():
                        ask(n)
                    if not isinstance(v.type, ArrayType):
                        ask(v)
            elif op.name == "if":
                ask(op.operands[0])
            elif op.name == "for":
                ask(op.operands[0])
                ask(op.operands[1])
            for inner in op.regions:
                visit(inner)

    visit(function.body)
    chooser = _Chooser(plan, facts, frozenset(taped))
    for v in needed:
        chooser.decide(v)
    return plan


def _kept(facts: MemoryFacts, op: Op, varied: set[Value]) -> list[Value]:
    """Operands of a routine whose contents its derivative reads, and which do not last."""
    found = derived(op, "pull", active_inputs(op, varied))
    out = []
    for v in dict.fromkeys(op.operands[k] for k in found.needed):
        loops = {c for c, _ in facts.chain[op]}
        lasts = not (v in facts.allocation and facts.chain[facts.allocation[v]]) and all(
            facts.order[w] <= facts.order[op] and not any(c in loops for c, _ in facts.chain[w])
            for w in facts.stores.get(v, ()))
        if isinstance(v.type, ArrayType) and not lasts:
            out.append(v)
    return out


class _Chooser:
    def __init__(self, plan: Plan, facts: MemoryFacts, taped: frozenset[Op] = frozenset()) -> None:
        self.plan = plan
        self.taped = taped
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
            if owner.name == "for" and k == 0:
                return "free", frozenset()
            found = self.counted(owner, k - (owner.name == "for"))
            return ("induction", found) if found is not None else tape
        if not self.facts.chain[op]:
            return "free", frozenset()
        if op.name == "dim":
            return "recompute", frozenset()
        if op.name in ("for", "while"):
            found_ = self.counted(op, op.results.index(v))
            return ("induction", found_) if found_ is not None else tape
        found = self.repeat(op)
        if found is not None and not self.new(found[1]):
            return found
        if self.kept(v, op):
            return "reload", self.leaves(self.plan.stored[v].operands[2:])
        return tape if found is None or len(self.new(found[1])) > 1 else found

    def repeat(self, op: Op) -> tuple[str, frozenset] | None:
        """Doing the operation again."""
        if op.name == "load":
            if self.facts.is_stable(op):
                return "recompute", self.leaves(op.operands[1:])
            leaves = self.leaves(op.operands[1:])
            if not self.new(leaves) and self.worth_copying(op):
                return "copy", leaves
        elif op.name in SCALAR and SCALAR[op.name].cost < _EXPENSIVE and op not in self.taped:
            return "recompute", self.leaves(op.operands)
        return None

    def counted(self, loop: Op, k: int) -> frozenset | None:
        """What is needed to count a carried integer from its start, where each iteration adds a constant."""
        if induction_step(loop, k) is None:
            return None
        leaves = self.leaves([loop.operands[k + (3 if loop.name == "for" else 0)]])
        return None if self.new(leaves) else leaves

    def leaves(self, operands: list[Value]) -> frozenset:
        out: frozenset = frozenset()
        for x in operands:
            if not isinstance(x, Constant) and not isinstance(x.type, ArrayType):
                out |= self.choice(x)[1]
        return out

    def new(self, leaves: frozenset) -> list[Value]:
        return [x for x in leaves if self.plan.get(x) != "tape"]

    def kept(self, v: Value, op: Op) -> bool:
        """Whether the program itself stores the value where it stays."""
        for store in self.facts.stored_values.get(v, ()):
            if self.facts.region[store] is not self.facts.region[op]:
                continue
            index = store.operands[2:]
            known = all(self.facts.order[self.facts.definition[x]] < self.facts.order[op]
                        for x in index if x in self.facts.definition)
            if known and not self.new(self.leaves(index)) and self.facts.is_final(store.operands[0], store, index):
                self.plan.stored[v] = store
                return True
        return False

    def worth_copying(self, load: Op) -> bool:
        """Whether a copy of the array before the nest costs less than a tape of the elements read in it."""
        facts, root = self.facts, load.operands[0]
        nest = facts.steady_around(load)
        if nest is None or (root in facts.allocation and facts.chain[facts.allocation[root]]):
            return False
        if nest.name != "for" or all(isinstance(v, Constant) for v in nest.operands[:2]):
            return False
        around = [op for op, _ in facts.chain[nest]]
        if around and not facts.counted([op for op in around if op.name in ("for", "while")], around):
            return False
        inside = [op for op, _ in facts.chain[load] if op.name in ("for", "while")]
        depth = len(inside) - inside.index(nest)
        reads = sum(1 for other in facts.loads[root] if any(op is nest for op, _ in facts.chain[other]))
        if depth < root.type.ndim or (depth == root.type.ndim and reads < 2):
            return False
        self.plan.nest[load.result] = nest
        return True

    def decide(self, v: Value) -> None:
        if v in self.plan:
            return
        how, _ = self.choice(v)
        self.plan[v] = how
        if how == "tape" or how == "free":
            return
        if how == "induction":
            owner, k = self.slot(v)
            inits = owner.operands[k + (3 if owner.name == "for" else 0):]
            if not isinstance(inits[0], Constant):
                self.decide(inits[0])
            return
        op = self.plan.stored[v] if how == "reload" else self.facts.definition[v]
        for x in op.operands[2:] if how == "reload" else op.operands:
            if not isinstance(x, Constant) and not isinstance(x.type, ArrayType):
                self.decide(x)
        if how == "copy":
            self.copy(v, op.operands[0])

    def slot(self, v: Value) -> tuple[Op, int]:
        """The loop that carries a value, and the number of the carried slot."""
        if v in self.facts.parameter_of:
            owner, _, k = self.facts.parameter_of[v]
            return owner, k - (owner.name == "for")
        op = self.facts.definition[v]
        return op, op.results.index(v)

    def copy(self, v: Value, root: Value) -> None:
        """Share a copy that was taken earlier of the same contents, or take one before the nest."""
        nest = self.plan.nest[v]
        ops = self.facts.region[nest].ops
        for op in reversed(ops[:ops.index(nest) + 1]):
            if root in self.plan.copied.get(op, ()):
                self.plan.nest[v] = op
                return
            if self.facts.writes_inside(op, root):
                break
        self.plan.copied.setdefault(nest, []).append(root)
