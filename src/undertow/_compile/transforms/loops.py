"""Loops of the reverse sweep in the form that vectorises.

Needs: verified IR. Gives: verified IR, in place. Cost: a test of overlap for each pair of accesses to one memory in an
innermost loop.

- `promote`: accumulations into one element become a sum carried by the loop, whose order is free.
- `turn_around`: loops whose iterations are independent run upwards.
- `separate`: accumulations into neighbours (``a[i-1] += x; a[i+1] += x``) become one loop for each neighbour.

Cotangents are sums of contributions: their order changes by rounding alone, so accumulations commute.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet
from ..ir.builder import const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import SCALAR
from ..ir.types import BOOL, I64

__all__ = ["cost_of", "depends_on", "independent", "is_plain", "key_of", "needed_for", "offset_from", "plus_one", "promote",
           "reads_back", "register", "replace", "separate", "sliced", "sums_only", "turn_around"]

_ACCESS = frozenset(("load", "store", "accum"))


def promote(function: Function) -> None:
    """Accumulations into an element that a loop does not change become a carried sum."""
    facts = memory(function)

    def visit(region: Region) -> None:
        k = 0
        while k < len(region.ops):
            op = region.ops[k]
            for inner in op.regions:
                visit(inner)
            if op.name == "for":
                after = _promote_in(facts, op)
                region.ops[k + 1:k + 1] = after
                for new in after:
                    register(facts, new, region, facts.chain[op])
            k += 1

    visit(function.body)


def register(facts: MemoryFacts, op: Op, region: Region, chain: tuple) -> None:
    """Facts of an operation that a pass has made."""
    facts.chain[op] = chain
    facts.region[op] = region
    for r in op.results:
        facts.definition[r] = op
    for k, inner in enumerate(op.regions):
        for n, p in enumerate(inner.params):
            facts.parameter_of[p] = (op, inner, n)
        for child in inner.ops:
            register(facts, child, inner, (*chain, (op, k)))


def _promote_in(facts: MemoryFacts, loop: Op) -> list[Op]:
    body = loop.regions[0]
    inside = _defined(body)
    groups: dict[tuple, list[Op]] = {}
    for op in body.ops:
        if op.name == "accum" and not any(v in inside for v in (op.operands[0], *op.operands[2:])):
            key = (op.operands[0], *(key_of(v) for v in op.operands[2:]))
            groups.setdefault(key, []).append(op)
    after: list[Op] = []
    accesses = [op for op in walk(body) if op.name in _ACCESS]
    if any(op.name in ("gemm", "library") for op in walk(body)):
        return []
    for group in groups.values():
        root = group[0].operands[0]
        others = [op for op in accesses if op.operands[0] is root and op.name != "accum"]
        if any(may_meet(facts, group[0], op, loop) for op in others):
            continue
        after += _carry(loop, group)
    return after


def _carry(loop: Op, group: list[Op]) -> list[Op]:
    body = loop.regions[0]
    root, _, *index = group[0].operands
    element = root.type.element
    name = f"{root.name}_sum"
    carried, result = Value(element, name), Value(element, name)
    total: Value = carried
    for op in group:
        new = Value(element)
        body.ops[body.ops.index(op)] = Op("radd", [total, op.operands[1]], [new], span=op.span)
        total = new
    loop.operands.append(const(0.0, element))
    loop.results.append(result)
    body.params.append(carried)
    body.yields.append(total)
    lo, hi, step = loop.operands[:3]
    ran = Value(BOOL)
    test = Op("lt" if step.value > 0 else "gt", [lo, hi], [ran], span=loop.span)  # type: ignore[attr-defined]
    then = Region()
    then.ops.append(Op("accum", [root, result, *index], [], span=group[0].span))
    return [test, Op("if", [ran], [], regions=[then, Region()], span=group[0].span)]


def replace(facts: MemoryFacts, loop: Op, new: list[Op]) -> None:
    """Put operations in the place of a loop."""
    region = facts.region[loop]
    at = region.ops.index(loop)
    region.ops[at:at + 1] = new
    for op in new:
        register(facts, op, region, facts.chain[loop])


def key_of(v: Value) -> object:
    return (v.type, v.value) if isinstance(v, Constant) else v


def _defined(region: Region) -> set[Value]:
    out = set(region.params)
    for op in region.ops:
        out.update(op.results)
        for inner in op.regions:
            out |= _defined(inner)
    return out


def independent(facts: MemoryFacts, loop: Op, accesses: list[Op], apart: bool = False) -> bool:
    """Whether the iterations may run in any order; with `apart`, at the same time."""
    for k, first in enumerate(accesses):
        for second in accesses[k:]:
            if first.operands[0] is not second.operands[0]:
                continue
            kinds = {first.name, second.name}
            if kinds <= {"load"} or (kinds == {"accum"} and not apart):
                continue
            if may_meet(facts, first, second, loop, "later") or may_meet(facts, first, second, loop, "earlier"):
                return False
    return True


def is_plain(loop: Op) -> bool:
    """An innermost loop of scalar operations and accesses."""
    return loop.name == "for" and all(op.name in SCALAR or op.name in _ACCESS or op.name == "dim"
                                      for op in loop.regions[0].ops)


def sums_only(loop: Op) -> bool:
    """Whether all that the loop carries are sums whose order is free."""
    body = loop.regions[0]
    uses: dict[Value, int] = {}
    producer: dict[Value, Op] = {}
    for op in body.ops:
        for v in op.operands:
            uses[v] = uses.get(v, 0) + 1
        for r in op.results:
            producer[r] = op
    for p, y in zip(body.params[1:], body.yields, strict=True):
        v = y
        while v is not p:
            op = producer.get(v)
            if op is None or op.name != "radd" or uses.get(v, 0) != (0 if v is y else 1):
                return False
            v = op.operands[0]
        if uses.get(p, 0) != 1:
            return False
    return True


def turn_around(function: Function) -> None:
    """Independent iterations run upwards."""
    facts = memory(function)
    for loop in [op for op in walk(function.body) if op.name == "for"]:
        step = loop.operands[2].value  # type: ignore[attr-defined]
        if step != -1 or not is_plain(loop) or not sums_only(loop):
            continue
        accesses = [op for op in loop.regions[0].ops if op.name in _ACCESS]
        if not independent(facts, loop, accesses):
            continue
        region = facts.region[loop]
        lo, hi = loop.operands[:2]
        first = plus_one(facts, region, loop, hi)
        past = plus_one(facts, region, loop, lo)
        loop.operands[:3] = [first, past, const(1)]


def plus_one(facts: MemoryFacts, region: Region, before: Op, v: Value) -> Value:
    if isinstance(v, Constant):
        return const(v.value + 1)
    op = facts.definition.get(v)
    if op is not None and op.name == "sub" and isinstance(op.operands[1], Constant) and op.operands[1].value == 1:
        return op.operands[0]
    new = Op("add", [v, const(1)], [Value(I64)], span=before.span)
    region.ops.insert(region.ops.index(before), new)
    register(facts, new, region, facts.chain[before])
    return new.result


def separate(function: Function) -> None:
    """One loop for each neighbour that an iteration adds to."""
    facts = memory(function)
    for loop in [op for op in walk(function.body) if op.name == "for"]:
        if loop.results or not is_plain(loop) or abs(loop.operands[2].value) != 1:  # type: ignore[attr-defined]
            continue
        groups = _neighbours(facts, loop)
        if groups is not None and independent(facts, loop, [op for op in loop.regions[0].ops if op.name in _ACCESS]):
            replace(facts, loop, [sliced(loop, part) for part in groups])


_COST = 12.0


def _neighbours(facts: MemoryFacts, loop: Op) -> list[set[Op]] | None:
    """Effects of an iteration by the loop that does them; None where one loop is as good."""
    body = loop.regions[0]
    i = body.params[0]
    effects = [op for op in body.ops if op.name in ("store", "accum")]
    by_root: dict[Value, list[list[Op]]] = {}
    for op in effects:
        kinds = by_root.setdefault(op.operands[0], [])
        for kind in kinds:
            if not any(_clash(facts, loop, op, other) for other in kind):
                kind.append(op)
                break
        else:
            kinds.append([op])
    for kinds in by_root.values():  # the element itself first: its shadow may just have been cleared
        kinds.sort(key=lambda kind: not any(v is i for v in kind[0].operands[2:]))
    several = [kinds for kinds in by_root.values() if len(kinds) > 1]
    if not several or any(op.name != "accum" for kinds in several for kind in kinds for op in kind):
        return None
    if not all(_strided(facts, loop, op, i) for kinds in several for kind in kinds for op in kind):
        return None
    count = max(len(kinds) for kinds in several)
    out: list[set[Op]] = [set() for _ in range(count)]
    for root, kinds in by_root.items():
        for k, kind in enumerate(kinds):
            out[k if root in [s[0][0].operands[0] for s in several] else count - 1].update(kind)
    if reads_back(facts, body):
        return None
    stored = {op.operands[0] for op in effects if op.name == "store"}
    if any(op.name == "store" for part in out[:-1] for op in part) or stored & {k[0][0].operands[0] for k in several}:
        return None
    return out if sum(cost_of(loop, part) for part in out[:-1]) <= _COST * (count - 1) else None


def _clash(facts: MemoryFacts, loop: Op, op: Op, other: Op) -> bool:
    """Whether one loop for both might write an element in two of its iterations."""
    if [key_of(v) for v in op.operands[2:]] == [key_of(v) for v in other.operands[2:]]:
        return False
    return may_meet(facts, op, other, loop)


def _strided(facts: MemoryFacts, loop: Op, op: Op, i: Value) -> bool:
    """Whether the loop's index moves along exactly one axis, by itself and a constant."""
    moving = 0
    for v in op.operands[2:]:
        if offset_from(facts, v, i) is not None:
            moving += 1
        elif depends_on(facts, v, loop):
            return False
    return moving == 1


