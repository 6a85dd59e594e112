"""Several iterations of a loop run side by side.

A loop over points whose body has short loops of its own, recurrences or strides gives LLVM nothing to vectorise. Where its
iterations meet in sums alone (`beside`), every number that differs between them becomes a vector with one lane for each of
`count` consecutive iterations, and the body runs once for all of them: what is equal in all iterations is computed once,
branches that are not become selections, memory of an iteration's own gets a copy for each lane, lanes last. The remaining
iterations run one by one.

Sums of the program keep their order; sums of cotangents have none. Tapes that such loops alone write and read are laid out
with the lanes last.

Needs: verified IR that no other pass will change. Gives: verified IR, in place. Cost: that of `beside.plan` for the outermost
    loops that qualify.
"""

from __future__ import annotations

from ..analyses.memory import MemoryFacts, memory
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value, replace_uses, walk
from ..ir.ops import SCALAR
from ..ir.types import BOOL, I64, ArrayType, ScalarType
from .beside import ACCESS, Plan, index_of, plan
from .fission import split_sums
from .loops import key_of
from .price import Price, trips
from .simplify import resolve

__all__ = ["widen"]

_KEPT = 1024  # numbers that a lane keeps for its turn


def widen(function: Function, count: int) -> bool:
    """Let loops run `count` iterations side by side where that pays; whether there were any."""
    _settle_extents(function)
    _join_stores(function.body)
    loops = [op for op in walk(function.body) if op.name == "for"]
    trial = resolve(function, {})
    pairs = list(zip(loops, (op for op in walk(trial.body) if op.name == "for"), strict=True))
    split = {copied: loop for loop, copied in pairs if _holds_loops(copied, count) and split_sums(copied) is not None}
    if split:
        again = {split[p.loop] for p in _choose(trial, memory(trial), count)[0] if p.loop in split}
        split = {loop: split_sums(loop) for loop in again}
    facts = memory(function)
    chosen, blocked = _choose(function, facts, count)
    for p in chosen:
        _Widener(function, facts, p, blocked, count).run(split.get(p.loop) or [])
    for root, axis in blocked.items():
        _lay_out(facts, root, axis, count)
    return bool(chosen)


def _choose(function: Function, facts: MemoryFacts, count: int) -> tuple[list[Plan], dict[Value, int]]:
    """Loops whose iterations are to run side by side, and memory that is to be laid out for them."""
    rejected: set[Op] = set()
    plans: dict[Op, Plan | None] = {}
    while True:
        chosen = _candidates(function, facts, function.body, plans, rejected, count)
        blocked = _blocked(function, facts, chosen)
        poor = [p.loop for p in chosen if not Price(p, facts, blocked, count).pays()]
        if not poor:
            return chosen, blocked
        rejected.update(poor)


def _holds_loops(op: Op, count: int) -> bool:
    return any(x.name == "for" for x in walk(op.regions[0])) and trips(op) >= count


def _settle_extents(function: Function) -> None:
    """Extents of memory the function allocates are what it was allocated with."""
    allocated = {op.result: op for op in walk(function.body) if op.name == "alloc"}

    def visit(region: Region) -> dict[Value, Value]:
        found: dict[Value, Value] = {}
        for op in list(region.ops):
            if op.name == "dim" and op.operands[0] in allocated:
                found[op.result] = allocated[op.operands[0]].operands[op.attrs["axis"]]
                region.ops.remove(op)
            for inner in op.regions:
                found |= visit(inner)
        return found

    replace_uses(function.body, visit(function.body))


def _join_stores(region: Region) -> None:
    """Where both branches leave something in the same element, one store after them does."""
    for op in list(region.ops):
        for inner in op.regions:
            _join_stores(inner)
        if op.name != "if":
            continue
        first, second = (_last_stores(inner) for inner in op.regions)
        for place, store in first.items():
            if place not in second:
                continue
            both = (store, second[place])
            found = store.operands[1]
            if key_of(found) != key_of(second[place].operands[1]) or not isinstance(found, Constant):
                found = Value(found.type)
                op.results.append(found)
                for inner, s in zip(op.regions, both, strict=True):
                    inner.yields.append(s.operands[1])
            for inner, s in zip(op.regions, both, strict=True):
                inner.ops.remove(s)
            region.ops.insert(region.ops.index(op) + 1,
                              Op("store", [store.operands[0], found, *store.operands[2:]], [], store.attrs, span=store.span))


