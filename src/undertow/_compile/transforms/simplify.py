"""Dead code, decided comparisons, loop-carried values that do not change."""

from __future__ import annotations

from typing import Any

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value, replace_uses, walk
from ..ir.ops import HAS_EFFECT, SCALAR
from ..ir.types import BOOL, I64

__all__ = ["Copier", "again", "cancel_clearing", "eliminate_dead", "hoist", "resolve", "settle_flags",
           "share_loads"]


class Copier:
    """Copies regions, with some comparisons and extents replaced by what is known of them, and folds what follows."""

    def __init__(self, function: Function, truths: dict[Any, Any]) -> None:
        self.b = Builder()
        self.truths = truths
        self.mapping: dict[Value, Value] = {p: p for p in function.params}
        self.apart: dict[Value, tuple[Value, int]] = {}
        self.equal: dict[tuple[Value, int], Value] = {}

    def get(self, v: Value) -> Value:
        return v if isinstance(v, Constant) else self.mapping[v]

    def body(self, region: Region) -> None:
        b, truths, mapping, get = self.b, self.truths, self.mapping, self.get
        checked: set[Value] = set()
        for op in region.ops:
            b.span = op.span
            if op in truths:
                mapping[op.result] = const(truths[op])
            elif op.name == "dim" and (op.operands[0], op.attrs["axis"]) in truths:
                mapping[op.result] = const(truths[op.operands[0], op.attrs["axis"]])
            elif op.results and op.result in self.apart:
                v, c = self.apart[op.result]
                mapping[op.result] = b.add(get(v), const(c)) if c >= 0 else b.sub(get(v), const(-c))
            elif op.name in SCALAR:
                mapping[op.result] = again(b, op, [get(v) for v in op.operands])
            elif op.name == "dim":
                mapping[op.result] = b.pure("dim", [get(op.operands[0])], op.result.type, op.attrs, op.result.name)
            elif op.name == "if" and isinstance(get(op.operands[0]), Constant):
                chosen = op.regions[0 if get(op.operands[0]).value else 1]  # type: ignore[attr-defined]
                self.body(chosen)
                for r, y in zip(op.results, chosen.yields, strict=True):
                    mapping[r] = get(y)
            elif op.name == "check":
                c = get(op.operands[0])
                if c not in checked:
                    checked.add(c)
                    b.check(c, op.attrs["reason"], op.attrs["defer"])
            else:
                self.control(op)

    def unify(self, function: Function) -> None:
        """Extents that are equal, or a constant apart, become sums of one and a constant.

        Loops over ``a.shape[0]`` and over ``b.shape[0] - 1`` can then be seen to be over the same range.
        """
        place = dict.fromkeys(function.params, -1)
        dims: dict[Value, tuple[Value, int]] = {}
        sums: dict[Value, tuple[Value, int]] = {}
        for op in walk(function.body):
            if op.name in ("add", "sub") and op.result.type == I64 and isinstance(op.operands[1], Constant):
                sums[op.result] = op.operands[0], op.operands[1].value * (1 if op.name == "add" else -1)
        for k, op in enumerate(function.body.ops):
            if op.name == "dim" and op.operands[0] in place:
                dims[op.result] = (op.operands[0], op.attrs["axis"])
            elif op.name not in SCALAR or op.result.type != I64:
                continue
            place[op.result] = k
        apart: dict[Value, tuple[Value, int]] = {}
        pinned = {v: const(self.truths[key]) for v, key in dims.items() if key in self.truths}

        def find(v: Value) -> tuple[Value, int]:
            c = 0
            while v in apart or v in sums:
                v, d = apart[v] if v in apart else sums[v]
                c += d
            return pinned.get(v, v), c

        for op in walk(function.body):
            if op.name == "eq" and self.truths.get(op):
                (x, c), (y, d) = sorted(map(find, op.operands), key=lambda term: place.get(term[0], -2))
                if x is not y and (x in place or isinstance(x, Constant)) and y in place:
                    apart[y] = x, c - d  # x + c equals y + d
        self.apart = {v: find(v) for v in apart if v not in self.mapping}
        self.equal = {**function.equal, **{dims[v]: v for v in self.apart if v in dims}}

    def region(self, inner: Region) -> Region:
        params = [Value(p.type, p.name) for p in inner.params]
        self.mapping.update(zip(inner.params, params, strict=True))
        with self.b.inside(Region(params)) as region:
            self.body(inner)
            region.yields = [self.get(y) for y in inner.yields]
        return region

    def control(self, op: Op) -> None:
        regions = [self.region(inner) for inner in op.regions]
        results = self.b.emit(op.name, [self.get(v) for v in op.operands], [r.type for r in op.results], op.attrs,
                              regions, [r.name for r in op.results])
        self.mapping.update(zip(op.results, results, strict=True))

    def copy(self, function: Function) -> Function:
        self.unify(function)
        self.body(function.body)
        out = self.b.region
        out.params = function.params
        out.yields = [self.get(y) for y in function.body.yields]
        extents = {**function.extents, **{key: n for key, n in self.truths.items() if isinstance(key, tuple)}}
        made = Function(function.name, out, function.spans, extents)
        made.equal = {key: self.get(v) for key, v in self.equal.items() if isinstance(v, Constant) or v in self.mapping}
        return made


