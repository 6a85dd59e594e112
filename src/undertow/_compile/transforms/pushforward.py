"""The forward transform: a function computes tangents beside its values, in one or several directions.

Needs: verified IR, the active parameters, the number of directions. Gives: verified IR whose parameters are those of
    the primal and a tangent for each active one (arrays carry the direction as a last axis where there are several);
    whose results are those of the primal and then the tangents of its varied results, direction by direction.
Cost: linear in the program times the number of directions.

The pullback is such a function too: its pushforward gives products with the Hessian.
"""

from __future__ import annotations

from collections.abc import Callable

from ..analyses.activity import TAPE, varied as varied_values
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value
from ..ir.ops import SCALAR
from ..ir.types import I64, ArrayType
from .library import active_inputs, derived, inline, operands_of
from .partials import pull

__all__ = ["Pushforward", "pushforward"]


class Pushforward:
    """The transformed function and the meaning of its extra parameters and results."""

    def __init__(self, function: Function, active: list[Value], results: list[int], width: int) -> None:
        self.function = function
        self.active = active  # parameters that have a tangent parameter, in order; scalars have one for each direction
        self.results = results  # indices of the results that have tangents, in order
        self.width = width


def pushforward(function: Function, active: list[Value], width: int = 1) -> Pushforward:
    """The pushforward of a function with respect to its `active` parameters in `width` directions."""
    return _Pushforward(function, active, width).run(active)