def _last_stores(region: Region) -> dict[tuple, Op]:
    """Stores after which a region does not access their memory, by where they go."""
    touched: set[Value] = set()
    found = {}
    inside = {r for op in region.ops for r in op.results}
    for op in reversed(region.ops):
        if op.name == "store" and op.operands[0] not in touched and not any(v in inside for v in op.operands[2:]):
            found[op.operands[0], *map(key_of, op.operands[2:])] = op
        touched.update(v for x in [op, *(x for inner in op.regions for x in walk(inner))] if x.name != "dim" for v in x.operands)
    return found


def _candidates(function: Function, facts: MemoryFacts, region: Region, plans: dict[Op, Plan | None], rejected: set[Op],
                count: int) -> list[Plan]:
    """The outermost loops that may and might as well."""
    found = []
    for op in region.ops:
        if op.name == "for" and op not in rejected and _holds_loops(op, count):
            if op not in plans:
                plans[op] = plan(function, facts, op)
            if (p := plans[op]) is not None:
                found.append(p)
                continue
        for inner in op.regions:
            found += _candidates(function, facts, inner, plans, rejected, count)
    return found


def _blocked(function: Function, facts: MemoryFacts, plans: list[Plan]) -> dict[Value, int]:
    """Memory that only chosen loops access, by their indices as such along one axis, which is to hold the lanes."""
    of = {p.loop: p for p in plans}
    axes: dict[Value, int] = {}
    never: set[Value] = set(function.body.yields)
    for op in walk(function.body):
        if op.name not in ACCESS:
            if op.name != "dim":  # a routine, which knows nothing of lanes
                never.update(op.operands)
            continue
        root = op.operands[0]
        p = next((of[c] for c, _ in facts.chain[op] if c in of), None)
        axis = p.slice_axis(op) if p is not None else None
        if p is None or axis is None or index_of(op)[axis] is not p.body.params[0] or not _from_zero(p) or axes.setdefault(
                root, axis) != axis:
            never.add(root)
    return {root: axis for root, axis in axes.items() if root in facts.allocation and root not in never}


def _from_zero(p: Plan) -> bool:
    bound = p.loop.operands[0 if p.rising else 1]
    return isinstance(bound, Constant) and bound.value == (0 if p.rising else -1)


def _lay_out(facts: MemoryFacts, root: Value, axis: int, count: int) -> None:
    """Give memory one axis of blocks in place of `axis`, and the lanes as the last axis."""
    op = facts.allocation[root]
    region = facts.region[op]
    blocks, past = Value(I64), Value(I64)
    at = region.ops.index(op)
    region.ops[at:at] = [Op("floordiv", [op.operands[axis], const(count)], [blocks], span=op.span),
                         Op("add", [blocks, const(1)], [past], span=op.span)]
    op.operands = [*op.operands[:axis], past, *op.operands[axis + 1:], const(count)]
    root.type = ArrayType(root.type.element, root.type.ndim + 1)  # type: ignore[union-attr]


