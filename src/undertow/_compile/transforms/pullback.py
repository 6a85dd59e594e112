"""The reverse transform: a function becomes its forward sweep followed by its reverse sweep.

Needs: verified IR, the active parameters. Gives: verified IR whose parameters are those of the primal, a shadow for
    each varied array parameter, and a seed for each varied result; whose results are those of the primal and the
    cotangents of the active scalar parameters. Shadows of parameters are accumulated into.
Cost: linear in the program.

Nothing is undone: what the reverse sweep requires is taped when it is computed, or loaded again from memory that
nobody writes afterwards, so that the arguments end in the state the primal leaves them in.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..analyses.activity import varied as varied_values
from ..analyses.memory import memory
from ..analyses.required import has_reverse, induction_step, required
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value
from ..ir.ops import SCALAR
from ..ir.types import I64, ArrayType
from .library import active_inputs, derived, inline, operands_of
from .partials import pull
from .tape import Tapes

__all__ = ["Pullback", "pullback"]


class Pullback:
    """The transformed function and the meaning of its extra parameters and results."""

    def __init__(self, function: Function, shadows: list[Value], seeds: list[int], cotangents: list[Value],
                 taped: list[Value]) -> None:
        self.function = function
        self.shadows = shadows  # primal array parameters that have a shadow, in order
        self.seeds = seeds  # indices of the results that have a seed, in order
        self.cotangents = cotangents  # active scalar parameters, in order
        self.taped = taped


def pullback(function: Function, active: list[Value], own: int | None = None, taped: Iterable[Op] = ()) -> Pullback:
    """The pullback of a function with respect to its `active` parameters; the first `own` results have seeds.

    Results of the operations `taped` are not computed again.
    """
    return _Pullback(function, active, taped).run(active, own)


class _Pullback(Tapes):
    def __init__(self, function: Function, active: list[Value], taped: Iterable[Op] = ()) -> None:
        self.f = function
        self.varied = varied_values(function, active)
        self.facts = memory(function)
        self.plan = required(function, self.varied, self.facts, taped)
        self.b = Builder()
        self.fwd: dict[Value, Value] = {p: p for p in function.params}
        self.rev: dict[Value, Value] = {}
        self.adj: dict[Value, Value] = {}
        self.sums: set[Value] = set()
        self.shadow: dict[Value, Value] = {}
        self.passed: dict[Op, Value] = {}

    def run(self, active: list[Value], own: int | None = None) -> Pullback:
        self.place_tapes()
        seeds = [k for k, y in enumerate(self.f.body.yields[:own]) if y in self.varied]
        arrays = [p for p in self.f.params if isinstance(p.type, ArrayType) and p in self.varied]
        for p in arrays:
            self.shadow[p] = Value(p.type, f"{p.name}_bar")
        seed_values = [Value(self.f.body.yields[k].type, "seed") for k in seeds]
        self.forward(self.f.body)
        results = [self.primal(y) for y in self.f.body.yields]
        self.b.emit("mark", [], [])
        self.local_shadows(self.f.body)
        for k, seed in zip(seeds, seed_values, strict=True):
            y = self.f.body.yields[k]
            if isinstance(y.type, ArrayType):
                self.add_array(self.shadow[y], seed)
            else:
                self.add(y, seed)
        self.reverse_ops(self.f.body)
        scalars = [p for p in active if not isinstance(p.type, ArrayType)]
        body = self.b.region
        body.params = [*self.f.params, *(self.shadow[p] for p in arrays), *seed_values]
        body.yields = results + [self.adj.get(p, const(0.0, p.type)) for p in scalars]
        body.ops = [op for op in body.ops if op.name != "mark"]
        extents = {(w, k): n for (p, k), n in self.f.extents.items() for w in (p, self.shadow.get(p)) if w is not None}
        out = Function(f"{self.f.name}_pullback", body, self.f.spans, extents)
        out.equal = {(w, k): self.primal(v) for (p, k), v in self.f.equal.items() for w in (p, self.shadow.get(p))
                     if w is not None and (isinstance(v, Constant) or v in self.fwd)}
        for op in self.f.body.ops:
            if op.name == "dim" and op.operands[0] in arrays:
                out.equal.setdefault((self.shadow[op.operands[0]], op.attrs["axis"]), self.fwd[op.result])
        return Pullback(out, arrays, seeds, scalars, [v for v, how in self.plan.items() if how == "tape"])

    # ---- helpers
    def primal(self, v: Value) -> Value:
        return v if isinstance(v, Constant) else self.fwd[v]

    def get(self, v: Value) -> Value:
        """A primal value in the reverse sweep."""
        if isinstance(v, Constant):
            return v
        return self.rev[v] if v in self.rev else self.fwd[v]

    def add(self, v: Value, cotangent: Value) -> None:
        if isinstance(v, Constant) or v not in self.varied:
            return
        old = self.adj.get(v)
        if old in self.sums:  # carried by a loop: in any order
            new = self.b.scalar("radd", old, cotangent)
            self.sums.add(new)
        else:
            new = cotangent if old is None else self.b.add(old, cotangent)
        self.adj[v] = new

    def add_array(self, target: Value, source: Value) -> None:
        index: list[Value] = []

        def level(k: int) -> None:
            if k == target.type.ndim:
                self.b.accum(target, self.b.load(source, index), list(index))
                return
            i = Value(I64, "i")
            index.append(i)
            with self.b.inside(Region([i])) as region:
                level(k + 1)
            index.pop()
            self.b.loop(const(0), self.b.dim(target, k), const(1), [], region)

        level(0)

    # ---- forward sweep
    def forward(self, region: Region) -> None:
        for op in region.ops:
            self.b.span = op.span
            self.open_snapshots(op)
            self.take_snapshots(op)
            self.open_nest(op)
            if op.regions:
                self.forward_control(op)
            else:
                self.forward_plain(op)
            for r in op.results:
                if self.plan.get(r) == "tape":
                    self.tape(r)

    def forward_plain(self, op: Op) -> None:
        operands = [self.primal(v) for v in op.operands]
        if op.name in SCALAR or op.name == "dim":
            self.fwd[op.result] = self.b.pure(op.name, operands, op.result.type, op.attrs, op.result.name)
            return
        results = self.b.emit(op.name, operands, [r.type for r in op.results], op.attrs, None,
                              [r.name for r in op.results])
        self.fwd.update(zip(op.results, results, strict=True))
        if self.plan.kept.get(op):
            self.keep_operands(op)

    def forward_control(self, op: Op) -> None:
        counted = op.name == "while" and (has_reverse(op, self.varied)
                                          or any(self.plan.get(r) == "induction" for r in op.results))
        reversed_ = has_reverse(op, self.varied)
        regions = []
        for inner in op.regions:
            params = [Value(p.type, p.name) for p in inner.params]
            self.fwd.update(zip(inner.params, params, strict=True))
            with self.b.inside(Region(params)) as region:
                for p in inner.params:
                    if self.plan.get(p) == "tape" and inner is op.regions[-1]:
                        self.tape(p)
                self.forward(inner)
                if reversed_:
                    self.push_frame(inner)
                region.yields = [self.primal(y) for y in inner.yields]
                if counted:
                    count = Value(I64, "trip")
                    region.params.append(count)
                    if inner is op.regions[-1]:
                        region.yields.append(self.b.add(count, const(1)))
            regions.append(region)
        operands = [self.primal(v) for v in op.operands] + ([const(0)] if counted else [])
        types = [r.type for r in op.results] + ([I64] if counted else [])
        results = self.b.emit(op.name, operands, types, op.attrs, regions,
                              [r.name for r in op.results] + ["trips"])
        if counted:
            self.counts[op] = results.pop()
        self.fwd.update(zip(op.results, results, strict=True))

    # ---- reverse sweep
    def local_shadows(self, region: Region) -> None:
        for op in region.ops:
            if op.name == "alloc" and op.result in self.varied:
                self.shadow[op.result] = self.b.alloc(op.result.type.element, [self.get(v) for v in op.operands],
                                                      "zeros", f"{op.result.name or 'buffer'}_bar")

    def replay(self, region: Region) -> None:
        """Bring back the required values of a region, in the order they were computed."""
        self.pop_frame(region)
        for p in region.params:
            if self.plan.get(p) == "tape" and p not in self.rev:
                self.rev[p] = self.untape(p)
            elif self.plan.get(p) == "induction":
                loop, _, k = self.facts.parameter_of[p]
                passed = self.iteration_number(loop, self.get) if loop.name == "for" else self.passed[loop]
                self.rev[p] = self.count_from_start(loop, k - (loop.name == "for"), passed)
        for op in region.ops:
            self.b.span = op.span
            for r in op.results:
                if r in self.plan and r not in self.rev:
                    how = self.plan[r]
                    if how == "tape":
                        self.rev[r] = self.untape(r)
                    elif how == "induction":
                        self.rev[r] = self.count_from_start(op, op.results.index(r), self.trips(op))
                    elif how != "free":
                        self.rev[r] = self.repeat(op, how)

    def trips(self, loop: Op) -> Value:
        return self.trip_count(loop, self.get) if loop.name == "for" else self.counts[loop]

    def count_from_start(self, loop: Op, k: int, passed: Value) -> Value:
        """A carried integer after some iterations of its loop."""
        start = self.get(loop.operands[k + (3 if loop.name == "for" else 0)])
        step = induction_step(loop, k)
        return self.b.add(start, self.b.mul(passed, const(step)))

    def repeat(self, op: Op, how: str) -> Value:
        name = op.result.name
        if how == "reload":
            root, _, *index = self.plan.stored[op.result].operands
            return self.b.load(self.get(root), [self.get(v) for v in index], name)
        operands = [self.get(v) for v in op.operands]
        if how == "copy":
            nest = self.plan.nest[op.result]
            prefix = [self.iteration_number(loop, self.get) for loop in self.outer_loops(nest)]
            return self.b.load(self.snapshots[(nest, op.operands[0])], [*prefix, *operands[1:]], name)
        if op.name == "load":
            return self.b.load(operands[0], operands[1:], name)
        return self.b.pure(op.name, operands, op.result.type, op.attrs, name)

    def reverse_region(self, region: Region) -> None:
        self.replay(region)
        self.local_shadows(region)

    def reverse_ops(self, region: Region) -> None:
        for op in reversed(region.ops):
            self.b.span = op.span
            if not has_reverse(op, self.varied):
                continue
            if op.name in SCALAR:
                self.reverse_scalar(op)
            elif op.name == "load":
                if op.result in self.adj:
                    self.b.accum(self.shadow[op.operands[0]], self.adj.pop(op.result),
                                 [self.get(v) for v in op.operands[1:]])
            elif op.name == "store":
                self.reverse_store(op)
            elif op.name == "library":
                self.reverse_library(op)
            elif op.name == "if":
                self.reverse_if(op)
            elif op.name == "for":
                self.reverse_for(op)
                self.close_nest(op)
            elif op.name == "while":
                self.reverse_while(op)

    def reverse_scalar(self, op: Op) -> None:
        g = self.adj.pop(op.result, None)
        if g is None:
            return
        for v, increment in pull(self.b, op, g, lambda v: v in self.varied, self.get):
            if op.name == "cast":
                increment = self.b.cast(increment, v.type)  # type: ignore[arg-type]
            self.add(v, increment)

    def reverse_store(self, op: Op) -> None:
        root, value = op.operands[:2]
        index = [self.get(v) for v in op.operands[2:]]
        shadow = self.shadow[root]
        if value in self.varied:
            self.add(value, self.b.load(shadow, index))
        self.b.store(shadow, const(0.0, root.type.element), index)

    def reverse_library(self, op: Op) -> None:
        """The program of a routine's pullback, which adds to the shadows of its inputs."""
        kept = self.kept_operands(op)
        found = derived(op, "pull", active_inputs(op, self.varied))
        given: list[Value | None] = [kept.get(v, self.primal(v) if isinstance(v.type, ArrayType) else self.get(v))
                                     for v in op.operands]
        roots = dict(zip(given, op.operands, strict=True))
        for k, (operand, v) in enumerate(operands_of(op)):
            if operand.carries and (k < op.attrs["outs"] or v in self.varied):
                given.append(self.shadow[v])
                roots[self.shadow[v]] = v
        inline(self.b, found.function, given, lambda g, axis: self.extent(roots[g], axis) if g in roots else None)
        if self.plan.kept[op]:
            self.b.emit("release", [self.bases[op]], [])

    def outer_values(self, op: Op) -> list[Value]:
        """Varied scalars from outside that the regions of an operation use: their cotangents are carried through."""
        inside: set[Value] = set()
        used: dict[Value, None] = {}

        def visit(region: Region) -> None:
            inside.update(region.params)
            for inner in region.ops:
                for v in inner.operands:
                    used.setdefault(v)
                inside.update(inner.results)
                for r in inner.regions:
                    visit(r)
            for v in region.yields:
                used.setdefault(v)

        for region in op.regions:
            visit(region)
        return [v for v in used if v in self.varied and v not in inside and not isinstance(v.type, ArrayType)]

    def seeded(self, v: Value) -> Value:
        return self.adj.get(v, const(0.0, v.type))  # type: ignore[arg-type]

    def reverse_if(self, op: Op) -> None:
        seeds = [(k, self.adj.pop(r)) for k, r in enumerate(op.results) if r in self.adj]
        outer = self.outer_values(op)
        before = self.adj
        regions = []
        for inner in op.regions:
            self.adj = dict(before)
            saved, shadows = dict(self.rev), dict(self.shadow)
            with self.b.inside(Region()) as region:
                self.reverse_region(inner)
                for k, seed in seeds:
                    self.add(inner.yields[k], seed)
                self.reverse_ops(inner)
                region.yields = [self.seeded(v) for v in outer]
            self.rev, self.shadow = saved, shadows
            regions.append(region)
        results = self.b.emit("if", [self.get(op.operands[0])], [v.type for v in outer], {}, regions,
                              [f"{v.name}_bar" for v in outer])
        self.adj = {**before, **dict(zip(outer, results, strict=True))}

    def reverse_for(self, op: Op) -> None:
        lo, hi = self.get(op.operands[0]), self.get(op.operands[1])
        step = op.operands[2].value  # type: ignore[attr-defined]
        if abs(step) == 1:
            last = self.b.sub(hi, const(step)) if step > 0 else self.b.add(hi, const(1))
            bounds = (last, self.b.sub(lo, const(step)) if step > 0 else self.b.add(lo, const(1)), const(-step))
        else:
            n = self.trip_count(op, self.get)
            last = self.b.add(lo, self.b.mul(self.b.sub(n, const(1)), const(step)))
            bounds = (last, self.b.add(lo, const(-step)), const(-step))
        self.reverse_loop(op, op.operands[3:], op.regions[0].params[1:], bounds, op.regions[0].params[0])

    def reverse_while(self, op: Op) -> None:
        bounds = (self.b.sub(self.counts[op], const(1)), const(-1), const(-1))
        self.reverse_loop(op, op.operands, op.regions[1].params, bounds, None)

    def reverse_loop(self, op: Op, inits: list[Value], params: list[Value], bounds: tuple, index: Value | None) -> None:
        body = op.regions[-1]
        carried = [k for k, p in enumerate(params) if p in self.varied]
        outer = self.outer_values(op)
        starts = [self.seeded(v) for v in outer]
        starts += [self.adj.pop(op.results[k], const(0.0, params[k].type)) for k in carried]
        before, saved, shadows = self.adj, dict(self.rev), dict(self.shadow)
        i = Value(I64, index.name if index is not None else "trip")
        bars = [Value(s.type, f"{v.name}_bar") for s, v in zip(starts, [*outer, *(params[k] for k in carried)],
                                                               strict=True)]
        if index is not None:
            self.rev[index] = i
        self.passed[op] = i
        self.sums.update(bars)
        with self.b.inside(Region([i, *bars])) as region:
            self.adj = dict(zip(outer, bars, strict=False))
            self.reverse_region(body)
            for k, bar in zip(carried, bars[len(outer):], strict=True):
                self.add(body.yields[k], bar)
            self.reverse_ops(body)
            region.yields = [self.seeded(v) for v in outer] + [self.seeded(params[k]) for k in carried]
        self.rev, self.shadow = saved, shadows
        results = self.b.loop(*bounds, starts, region)
        if op.attrs.get("prange"):
            self.b.region.ops[-1].attrs["prange"] = True
        self.adj = {**before, **dict(zip(outer, results, strict=False))}
        for k, bar in zip(carried, results[len(outer):], strict=True):
            self.add(inits[k], bar)