class _Pushforward:
    def __init__(self, function: Function, active: list[Value], width: int) -> None:
        self.f = function
        self.width = width
        self.varied = varied_values(function, active)
        self.b = Builder()
        self.value: dict[Value, Value] = {p: p for p in function.params}
        self.memory: dict[Value, Value] = {}
        self.tangents: dict[Value, list[Value]] = {}
        self.definition: dict[Value, Op] = {}
        self.dims: dict[Value, list[Value]] = {}  # extents of memory that the program allocates

    def run(self, active: list[Value]) -> Pushforward:
        params = []
        for p in active:
            if isinstance(p.type, ArrayType):
                self.memory[p] = Value(self.widened(p.type), f"{p.name}_dot")
                params.append(self.memory[p])
            else:
                self.tangents[p] = [Value(p.type, f"{p.name}_dot") for _ in range(self.width)]
                params += self.tangents[p]
        for p in self.f.params:
            if p in self.varied and isinstance(p.type, ArrayType) and p not in self.memory:
                self.memory[p] = self.zeros_like(p)  # written by the program, and nobody asks for its tangent
        self.region(self.f.body)
        body = self.b.region
        body.params = [*self.f.params, *params]
        body.yields = [self.get(y) for y in self.f.body.yields]
        results = [k for k, y in enumerate(self.f.body.yields) if y in self.varied]
        for k in results:
            y = self.f.body.yields[k]
            body.yields += [self.memory[y]] if isinstance(y.type, ArrayType) else self.tangent(y)
        extents = dict(self.f.extents)
        for (p, k), n in self.f.extents.items():
            if self.memory.get(p) in params:
                extents[self.memory[p], k] = n
        for v in params:
            if self.width > 1 and isinstance(v.type, ArrayType):
                extents[v, v.type.ndim - 1] = self.width
        out = Function(f"{self.f.name}_pushforward", body, self.f.spans, extents)
        return Pushforward(out, active, results, self.width)

    # ---- helpers
    def widened(self, type: ArrayType) -> ArrayType:
        return type if self.width == 1 else ArrayType(type.element, type.ndim + 1)

    def zeros_like(self, p: Value) -> Value:
        dims = [self.b.dim(p, k) for k in range(p.type.ndim)]
        return self.zeros(p, dims)

    def zeros(self, v: Value, dims: list[Value]) -> Value:
        if self.width > 1:
            dims = [*dims, const(self.width)]
        return self.b.alloc(v.type.element, dims, "zeros", f"{v.name or 'buffer'}_dot")

    def get(self, v: Value) -> Value:
        return v if isinstance(v, Constant) else self.value[v]

    def tangent(self, v: Value) -> list[Value]:
        """Tangents of a scalar, one for each direction."""
        if v in self.tangents:
            return self.tangents[v]
        return [const(0.0, v.type)] * self.width  # type: ignore[arg-type]

    def place(self, d: int) -> list[Value]:
        return [] if self.width == 1 else [const(d)]

    # ---- operations
    def region(self, region: Region) -> None:
        for op in region.ops:
            self.b.span = op.span
            if op.regions:
                self.control(op)
            elif op.name in SCALAR:
                self.scalar(op)
            else:
                getattr(self, "on_" + op.name, self.copy)(op)

    def copy(self, op: Op) -> None:
        results = self.b.emit(op.name, [self.get(v) for v in op.operands], [r.type for r in op.results], op.attrs, None,
                              [r.name for r in op.results])
        self.value.update(zip(op.results, results, strict=True))

    def scalar(self, op: Op) -> None:
        operands = [self.get(v) for v in op.operands]
        self.definition[op.result] = op
        self.value[op.result] = self.b.pure(op.name, operands, op.result.type, op.attrs, op.result.name)
        if op.result not in self.varied:
            return
        sources = [v for v in dict.fromkeys(op.operands) if v in self.tangents]
        self.tangents[op.result] = [self.along(op, sources, d) for d in range(self.width)]

    def along(self, op: Op, sources: list[Value], d: int) -> Value:
        """Tangent of a scalar operation in one direction: its partials are linear in what they are given."""
        if op.attrs.get("strong"):
            return self.along_strong(op, d)
        total: Value | None = None
        for v in sources:
            parts = pull(self.b, op, self.push_type(self.tangents[v][d], op), lambda w, v=v: w is v, self.get)
            for _, part in parts:
                total = part if total is None else self.b.add(total, part)
        return const(0.0, op.result.type) if total is None else total  # type: ignore[arg-type]

    def along_strong(self, op: Op, d: int) -> Value:
        """Tangent of a value that is 0 where the factor ``g`` is 0: 0 where the factor's tangent is 0 too."""
        test = self.definition.get(op.operands[0])
        if test is None or test.name != "eq":
            raise KeyError("a derivative of this order")
        zero = const(0.0, op.result.type)  # type: ignore[arg-type]
        still = self.b.scalar("eq", self.tangent(test.operands[0])[d], zero)
        nothing = self.b.scalar("and", self.get(op.operands[0]), still)
        return self.b.scalar("select", nothing, zero, self.tangent(op.operands[2])[d])

    def push_type(self, tangent: Value, op: Op) -> Value:
        return self.b.cast(tangent, op.result.type) if op.name == "cast" else tangent  # type: ignore[arg-type]

    def on_alloc(self, op: Op) -> None:
        self.copy(op)
        self.dims[self.value[op.result]] = [self.get(v) for v in op.operands]
        if op.result in self.varied:
            self.memory[op.result] = self.zeros(op.result, [self.get(v) for v in op.operands])

    def on_load(self, op: Op) -> None:
        self.copy(op)
        if op.operands[0] in self.memory and op.result.type.is_float:  # type: ignore[union-attr]
            index = [self.get(v) for v in op.operands[1:]]
            self.tangents[op.result] = [self.b.load(self.memory[op.operands[0]], [*index, *self.place(d)],
                                                    f"{op.result.name}_dot") for d in range(self.width)]

    def on_store(self, op: Op) -> None:
        self.copy(op)
        if op.operands[0] in self.memory:
            index = [self.get(v) for v in op.operands[2:]]
            for d, t in enumerate(self.tangent(op.operands[1])):
                self.b.emit(op.name, [self.memory[op.operands[0]], t, *index, *self.place(d)], [])

    def on_accum(self, op: Op) -> None:
        self.copy(op)
        if op.operands[0] in self.memory and op.operands[1] in self.tangents:
            index = [self.get(v) for v in op.operands[2:]]
            for d, t in enumerate(self.tangents[op.operands[1]]):
                self.b.accum(self.memory[op.operands[0]], t, [*index, *self.place(d)])

    def on_gemm(self, op: Op) -> None:
        """Products are linear in each factor."""
        self.copy(op)
        c, a, b = op.operands[:3]
        if c not in self.memory:
            return
        extents, rest = op.operands[3:6], iter(op.operands[6:])
        places = [[next(rest) for _ in range(v.type.ndim)] for v in (c, a, b)]
        for d in range(self.width):
            moving = [k for k in (1, 2) if op.operands[k] in self.memory]
            terms: list[tuple[int, bool]] = [(k, op.attrs["keep"] or n > 0) for n, k in enumerate(moving)]
            if not moving and not op.attrs["keep"]:
                terms, extents = [(0, False)], [*extents[:2], const(0)]
            for k, keep in terms:
                operands, indices = [], []
                for n, (v, place) in enumerate(zip((c, a, b), places, strict=True)):
                    dot = n in (0, k)
                    operands.append(self.memory[v] if dot else self.get(v))
                    indices += [*map(self.get, place), *(self.place(d) if dot else [])]
                self.b.emit("gemm", [*operands, *map(self.get, extents), *indices], [], {**op.attrs, "keep": keep})

    def on_library(self, op: Op) -> None:
        """The program of a routine's pushforward, which sets the tangents of its outputs, one direction at a time."""
        self.copy(op)
        outs, carrying = op.attrs["outs"], [(k, v) for k, (o, v) in enumerate(operands_of(op)) if o.carries]
        ins = [v for k, v in carrying if k >= outs and v in self.memory]
        targets = [v for k, v in carrying if k < outs]
        if not ins or not targets:
            return
        found = derived(op, "push", active_inputs(op, self.memory))  # type: ignore[arg-type]
        primals = [self.get(v) for v in op.operands]
        for d in range(self.width):
            dots = [self.direction(v, d) for v in ins]
            made = [self.memory[v] if self.width == 1 else self.apart(v) for v in targets]
            roots = dict(zip([*dots, *made], [*ins, *targets], strict=True))
            inline(self.b, found.function, [*primals, *dots, *made],
                   lambda g, axis, roots=roots: self.extent(self.get(roots[g]) if g in roots else g, axis))
            for v, dot in zip(targets, made, strict=True):
                if self.width > 1:
                    self.each(v, lambda index, v=v, dot=dot, d=d: self.b.store(
                        self.memory[v], self.b.load(dot, index), [*index, *self.place(d)]))

    def apart(self, v: Value) -> Value:
        """Memory for the tangent of `v` in one direction."""
        return self.b.alloc(v.type.element, [self.extent(self.get(v), k) for k in range(v.type.ndim)], "empty",
                            f"{v.name}_dot")

    def extent(self, root: Value, axis: int) -> Value:
        """An extent of memory of the primal program."""
        return self.dims[root][axis] if root in self.dims else self.b.dim(root, axis)

    def direction(self, v: Value, d: int) -> Value:
        """The tangent of memory in one direction, dense."""
        if self.width == 1:
            return self.memory[v]
        out = self.apart(v)
        self.each(v, lambda index: self.b.store(out, self.b.load(self.memory[v], [*index, *self.place(d)]), index))
        return out

    def each(self, v: Value, body: Callable[[list[Value]], None]) -> None:
        """Loops over the elements of memory."""
        def level(index: list[Value]) -> None:
            k = len(index)
            if k == v.type.ndim:
                body(index)
                return
            i = Value(I64, "ijklmn"[min(k, 5)])
            with self.b.inside(Region([i])) as region:
                level([*index, i])
            self.b.loop(const(0), self.extent(self.get(v), k), const(1), [], region)

        level([])

    def on_tape_store(self, op: Op) -> None:
        self.copy(op)
        if TAPE in self.varied and op.operands[0].type.is_float:  # type: ignore[union-attr]
            level = op.attrs.get("level", 0)
            for d, t in enumerate(self.tangent(op.operands[0])):
                at = self.get(op.operands[1])
                self.b.emit("tape_store", [t, at], [], {"level": self.below(level, d)})

    def on_tape_load(self, op: Op) -> None:
        self.copy(op)
        if TAPE in self.varied and op.result.type.is_float:  # type: ignore[union-attr]
            level, at = op.attrs.get("level", 0), self.get(op.operands[0])
            self.tangents[op.result] = [
                self.b.emit("tape_load", [at], [op.result.type], {"level": self.below(level, d)})[0]
                for d in range(self.width)]

    def below(self, level: int, d: int) -> int:
        """Number of the tape that holds the tangents of a tape in one direction."""
        return level * (self.width + 1) + d + 1

    # ---- control
    def control(self, op: Op) -> None:
        carried = [k for k, r in enumerate(op.results) if r in self.varied]
        offset = {"if": 1, "for": 3, "while": 0}[op.name]
        operands = [self.get(v) for v in op.operands]
        if op.name != "if":
            for k in carried:
                operands += self.tangent(op.operands[k + offset])
        regions = []
        for inner in op.regions:
            params = [Value(p.type, p.name) for p in inner.params]
            self.value.update(zip(inner.params, params, strict=True))
            own = inner.params[len(inner.params) - len(op.results):] if op.name != "if" else []
            extra = []
            for k in carried if own else ():
                self.tangents[own[k]] = [Value(own[k].type, f"{own[k].name}_dot") for _ in range(self.width)]
                extra += self.tangents[own[k]]
            with self.b.inside(Region([*params, *extra])) as region:
                self.region(inner)
                region.yields = [self.get(y) for y in inner.yields]
                if op.name == "if" or inner is op.regions[-1]:
                    for k in carried:
                        region.yields += self.tangent(inner.yields[k])
            regions.append(region)
        names = [r.name for r in op.results] + [f"{op.results[k].name}_dot" for k in carried for _ in range(self.width)]
        types = [r.type for r in op.results] + [op.results[k].type for k in carried for _ in range(self.width)]
        results = self.b.emit(op.name, operands, types, op.attrs, regions, names)
        count = len(op.results)
        self.value.update(zip(op.results, results, strict=False))
        for n, k in enumerate(carried):
            start = count + n * self.width
            self.tangents[op.results[k]] = results[start:start + self.width]