def resolve(function: Function, truths: dict[Any, Any]) -> Function:
    """A copy in which decided comparisons and extents are constants, and what follows from them is folded.

    Needs: verified IR; truths from `intervals.decide`. Gives: verified IR with fresh values. Cost: linear.
    """
    return Copier(function, truths).copy(function)


def again(b: Builder, op: Op, operands: list[Value]) -> Value:
    """A scalar operation of other operands, folded where they decide it."""
    if op.name == "cast":
        return b.cast(operands[0], op.result.type)  # type: ignore[arg-type]
    if op.attrs.get("wrap"):
        folded = b.fold(op.name, tuple(operands), op.result.type)  # type: ignore[arg-type]
        if folded is not None and not (isinstance(folded, Constant) and abs(folded.value) >= 2**62):
            return folded
    if op.attrs.get("strong") or op.attrs.get("wrap"):
        return b.pure(op.name, operands, op.result.type, op.attrs, op.result.name)
    return b.scalar(op.name, *operands, type=op.result.type, hint=op.result.name)  # type: ignore[arg-type]


_HOISTED = frozenset(SCALAR) - {"floordiv", "mod", "shl", "shr"}


def hoist(function: Function) -> None:
    """Move pure operations out of loops that do not change their operands, and checks of what they compute.

    A check moves with the question whether the loop runs at all: a loop that does not would not have made it.
    Needs: verified IR. Gives: verified IR, in place. Cost: linear times the depth of loops.
    """
    def visit(region: Region, outside: set[Value]) -> None:
        visible = outside | set(region.params)
        k = 0
        while k < len(region.ops):
            op = region.ops[k]
            for inner in op.regions:
                visit(inner, visible)
            if op.name in ("for", "while"):
                moved = [x for inner in op.regions for x in _invariant(inner, visible)]
                if op.name == "for":
                    moved += _checks(op, visible | {r for x in moved for r in x.results})
                region.ops[k:k] = moved
                for x in moved:
                    visible.update(x.results)
                k += len(moved)
            visible.update(op.results)
            k += 1

    visit(function.body, set())


def _checks(loop: Op, visible: set[Value]) -> list[Op]:
    """Take checks out of a loop that are the same in all iterations."""
    body, out = loop.regions[0], []
    lo, hi, step = loop.operands[:3]
    for check in [op for op in body.ops if op.name == "check"]:
        c = check.operands[0]
        if isinstance(c, Constant) or c not in visible:
            continue
        idle, fine = Value(BOOL), Value(BOOL)
        body.ops.remove(check)
        out += [Op("ge" if step.value > 0 else "le", [lo, hi], [idle], span=check.span),  # type: ignore[attr-defined]
                Op("or", [idle, c], [fine], span=check.span), Op("check", [fine], [], check.attrs, span=check.span)]
    return out


