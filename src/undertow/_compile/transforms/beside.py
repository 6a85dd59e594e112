"""Which loops may run several iterations side by side, and what then differs between the iterations.

Needs: positions and definitions (`MemoryFacts`) of verified IR. Gives: for a loop a `Plan`, or None where iterations depend
on each other. Cost: a test of overlap for each pair of accesses to memory that the loop writes, and as many passes over the
loop as its values have levels.

Iterations may meet in sums alone. Memory they write is of one of these kinds:

- ``rows``: no iteration touches what another one writes.
- ``sum``: the loop only adds to it (cotangents; their order is free).
- ``own``: what an iteration reads it has written before, so that each lane can have a copy.
- ``clean``: zero when an iteration begins, and zero again when it ends: the shadows of ``own`` memory.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts
from ..analyses.overlap import in_box, may_meet
from ..ir.builder import const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import SCALAR
from ..ir.types import I64
from .clears import box_of
from .fission import depending
from .loops import key_of
from .threads import Sum

__all__ = ["ACCESS", "EACH", "Plan", "index_of", "plan"]

ACCESS = frozenset(("load", "store", "accum"))
_KNOWN = frozenset(SCALAR) | ACCESS | {"for", "if", "alloc", "dim", "check"}
_PARTIAL = frozenset(("floordiv", "mod", "shl", "shr"))  # of integers: not defined everywhere
EACH = frozenset(SCALAR) - _PARTIAL
_FLOATS_ONLY = frozenset(("div", "pow", "abs", "sign", "maximum", "minimum"))
_LARGEST = 400  # operations in a loop


class Plan:
    """What differs between the iterations of a loop.

    Attributes
    ----------
    varying : dict of Value to (int or None)
        Values that are not the same in all iterations; an integer that grows evenly with the iterations has its step here.
    kinds : dict of Value to str
        Kinds of the memory that the loop accesses; ``read`` where it is only read.
    own : set of Value
        Memory of which each lane has a copy, whether it is allocated inside the loop or outside.
    sums : list of str
        For each carried value: ``free`` or ``ordered`` for sums, ``last`` where iterations do not read it, ``flag`` where
        each makes the same choice between it and another value, ``folded`` where iterations have to take turns.
    serial : list of Op
        What iterations do in turn, at the top of the body.
    """

    def __init__(self, loop: Op) -> None:
        self.loop = loop
        self.varying: dict[Value, int | None] = {loop.regions[0].params[0]: 1}
        self.kinds: dict[Value, str] = {}
        self.own: set[Value] = set()
        self.sums: list[str] = []
        self.serial: list[Op] = []
        self.in_turn: set[Op] = set()  # these and what is inside
        self.accesses: dict[Value, list[Op]] = {}
        self.masked: set[Op] = set()  # operations that not all lanes run
        self.doubtful: set[Op] = set()  # of these, accesses that might be outside where a lane does not run them

    @property
    def body(self) -> Region:
        return self.loop.regions[0]

    @property
    def rising(self) -> bool:
        return self.loop.operands[2].value > 0  # type: ignore[attr-defined]

    def moving_axes(self, op: Op) -> list[int]:
        """Axes along which the lanes of an access lie."""
        return [k for k, v in enumerate(index_of(op)) if v in self.varying]

    def slice_axis(self, op: Op) -> int | None:
        """The axis along which the lanes of an access are neighbours."""
        axes = self.moving_axes(op)
        return axes[0] if len(axes) == 1 and self.varying[index_of(op)[axes[0]]] == 1 else None


def index_of(op: Op) -> list[Value]:
    """The index of an access."""
    return op.operands[1 if op.name == "load" else 2:]


def plan(function: Function, facts: MemoryFacts, loop: Op) -> Plan | None:
    """How the iterations of a loop run side by side; None where they must not."""
    ops = list(walk(loop.regions[0]))
    if len(ops) > _LARGEST or abs(loop.operands[2].value) != 1 or any(op.name not in _KNOWN for op in ops):  # type: ignore[attr-defined]
        return None
    found = _planned(function, facts, loop, ops, True)
    if found is None and any(op.name == "select" for op in ops):
        found = _planned(function, facts, loop, ops, False)
    return found


def _planned(function: Function, facts: MemoryFacts, loop: Op, ops: list[Op], flags: bool) -> Plan | None:
    """A plan, with or without choices that are the same in all iterations."""
    found = Plan(loop)
    inside = {op.result for op in ops if op.name == "alloc"}
    for op in ops:
        if op.name in ACCESS:
            found.accesses.setdefault(op.operands[0], []).append(op)
    for p, y in zip(found.body.params[1:], found.body.yields, strict=True):
        kind = _carried(found, p, y, flags)
        found.sums.append(kind)
        if kind == "free":
            found.varying[p] = None
    for root, accesses in found.accesses.items():
        kind = "own" if root in inside else _kind(function, facts, loop, root, accesses)
        if kind is None:
            return None
        found.kinds[root] = kind
    if not _takes_turns(found):
        return None
    _spread(found)
    return found if _fits(function, facts, found) else None


def _takes_turns(found: Plan) -> bool:
    """Whether what carried values depend on one iteration after the other is little and stands apart."""
    body = found.body
    folded = [k for k, kind in enumerate(found.sums) if kind == "folded"]
    if not folded:
        return True
    sources = {body.params[k + 1] for k in folded}
    found.serial = depending(body, sources, whole=True)
    inner = [x for op in found.serial for x in walk_op(op)]
    found.in_turn = set(inner)
    if any(op.name not in SCALAR and op.name not in ("for", "if", "load", "store") for op in inner):
        return False
    stored = {op.operands[0] for op in inner if op.name == "store"}
    if any(found.kinds[root] != "rows" or any(op not in found.in_turn for op in found.accesses[root]) for root in stored):
        return False
    if any(y in sources for k, y in enumerate(body.yields) if k not in folded):
        return False
    first, last = (body.ops.index(found.serial[k]) for k in (0, -1))
    loaded = {op.operands[0] for op in inner if op.name == "load"}
    between = [x for op in body.ops[first:last] if op not in found.in_turn for x in walk_op(op)]
    return not any(op.name in ("store", "accum") and op.operands[0] in loaded for op in between)


def walk_op(op: Op) -> list[Op]:
    return [op, *(x for region in op.regions for x in walk(region))]


def _carried(found: Plan, p: Value, y: Value, flags: bool) -> str:
    """What a value is that the loop carries."""
    body = found.body
    uses = sum(list(op.operands).count(p) for op in walk(body)) + sum(
        list(r.yields).count(p) for op in walk(body) for r in op.regions)
    if uses == 0 and y is not p:
        return "last"
    if p.type.is_float and Sum(body, p, ("radd",)).reaches(y):  # type: ignore[union-attr]
        return "free"
    total = next((op for op in body.ops if y in op.results), None)
    if flags and total is not None and total.name == "select" and uses == 1 and p in total.operands[1:]:
        return "flag"
    if total is None or not found.rising or uses != 1 or total.name not in ("add", "sub") or p.type.name[0] not in "fi":  # type: ignore[union-attr]
        return "folded"
    if total.operands[0] is not p and (total.name == "sub" or total.operands[1] is not p):
        return "folded"
    others = sum(list(op.operands).count(y) for op in walk(body)) + sum(
        list(r.yields).count(y) for op in walk(body) for r in op.regions)
    return "ordered" if others == 0 and list(body.yields).count(y) == 1 else "folded"


# ---- memory
def _kind(function: Function, facts: MemoryFacts, loop: Op, root: Value, accesses: list[Op]) -> str | None:
    kinds = {op.name for op in accesses}
    if kinds == {"load"}:
        return "read"
    if kinds == {"accum"} and root.type.is_float:
        return "sum"
    if _apart(facts, loop, accesses):
        return "rows"
    if _written_first(function, facts, loop, accesses):
        return "own"
    return "clean" if _cleaned(function, facts, loop, root, accesses) else None


def _apart(facts: MemoryFacts, loop: Op, accesses: list[Op]) -> bool:
    distinct = list({(op.name == "load", *map(key_of, index_of(op))): op for op in accesses}.values())
    for k, first in enumerate(distinct):
        for second in distinct[k:]:
            if first.name == second.name == "load":
                continue
            if may_meet(facts, first, second, loop, "later") or may_meet(facts, first, second, loop, "earlier"):
                return False
    return True


def _written_first(function: Function, facts: MemoryFacts, loop: Op, accesses: list[Op]) -> bool:
    """Whether an iteration has written each element before it reads or adds to it."""
    stores = [op for op in accesses if op.name == "store"]
    for op in accesses:
        needs = op.name != "store" or any(c.name == "if" for c, _ in _within(facts, op, loop))
        if needs and not any(_covers(function, facts, loop, s, op, True) for s in stores):
            return False
    return True


def _cleaned(function: Function, facts: MemoryFacts, loop: Op, root: Value, accesses: list[Op]) -> bool:
    """Whether memory is zero before the loop, and each iteration leaves it so."""
    allocation = facts.allocation.get(root)
    if allocation is None or allocation.attrs["fill"] != "zeros" or root in function.body.yields:
        return False
    if any(not any(c is loop for c, _ in facts.chain[w]) for w in facts.stores.get(root, ())) or any(
            op.name not in ACCESS and op.name != "dim" and root in op.operands for op in walk(function.body)):
        return False
    clears = [op for op in accesses if op.name == "store" and isinstance(op.operands[1], Constant)
              and op.operands[1].value == 0]
    return all(op.name == "load" or op in clears or any(_covers(function, facts, loop, c, op, False) for c in clears)
               for op in accesses)


def _within(facts: MemoryFacts, op: Op, loop: Op) -> tuple:
    """Control operations around an operation that are inside the loop."""
    chain = facts.chain[op]
    return chain[next(k for k, (c, _) in enumerate(chain) if c is loop) + 1:]


def _covers(function: Function, facts: MemoryFacts, loop: Op, store: Op, op: Op, before: bool) -> bool:
    """Whether, in each iteration, a store certainly writes what `op` touches, before or after it does."""
    if (facts.order[store] < facts.order[op]) != before or store is op:
        return False
    region = loop.regions[0]
    for x, y in zip(_within(facts, store, loop), _within(facts, op, loop), strict=False):
        if x != y:
            break
        region = x[0].regions[x[1]]
    if not before and any(c.name == "if" for c, _ in _within(facts, store, loop)):
        return False
    box = box_of(facts, region, store)
    if box is None:
        return False
    root = store.operands[0]
    left = [k for k, side in enumerate(box) if not _is_whole(function, facts, root, k, side)]
    return in_box(facts, op, [index_of(op)[k] for k in left], [box[k] for k in left])


def _is_whole(function: Function, facts: MemoryFacts, root: Value, axis: int, side: tuple) -> bool:
    """Whether a side of a box is all of an axis."""
    first, (past, c) = side
    if first != (None, 0):
        return False
    allocation = facts.allocation.get(root)
    if allocation is not None:
        n, d = facts.moved(allocation.operands[axis])
        return (None, d + n.value) == (past, c) if isinstance(n, Constant) else (n, d) == (past, c)
    if past is None:
        return function.extents.get((root, axis)) == c
    dim = facts.definition.get(past)
    known = function.equal.get((root, axis))
    return c == 0 and (known is past or (dim is not None and dim.name == "dim" and dim.operands[0] is root
                                         and dim.attrs["axis"] == axis))


# ---- values
def _spread(found: Plan) -> None:
    """All values that are not the same in all iterations, and memory that holds such."""
    size = -1
    while size != (size := len(found.varying) + len(found.own) + sum(v is None for v in found.varying.values())
                   + len(found.masked)):
        _visit(found, found.body, False)


def _visit(found: Plan, region: Region, masked: bool) -> None:
    varying = found.varying
    for op in region.ops:
        if op in found.in_turn:
            continue
        if masked:
            found.masked.add(op)
        if op.name in SCALAR:
            if any(v in varying for v in op.operands):
                step = _step(found, op)
                if step != 0:
                    varying[op.result] = None if varying.get(op.result, step) is None else step
        elif op.name == "load":
            if op.operands[0] in found.own or found.moving_axes(op):
                varying[op.result] = None
        elif op.name in ("store", "accum"):
            if found.kinds[op.operands[0]] in ("own", "clean") and (
                    masked or op.operands[1] in varying or found.moving_axes(op)):
                found.own.add(op.operands[0])
        elif op.name == "for":
            inner = op.regions[0]
            for q, r, v, y in zip(inner.params[1:], op.results, op.operands[3:], inner.yields, strict=True):
                if v in varying or y in varying or q in varying:
                    varying[q] = varying[r] = None
            _visit(found, inner, masked)
        elif op.name == "if":
            apart = op.operands[0] in varying
            for inner in op.regions:
                _visit(found, inner, masked or apart)
            for r, *ys in zip(op.results, *(inner.yields for inner in op.regions), strict=True):
                if apart or any(y in varying for y in ys):
                    varying[r] = None


def _step(found: Plan, op: Op) -> int | None:
    """By how much an integer grows from one iteration to the next; None where that is not constant."""
    if op.result.type != I64 or op.name not in ("add", "sub", "mul", "neg"):
        return None
    steps = [found.varying.get(v, 0) for v in op.operands]
    if None in steps:
        return None
    if op.name == "mul":
        x, y = op.operands
        factor, step = (y, steps[0]) if isinstance(y, Constant) else (x, steps[1])
        return step * factor.value if isinstance(factor, Constant) else None  # type: ignore[operator]
    if op.name == "neg":
        return -steps[0]  # type: ignore[operator]
    return steps[0] + steps[1] if op.name == "add" else steps[0] - steps[1]  # type: ignore[operator]


def _fits(function: Function, facts: MemoryFacts, found: Plan) -> bool:
    """Whether every operation can be done in lanes."""
    varying = found.varying
    if any(kind == "flag" and y in varying for kind, y in zip(found.sums, found.body.yields, strict=True)):
        return False
    for op in walk(found.body):
        if op in found.in_turn:
            continue
        if op.name == "for" and any(v in varying for v in op.operands[:3]):
            return False
        if op.name == "alloc" and any(v in varying for v in op.operands):
            return False
        if op.name in ACCESS and found.moving_axes(op):
            kind = found.kinds[op.operands[0]]
            axis = found.slice_axis(op)
            if kind in ("own", "clean") or (axis is None and (op.name, kind) not in (("load", "read"), ("accum", "sum"))):
                return False
            if op in found.masked and (axis is None or not _certain(function, facts, op, axis)):
                if (op.name, kind) not in (("load", "read"), ("accum", "sum")):
                    return False
                found.doubtful.add(op)
        elif op.name in ACCESS and op.name != "load" and found.kinds[op.operands[0]] == "rows":
            return False
        if op.name in SCALAR and any(v in varying for v in op.operands) and varying.get(op.result, None) is None:
            kinds = {v.type.name[0] for v in op.operands}  # type: ignore[union-attr]
            if op.name not in EACH or (op.name in _FLOATS_ONLY and kinds != {"f"}):
                return False
    return True


def _certain(function: Function, facts: MemoryFacts, op: Op, axis: int) -> bool:
    """Whether an index lies inside its axis in all iterations, whatever branches they take."""
    root, v = op.operands[0], index_of(op)[axis]
    if root in facts.allocation:
        n = facts.allocation[root].operands[axis]
        op_of = facts.definition.get(n)
        natural = op_of is not None and op_of.name == "select" and isinstance(op_of.operands[1], Constant)
        sizes = [n, op_of.operands[2]] if natural and op_of.operands[1].value == 0 and _clamps(facts, op_of) else [n]  # type: ignore[union-attr]
    else:
        sizes = [x.result for x in walk(function.body) if x.name == "dim" and x.operands[0] is root
                 and x.attrs["axis"] == axis and x.result not in facts.parameter_of]
        sizes += [v for v in (function.equal.get((root, axis)),) if v is not None]
        if (root, axis) in function.extents:
            sizes.append(const(function.extents[root, axis]))
    return any(in_box(facts, op, [v], [((None, 0), _bound(facts, n))]) for n in sizes)


def _clamps(facts: MemoryFacts, select: Op) -> bool:
    """Whether a choice is ``0 if n < 0 else n``."""
    test = facts.definition.get(select.operands[0])
    return test is not None and test.name == "lt" and test.operands[0] is select.operands[2] and isinstance(
        test.operands[1], Constant) and test.operands[1].value == 0


def _bound(facts: MemoryFacts, n: Value) -> tuple:
    base, c = facts.moved(n)
    return (None, c + base.value) if isinstance(base, Constant) else (base, c)