def reads_back(facts: MemoryFacts, body: Region) -> bool:
    """Whether an iteration reads an element after writing it: its parts would read too early."""
    written: list[Op] = []
    for op in body.ops:
        if op.name == "load" and any(op.operands[0] is w.operands[0] and may_meet(facts, w, op, None) for w in written):
            return True
        if op.name in ("store", "accum"):
            written.append(op)
    return False


def offset_from(facts: MemoryFacts, v: Value, i: Value) -> int | None:
    """`c` where `v` is ``i + c``."""
    c = 0
    while v is not i:
        op = facts.definition.get(v)
        if op is None or op.name not in ("add", "sub") or not isinstance(op.operands[1], Constant):
            return None
        c += op.operands[1].value if op.name == "add" else -op.operands[1].value
        v = op.operands[0]
    return c


def depends_on(facts: MemoryFacts, v: Value, loop: Op) -> bool:
    if isinstance(v, Constant):
        return False
    if v in facts.parameter_of:
        return facts.parameter_of[v][0] is loop
    op = facts.definition.get(v)
    return op is not None and facts.region[op] is loop.regions[0]


def needed_for(loop: Op, effects: set[Op]) -> list[Op]:
    """Operations of the body that some of its effects need, in order."""
    wanted = {v for op in effects for v in op.operands}
    keep: list[Op] = []
    for op in reversed(loop.regions[0].ops):
        if op in effects or (op.results and op.result in wanted):
            keep.append(op)
            wanted.update(op.operands)
    return keep[::-1]


def cost_of(loop: Op, effects: set[Op]) -> float:
    return sum(SCALAR[op.name].cost if op.name in SCALAR else 1.0 for op in needed_for(loop, effects))


def sliced(loop: Op, effects: set[Op]) -> Op:
    """The loop with some of its effects."""
    body = loop.regions[0]
    i = Value(I64, body.params[0].name)
    mapping: dict[Value, Value] = {body.params[0]: i}
    region = Region([i])
    for op in needed_for(loop, effects):
        results = [Value(r.type, r.name) for r in op.results]
        region.ops.append(Op(op.name, [mapping.get(v, v) for v in op.operands], results, op.attrs, span=op.span))
        mapping.update(zip(op.results, results, strict=True))
    return Op("for", list(loop.operands), [], loop.attrs, [region], loop.span)