def _invariant(region: Region, visible: set[Value]) -> list[Op]:
    """Take the operations out of a loop's region that need nothing of the loop."""
    known = set(visible)
    out: list[Op] = []
    for op in list(region.ops):
        if (op.name in _HOISTED or op.name == "dim") and all(
                isinstance(v, Constant) or v in known for v in op.operands):
            region.ops.remove(op)
            known.update(op.results)
            out.append(op)
    return out


def share_loads(function: Function) -> None:
    """Reuse a loaded element until something may write to its memory."""
    replaced: dict[Value, Value] = {}

    def written(region: Region, out: set[Value]) -> set[Value]:
        for op in region.ops:
            if op.name in ("store", "accum"):
                out.add(op.operands[0])
            elif op.name == "library":
                out.update(op.operands[:op.attrs["outs"]])
            for inner in op.regions:
                written(inner, out)
        return out

    def key_of(op: Op, skip: int = 1) -> tuple:
        return (op.operands[0], *((v.type, v.value) if isinstance(v, Constant) else replaced.get(v, v)
                                  for v in op.operands[skip:]))

    def visit(region: Region, known: dict[tuple, Value]) -> None:
        for op in list(region.ops):
            if op.name == "load":
                key = key_of(op)
                if key in known:
                    replaced[op.result] = known[key]
                    region.ops.remove(op)
                else:
                    known[key] = op.result
            elif op.name == "library":
                for key in [k for k in known if k[0] in op.operands[:op.attrs["outs"]]]:
                    del known[key]
            elif op.name in ("store", "accum"):
                for key in [k for k in known if k[0] is op.operands[0]]:
                    del known[key]
                if op.name == "store":
                    known[key_of(op, 2)] = op.operands[1]
            elif op.regions:
                dirty: set[Value] = set()
                for inner in op.regions:
                    written(inner, dirty)
                looping = op.name in ("for", "while")
                clean = {k: v for k, v in known.items() if not (looping and k[0] in dirty)}
                for inner in op.regions:
                    visit(inner, dict(clean))
                for key in [k for k in known if k[0] in dirty]:
                    del known[key]

    visit(function.body, {})
    replace_uses(function.body, replaced)


def eliminate_dead(function: Function) -> Function:
    """Remove operations without effect on results or memory, and loop-carried values that never change.

    Needs: verified IR. Gives: verified IR, in place. Cost: linear in the program for each round.
    """
    while _forward_unchanged(function.body):
        pass
    live = _Live()
    live.run(function)
    _sweep(function.body, live)
    return function


def _forward_unchanged(region: Region) -> bool:
    mapping: dict[Value, Value] = {}

    def visit(region: Region) -> None:
        for op in region.ops:
            for inner in op.regions:
                visit(inner)
            if op.name == "for":
                body = op.regions[0]
                for k in range(len(op.results) - 1, -1, -1):
                    if body.yields[k] is body.params[k + 1]:
                        mapping[body.params[k + 1]] = op.operands[k + 3]
                        mapping[op.results[k]] = op.operands[k + 3]
                        for values, at in ((op.operands, k + 3), (op.results, k), (body.params, k + 1), (body.yields, k)):
                            del values[at]

    visit(region)
    if mapping:
        replace_uses(region, mapping)
    return bool(mapping)