class _Widener:
    """Writes the loop over blocks of iterations, in front of the loop, which keeps what remains."""

    def __init__(self, function: Function, facts: MemoryFacts, p: Plan, blocked: dict[Value, int], count: int) -> None:
        self.function, self.facts, self.p, self.count = function, facts, p, count
        self.blocked = {root: axis for root, axis in blocked.items() if root in p.accesses}
        self.b = Builder()
        self.b.span = p.loop.span
        self.same: dict[Value, Value] = {}  # values equal in all lanes, or those of the first lane of an even row
        self.wide: dict[Value, Value] = {}
        self.memory: dict[Value, Value] = {}
        self.mask: Value | None = None
        self.block = Value(I64, "block")
        self.last = count - 1 if p.rising else 0  # the lane of the last iteration

    def run(self, kept: list[list[tuple[Value, ...]]]) -> None:
        b, loop, p, count = self.b, self.p.loop, self.p, self.count
        lo, hi, _, *inits = loop.operands
        if not p.rising:
            lo, hi = self.next(hi), self.next(lo)
        n = b.sub(hi, lo)
        if not self.natural(n):
            n = b.scalar("select", b.scalar("lt", n, const(0)), const(0), n)
        blocks = b.scalar("floordiv", n, const(count))
        for loops in kept:
            blocks = b.scalar("select", b.scalar("le", self.product(loops), const(_KEPT)), blocks, const(0))
        copies = [root for root in p.own if root in self.facts.definition and not self.inside(root) or
                  root in self.function.params]
        for root in copies:
            fill = "zeros" if p.kinds[root] == "clean" else "empty"
            self.memory[root] = b.alloc(root.type.element, [*self.extents(root), const(count)], fill,  # type: ignore[union-attr]
                                        f"{root.name}_lanes")
        rest = b.add(lo, b.mul(blocks, const(count)))
        region = self.facts.region[loop]
        before = b.region.ops[:]
        if not p.rising:
            loop.operands[3:], inits = inits, loop.results
        sums = self.loop(lo, blocks, inits)
        for root in copies:
            if p.kinds[root] == "own" and self.used_elsewhere(root):
                self.copy_back(root, blocks)
        after = b.region.ops[len(before):]
        if p.rising:
            loop.operands[3:] = sums
        else:
            self.results = dict(zip(loop.results, sums, strict=True))
            self.replace_after(region, loop)
        b.region.ops.clear()
        self.remain(rest, blocks)
        at = region.ops.index(loop)
        first, second = (after, []) if p.rising else ([], after)
        region.ops[at:at + 1] = [*before, *b.region.ops, *first, loop, *second]

    def replace_after(self, region: Region, loop: Op) -> None:
        """What comes after the loop uses what the blocks give."""
        later = Region()
        later.ops, later.yields = region.ops[region.ops.index(loop) + 1:], region.yields
        replace_uses(later, self.results)
        region.yields = later.yields

    # ---- around the loop
    def product(self, loops: list[tuple[Value, ...]]) -> Value:
        """How often the innermost of some loops runs."""
        b, out = self.b, const(1)
        for lo, hi, step in loops:
            n = b.sub(hi, lo) if step.value > 0 else b.sub(lo, hi)  # type: ignore[attr-defined]
            out = b.mul(out, b.scalar("select", b.scalar("lt", n, const(0)), const(0), n))
        return out

    def next(self, v: Value) -> Value:
        base, c = self.facts.moved(v)
        if isinstance(base, Constant):
            return const(base.value + c + 1)
        return base if c == -1 else self.b.add(v, const(1))

    def natural(self, n: Value) -> bool:
        op = self.facts.definition.get(n)
        return isinstance(n, Constant) and n.value >= 0 or (op is not None and op.name == "dim")

    def inside(self, root: Value) -> bool:
        return any(c is self.p.loop for c, _ in self.facts.chain[self.facts.allocation[root]])

    def extents(self, root: Value) -> list[Value]:
        if root in self.facts.allocation:
            return list(self.facts.allocation[root].operands)
        return [self.b.dim(root, k) for k in range(root.type.ndim)]  # type: ignore[union-attr]

    def used_elsewhere(self, root: Value) -> bool:
        return root in self.function.params or root in self.function.body.yields or any(
            root in op.operands for op in walk(self.function.body) if op.name != "dim"
            if not any(c is self.p.loop for c, _ in self.facts.chain.get(op, ())))

    def loop(self, lo: Value, blocks: Value, inits: list[Value]) -> list[Value]:
        """The loop over blocks; what the carried values are after it."""
        b, p = self.b, self.p
        starts, params = [], []
        for kind, q, v in zip(p.sums, p.body.params[1:], inits, strict=True):
            free = kind == "free"
            starts.append(self.spread(const(0.0, q.type)) if free else v)  # type: ignore[arg-type]
            params.append(Value(starts[-1].type, q.name))
            (self.wide if free else self.same)[q] = params[-1]
        with b.inside(Region([self.block, *params])) as region:
            self.same[p.body.params[0]] = b.add(lo, b.mul(self.block, const(self.count)))
            self.copy(p.body)
            region.yields = [self.yielded(kind, y) for kind, y in zip(p.sums, p.body.yields, strict=True)]
        bounds = (const(0), blocks, const(1)) if p.rising else (b.sub(blocks, const(1)), const(-1), const(-1))
        out = b.loop(*bounds, starts, region)
        return [b.scalar("radd", v, self.total(s)) if kind == "free" else s
                for kind, s, v in zip(p.sums, out, inits, strict=True)]

    def yielded(self, kind: str, y: Value) -> Value:
        if kind == "free":
            return self.full(y)
        if kind == "last" and y in self.p.varying:
            v = self.full(y)
            return self.b.emit("lane", [v, const(self.last)], [y.type])[0]
        return self.get(y)

    def copy_back(self, root: Value, blocks: Value) -> None:
        """Leave what the last iteration has left."""
        b, lanes = self.b, self.memory[root]

        def level(index: list[Value]) -> None:
            k = len(index)
            if k == root.type.ndim:  # type: ignore[union-attr]
                b.store(root, b.load(lanes, [*index, const(self.last)]), index)
                return
            i = Value(I64, "ijklmn"[min(k, 5)])
            with b.inside(Region([i])) as region:
                level([*index, i])
            b.loop(const(0), extents[k], const(1), [], region)

        extents = self.extents(root)
        with b.inside(Region()) as region:
            level([])
        b.emit("if", [b.scalar("gt", blocks, const(0))], [], {}, [region, Region()])

    def remain(self, first: Value, blocks: Value) -> None:
        """The loop itself runs what is left."""
        loop, b = self.p.loop, self.b
        if self.p.rising:
            loop.operands[0] = first
        else:
            loop.operands[1] = b.sub(first, const(1))
        if not self.blocked:
            return
        lane = Value(I64, "lane")
        loop.regions[0].ops.insert(0, Op("sub", [loop.regions[0].params[0], first], [lane], span=loop.span))
        for root, axis in self.blocked.items():
            for op in self.p.accesses[root]:
                at = (1 if op.name == "load" else 2) + axis
                op.operands[at] = blocks
                op.operands.append(lane)

    # ---- values
    def get(self, v: Value) -> Value:
        """A value that is equal in all lanes; the first lane's of numbers that grow evenly."""
        return self.same.get(v, v)

    def any_form(self, v: Value) -> Value:
        """A value in lanes, or a number that is equal in all of them."""
        if v in self.wide:
            return self.wide[v]
        step = self.p.varying.get(v)
        if step is None:
            return self.get(v)
        return self.b.pure("along", [self.get(v)], I64.in_lanes(self.count), {"step": step})

    def full(self, v: Value) -> Value:
        return self.spread(self.any_form(v))

    def spread(self, v: Value) -> Value:
        if v.type.lanes:  # type: ignore[union-attr]
            return v
        return self.b.emit("spread", [v], [v.type.in_lanes(self.count)])[0]  # type: ignore[union-attr]

    def total(self, v: Value) -> Value:
        return self.b.emit("total", [v], [v.type.lane])[0]  # type: ignore[union-attr]

    def each(self, name: str, operands: list[Value], type: ScalarType, hint: str = "") -> Value:
        return self.b.emit(name, operands, [type.in_lanes(self.count)], names=[hint])[0]

    # ---- operations
    def copy(self, region: Region) -> None:
        for op in region.ops:
            if op in self.p.in_turn:
                if op is self.p.serial[-1]:
                    self.take_turns()
                continue
            self.b.span = op.span
            if op.name in SCALAR:
                self.scalar(op)
            else:
                getattr(self, "on_" + op.name)(op)

    def scalar(self, op: Op) -> None:
        p, r = self.p, op.result
        k = p.body.yields.index(r) if r in p.body.yields else -1
        if k >= 0 and p.sums[k] == "ordered":
            carried = p.body.params[k + 1]
            (v,) = (x for x in op.operands if x is not carried)
            wide = self.full(v)
            if op.name == "sub":
                wide = self.each("neg", [wide], v.type)  # type: ignore[arg-type]
            self.same[r] = self.b.emit("added", [self.get(carried), wide], [r.type], names=[r.name])[0]
        elif r in p.varying and p.varying[r] is None:
            self.wide[r] = self.each(op.name, [self.any_form(v) for v in op.operands], r.type, r.name)  # type: ignore[arg-type]
        else:
            self.same[r] = self.b.emit(op.name, [self.get(v) for v in op.operands], [r.type], op.attrs, names=[r.name])[0]

    def take_turns(self) -> None:
        """What the iterations of a block must do one after the other."""
        b, p = self.b, self.p
        k = Value(I64, "k")
        folded = [j for j, kind in enumerate(p.sums) if kind == "folded"]
        carried = [p.body.params[j + 1] for j in folded]
        params = [Value(q.type, q.name) for q in carried]
        self.turn = k
        self.one = dict(zip(carried, params, strict=True))
        with b.inside(Region([k, *params])) as region:
            self.in_turn(p.serial)
            region.yields = [self.lane(p.body.yields[j]) for j in folded]
        bounds = (0, self.count, 1) if p.rising else (self.count - 1, -1, -1)
        out = b.loop(*map(const, bounds), [self.get(q) for q in carried], region)
        self.same.update(zip((p.body.yields[j] for j in folded), out, strict=True))

    def lane(self, v: Value) -> Value:
        """A value of the iteration whose turn it is."""
        if v in self.one or v not in self.p.varying:
            return self.one.get(v) or self.get(v)
        step = self.p.varying[v]
        if step is not None:
            return self.b.add(self.get(v), self.b.mul(self.turn, const(step)))
        return self.b.pure("lane", [self.wide[v], self.turn], v.type)

    def in_turn(self, ops: list[Op]) -> None:
        b = self.b
        for op in ops:
            b.span = op.span
            if op.name in ("load", "store"):
                root, index = op.operands[0], [self.lane(v) for v in index_of(op)]
                if root in self.blocked:
                    index[self.blocked[root]] = self.block
                if root in self.p.own or root in self.blocked:
                    index.append(self.turn)
                if op.name == "load":
                    self.one[op.result] = b.load(self.memory.get(root, root), index, op.result.name)
                else:
                    b.store(root, self.lane(op.operands[1]), index)
                continue
            operands, regions = [self.lane(v) for v in op.operands], []
            for inner in op.regions:
                params = [Value(q.type, q.name) for q in inner.params]
                self.one.update(zip(inner.params, params, strict=True))
                with b.inside(Region(params)) as region:
                    self.in_turn(inner.ops)
                    region.yields = [self.lane(v) for v in inner.yields]
                regions.append(region)
            out = b.emit(op.name, operands, [r.type for r in op.results], op.attrs, regions, [r.name for r in op.results])
            self.one.update(zip(op.results, out, strict=True))

    def place(self, op: Op) -> tuple[Value, list[Value], dict]:
        """Memory, index and attributes of an access."""
        root, index = op.operands[0], [self.get(v) for v in index_of(op)]
        if root in self.p.own:
            return self.memory[root], [*index, const(0)], {"axis": len(index), "lanes": self.count}
        target = self.memory.get(root, root)
        if root in self.blocked:
            index[self.blocked[root]] = self.block
            return target, [*index, const(0)], {"axis": len(index), "lanes": self.count}
        axis = self.p.slice_axis(op)
        return target, index, {} if axis is None else {"axis": axis, "lanes": self.count}

    def scattered(self, op: Op) -> bool:
        """Whether each lane of an access has its own index."""
        return op in self.p.doubtful or (bool(self.p.moving_axes(op)) and self.p.slice_axis(op) is None)

    def own_indices(self, op: Op) -> list[Value]:
        """The index of each lane; where a lane does not run the access, that of one that does."""
        index = [self.any_form(v) for v in index_of(op)]
        if op not in self.p.doubtful:
            return index
        assert self.mask is not None
        return [self.each("within", [self.mask, v], I64) if v.type.lanes else v for v in index]  # type: ignore[union-attr]

    def on_load(self, op: Op) -> None:
        r = op.result
        if self.scattered(op):
            self.wide[r] = self.each("gather", [op.operands[0], *self.own_indices(op)], r.type, r.name)  # type: ignore[arg-type]
            return
        root, index, attrs = self.place(op)
        if attrs:
            self.wide[r] = self.b.emit("load", [root, *index], [r.type.in_lanes(self.count)], attrs, names=[r.name])[0]  # type: ignore[union-attr]
        else:
            self.same[r] = self.b.emit("load", [root, *index], [r.type], names=[r.name])[0]

    def on_store(self, op: Op) -> None:
        root, index, attrs = self.place(op)
        v = self.any_form(op.operands[1]) if attrs else self.get(op.operands[1])
        if self.mask is not None and attrs:
            element = root.type.element  # type: ignore[union-attr]
            old = self.b.emit("load", [root, *index], [element.in_lanes(self.count)], attrs)[0]
            v = self.each("select", [self.mask, v, old], element)
        self.b.emit("store", [root, v, *index], [], attrs)

    def on_accum(self, op: Op) -> None:
        if self.scattered(op):
            v = self.full(op.operands[1])
            if self.mask is not None:
                v = self.each("select", [self.mask, v, const(0.0, v.type.lane)], v.type)  # type: ignore[union-attr,arg-type]
            self.b.emit("scatter", [op.operands[0], v, *self.own_indices(op)], [])
            return
        root, index, attrs = self.place(op)
        v = op.operands[1]
        element = root.type.element  # type: ignore[union-attr]
        together = not attrs and self.p.kinds[op.operands[0]] == "sum"
        new = self.full(v) if together or self.mask is not None else self.any_form(v) if attrs else self.get(v)
        if self.mask is not None:
            new = self.each("select", [self.mask, new, const(0.0, element)], element)
        self.b.emit("accum", [root, self.total(new) if together else new, *index], [], attrs)

    def on_check(self, op: Op) -> None:
        c = self.any_form(op.operands[0])
        if self.mask is not None:
            c = self.each("or", [self.each("not", [self.mask], BOOL), c], BOOL)
        if c.type.lanes:  # type: ignore[union-attr]
            c = self.b.emit("every", [c], [BOOL])[0]
        self.b.check(c, op.attrs["reason"], op.attrs["defer"])

    def on_dim(self, op: Op) -> None:
        root = self.memory.get(op.operands[0], op.operands[0])
        self.same[op.result] = self.b.emit("dim", [root], [I64], op.attrs, names=[op.result.name])[0]

    def on_alloc(self, op: Op) -> None:
        r, dims = op.result, [self.get(v) for v in op.operands]
        if r in self.p.own:
            dims.append(const(self.count))
        self.memory[r] = self.b.alloc(r.type.element, dims, op.attrs["fill"], r.name)  # type: ignore[union-attr]

    def on_for(self, op: Op) -> None:
        b, inner = self.b, op.regions[0]
        varies = [r in self.p.varying for r in op.results]
        inits = [self.full(v) if w else self.get(v) for v, w in zip(op.operands[3:], varies, strict=True)]
        i = Value(I64, inner.params[0].name)
        self.same[inner.params[0]] = i
        params = [Value(v.type, q.name) for v, q in zip(inits, inner.params[1:], strict=True)]
        for q, new, w in zip(inner.params[1:], params, varies, strict=True):
            (self.wide if w else self.same)[q] = new
        with b.inside(Region([i, *params])) as region:
            self.copy(inner)
            region.yields = [self.full(y) if w else self.get(y) for y, w in zip(inner.yields, varies, strict=True)]
        out = b.emit("for", [*(self.get(v) for v in op.operands[:3]), *inits], [v.type for v in inits], {}, [region],
                     [r.name for r in op.results])
        for r, new, w in zip(op.results, out, varies, strict=True):
            (self.wide if w else self.same)[r] = new

    def on_if(self, op: Op) -> None:
        if op.operands[0] in self.p.varying:
            self.select(op)
            return
        varies = [r in self.p.varying for r in op.results]
        regions = []
        for inner in op.regions:
            with self.b.inside(Region()) as region:
                self.copy(inner)
                region.yields = [self.full(y) if w else self.get(y) for y, w in zip(inner.yields, varies, strict=True)]
            regions.append(region)
        types = [v.type for v in regions[0].yields]
        out = self.b.emit("if", [self.get(op.operands[0])], types, {}, regions, [r.name for r in op.results])
        for r, new, w in zip(op.results, out, varies, strict=True):
            (self.wide if w else self.same)[r] = new

    def select(self, op: Op) -> None:
        """Both branches run, each with the effects of its own lanes alone."""
        c, outer = self.full(op.operands[0]), self.mask
        found = []
        for inner, test in zip(op.regions, (c, None), strict=True):
            if inner.ops:
                test = test or self.each("not", [c], BOOL)
                self.mask = test if outer is None else self.each("and", [outer, test], BOOL)
            found.append(self.branch(inner))
        self.mask = outer
        for r, *ys in zip(op.results, *found, strict=True):
            self.wide[r] = self.each("select", [c, *ys], r.type, r.name)  # type: ignore[arg-type]

    def branch(self, inner: Region) -> list[Value]:
        """The values of a branch; one that accesses memory runs only if some lane takes it."""
        if all(op.name in SCALAR for op in inner.ops):
            self.copy(inner)
            return [self.any_form(y) for y in inner.yields]
        assert self.mask is not None
        some = self.b.emit("some", [self.mask], [BOOL])[0]
        with self.b.inside(Region()) as region:
            self.copy(inner)
            region.yields = [self.full(y) for y in inner.yields]
        with self.b.inside(Region()) as other:
            other.yields = [self.spread(const(0, v.type.lane)) for v in region.yields]  # type: ignore[union-attr]
        return self.b.emit("if", [some], [v.type for v in region.yields], {}, [region, other])