class _Live:
    """Marks what results and effects depend on; each loop-carried slot lives or dies by itself."""

    def __init__(self) -> None:
        self.values: set[Value] = set()
        self.ops: set[Op] = set()
        self.owner: dict[Value, tuple[Op, int]] = {}
        self.parents: dict[Op, Op | None] = {}
        self.work: list[Value] = []
        self.writers: dict[Value, list[Op]] = {}

    def run(self, function: Function) -> None:
        self.index(function.body, None)
        for v in function.body.yields:
            self.mark(v)
        while self.work:
            self.trace(self.work.pop())

    def index(self, region: Region, parent: Op | None) -> None:
        for op in region.ops:
            self.parents[op] = parent
            for k, r in enumerate(op.results):
                self.owner[r] = (op, k)
            for inner in op.regions:
                offset = 1 if op.name == "for" else 0
                for k, p in enumerate(inner.params):
                    self.owner[p] = (op, k - offset)
                self.index(inner, op)
            if op.name == "alloc":
                self.writers[op.result] = []
            elif op.name in ("store", "accum", "gemm") and op.operands[0] in self.writers:
                self.writers[op.operands[0]].append(op)  # without effect as long as nobody reads what it writes
            elif op.name == "library" and all(v in self.writers for v in op.operands[:op.attrs["outs"]]):
                for v in op.operands[:op.attrs["outs"]]:
                    self.writers[v].append(op)
            elif op.name in HAS_EFFECT:
                self.keep(op)

    def mark(self, v: Value) -> None:
        if v not in self.values and not isinstance(v, Constant):
            self.values.add(v)
            self.work.append(v)

    def keep(self, op: Op) -> None:
        """An operation that stays, with what controls it."""
        if op in self.ops:
            return
        self.ops.add(op)
        if op.regions:
            for v in op.operands[:{"if": 1, "for": 3, "while": 0}[op.name]]:
                self.mark(v)
            if op.name == "while":
                self.mark(op.regions[0].yields[0])
        else:
            for v in op.operands:
                self.mark(v)
        parent = self.parents[op]
        if parent is not None:
            self.keep(parent)

    def trace(self, v: Value) -> None:
        if v not in self.owner:
            return
        op, k = self.owner[v]
        self.keep(op)
        for writer in self.writers.get(v, ()):
            self.keep(writer)
        if not op.regions or k < 0:
            return
        if op.name == "if":
            for region in op.regions:
                self.mark(region.yields[k])
            return
        self.mark(op.results[k])
        self.mark(op.operands[k + (3 if op.name == "for" else 0)])
        for region in op.regions:
            self.mark(region.params[k + (1 if op.name == "for" else 0)])
        self.mark(op.regions[-1].yields[k])


def _sweep(region: Region, live: _Live) -> None:
    region.ops = [op for op in region.ops if op in live.ops]
    for op in region.ops:
        for inner in op.regions:
            _sweep(inner, live)
        if not op.regions:
            continue
        gone = [k for k, r in enumerate(op.results) if r not in live.values]
        for k in reversed(gone):
            del op.results[k]
            if op.name == "if":
                for inner in op.regions:
                    del inner.yields[k]
            else:
                shift = 3 if op.name == "for" else 0
                del op.operands[k + shift]
                for inner in op.regions:
                    del inner.params[k + (1 if op.name == "for" else 0)]
                del op.regions[-1].yields[k]


def settle_flags(function: Function) -> None:
    """Loops do not carry flags that their first iteration settles.

    A carried integer that an iteration only joins by ``and`` and ``or`` with values from outside the loop is after all
    iterations what it is after the first. Whether a sum is a NumPy number (it is, once one has been added) is such a flag.
    Needs: verified IR. Gives: verified IR, in place. Cost: linear.
    """
    replaced: dict[Value, Value] = {}

    def visit(region: Region) -> None:
        for loop in list(region.ops):
            for inner in loop.regions:
                visit(inner)
            if loop.name == "for":
                for k in range(len(loop.results) - 1, -1, -1):
                    _settle(region, loop, k, replaced)

    visit(function.body)
    replace_uses(function.body, replaced)


def _settle(region: Region, loop: Op, k: int, replaced: dict[Value, Value]) -> None:
    body, p, y = loop.regions[0], loop.regions[0].params[k + 1], loop.regions[0].yields[k]
    if str(p.type) != "i64":
        return
    made = {r: op for op in body.ops for r in op.results}
    inside = set(body.params) | set(made)
    tree: list[Op] = []
    work = [replaced.get(y, y)]
    while work:
        v = work.pop()
        if v is p or isinstance(v, Constant) or v not in inside:
            continue
        op = made.get(v)
        if op is None or op.name not in ("and", "or"):
            return
        if op not in tree:
            tree.append(op)
            work += [replaced.get(x, x) for x in op.operands]
    uses = sum(v is p for op in walk(body) for v in (*op.operands, *(z for r in op.regions for z in r.yields)))
    if uses != sum(v is p for op in tree for v in op.operands) or any(v is p for n, v in enumerate(body.yields) if n != k):
        return
    b = Builder()
    b.span = loop.span
    lo, hi, step = loop.operands[:3]
    mapping: dict[Value, Value] = {p: loop.operands[k + 3]}
    for op in body.ops:
        if op in tree:
            mapping[op.result] = b.scalar(op.name, *(mapping.get(v, v) for v in op.operands), type=op.result.type)  # type: ignore
    ran = b.scalar("lt" if step.value > 0 else "gt", lo, hi)  # type: ignore[attr-defined]
    settled = b.scalar("select", ran, mapping.get(replaced.get(y, y), replaced.get(y, y)), loop.operands[k + 3])
    at = region.ops.index(loop) + 1
    region.ops[at:at] = b.region.ops
    replaced[loop.results[k]] = settled
    for values, n in ((loop.operands, k + 3), (loop.results, k), (body.params, k + 1), (body.yields, k)):
        del values[n]
    body.ops[:] = [op for op in body.ops if op not in tree or any(
        r in _used(body, loop) for r in op.results)]


def _used(body: Region, loop: Op) -> set[Value]:
    return {v for op in walk(body) for v in (*op.operands, *(z for r in op.regions for z in r.yields))} | set(body.yields)


def cancel_clearing(function: Function) -> None:
    """Drop ``t = a[i]; a[i] = 0; ...; a[i] += t`` where nothing touches that element in between.

    The pullback of an in-place update clears the shadow and gives it back; without the pair such loops vectorise.
    Needs: verified IR. Gives: verified IR, in place. Cost: linear, but for the tests of overlap.
    """
    facts = memory(function)

    def visit(region: Region) -> None:
        k = 0
        while k < len(region.ops):
            op = region.ops[k]
            for inner in op.regions:
                visit(inner)
            if op.name == "store" and isinstance(op.operands[1], Constant) and op.operands[1].value == 0.0:
                other = _gives_back(facts, region, k)
                if other is not None:
                    del region.ops[other]
                    del region.ops[k]
                    continue
            k += 1

    visit(function.body)


def _touches(facts: MemoryFacts, clear: Op, op: Op) -> bool:
    """Whether an operation may access the element that is cleared."""
    array = clear.operands[0]
    inner = [x for region in op.regions for x in walk(region)] if op.regions else [op]
    return any(x.name == "library" and array in x.operands for x in inner) or any(
        x.name in ("load", "store", "accum") and x.operands[0] is array and may_meet(facts, clear, x, None) for x in inner)


def _gives_back(facts: MemoryFacts, region: Region, k: int) -> int | None:
    clear = region.ops[k]
    array, _, *index = clear.operands
    loaded = None
    for op in reversed(region.ops[:k]):
        if op.name == "load" and op.operands[0] is array and _same_index(op.operands[1:], index):
            loaded = op.result
            break
        if _touches(facts, clear, op):
            return None
    if loaded is None:
        return None
    for j in range(k + 1, len(region.ops)):
        op = region.ops[j]
        if op.name == "accum" and op.operands[0] is array and op.operands[1] is loaded \
                and _same_index(op.operands[2:], index):
            return j
        if _touches(facts, clear, op):
            return None
    return None


def _same_index(x: list[Value], y: list[Value]) -> bool:
    return all(a is b or (isinstance(a, Constant) and isinstance(b, Constant) and a.value == b.value)
               for a, b in zip(x, y, strict=True))
