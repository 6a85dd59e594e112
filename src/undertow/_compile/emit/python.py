"""IR to readable Python, which Numba compiles and which runs as it is."""

from __future__ import annotations

import keyword
import linecache
import math
import re

from ..ir.function import Constant, Function, Op, Region, Value, free_values, walk
from ..ir.ops import COMPARISONS, SCALAR
from ..ir.types import ArrayType
from ..routines.routine import ROUTINES

__all__ = ["emit"]

_SMALL, _STACK = 1024, 2**15  # bytes of a small array, and of all that are on the stack


def emit(function: Function) -> str:
    """Source of the function."""
    return _Emitter(function).run()


class _Emitter:
    def __init__(self, function: Function) -> None:
        self.f = function
        self.lines: list[str] = []
        self.names: dict[Value, str] = {}
        self.used: set[str] = set(keyword.kwlist) | set(dir(__builtins__)) | {
            "Leave", "empty", "zeros", "grow", "failed", "radd", "pool", "pool_top", "pool_need", "pool_end", "room",
            "clear", "spread", "along", "lane", "total", "added", "every", "some", "where", "gather", "scatter", "within", "prange", "pieces_for", "failures",
            "threads", "product_f64", "product_f32", "ordered_product_f64", "ordered_product_f32", "tape", "tape_top", "to_slot",
            "from_slot", "power", "shaped", *SCALAR, "float64", "float32", "int64",
            *(f"{name}_each" for name in (*SCALAR, "power", "float64", "float32", "int64", "bool_"))}
        self.uses: dict[Value, int] = {}
        self.inlined: dict[Value, str] = {}
        self.deferred = False
        self.pooled = False
        self.tapes: list[str] = []
        self.kernels: list[str] = []
        self.in_kernel = False
        self.span = 0

    def run(self) -> str:
        self.count(self.f.body)
        self.local = self.on_stack()
        params = ", ".join(self.name(p) for p in self.f.params)
        self.pooled = any(self.in_pool(op) for op in walk(self.f.body))
        taping = any(op.name == "reserve" for op in walk(self.f.body))
        self.tapes = [_tape(k) for k in sorted({0} | {op.attrs.get("level", 0) for op in walk(self.f.body)})] * taping
        cut = any(op.name == "threads" for op in walk(self.f.body))
        self.line(0, f"def {self.f.name}({params}{', threads' * cut}{', pool' * self.pooled}"
                     f"{''.join(', ' + t for t in self.tapes)}):")
        head = len(self.lines)
        if taping:
            self.line(1, "tape_top = int64(0)")
        if self.pooled:
            self.line(1, "pool_top = pool_need = int64(0)")
        for p in self.f.params:
            self.known_shape(p)
        self.region(self.f.body, 1)
        if self.deferred:
            self.lines.insert(head, "    failed = False")
            self.line(1, "if failed:")
            self.line(2, "raise Leave(1)")
        results = [self.ref(v) for v in self.f.body.yields] + ["max(pool_top, pool_need)"] * self.pooled
        results += [f"{t}.size" for t in self.tapes]
        self.line(1, "return " + ("(" + ", ".join(results) + ",)" if results else "None"))
        return "\n".join(self.lines + self.kernels) + "\n"

    def count(self, region: Region) -> None:
        """Uses that forbid writing an expression in place: more than one, or from another region."""
        own = {r for op in region.ops for r in op.results}
        for op in region.ops:
            for v in op.operands:
                self.uses[v] = self.uses.get(v, 0) + (1 if v in own else 2)
            for inner in op.regions:
                self.count(inner)
        for v in region.yields:
            self.uses[v] = self.uses.get(v, 0) + 2

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def name(self, v: Value) -> str:
        if v not in self.names:
            base = "".join(c if c.isalnum() or c == "_" else "_" for c in v.name) or "t"
            base = base if base[0].isalpha() or base[0] == "_" else "v" + base
            base += "_" * bool(re.fullmatch(r"(tape|pool_top|next|failures)_\d+", base))
            name, k = base, 1
            while name in self.used:
                k += 1
                name = f"{base}_{k}"
            self.used.add(name)
            self.names[v] = name
        return self.names[v]

    def ref(self, v: Value) -> str:
        if isinstance(v, Constant):
            return _literal(v)
        return f"({self.inlined[v]})" if v in self.inlined else self.name(v)

    def known_shape(self, p: Value) -> None:
        """Tell the compiler the constant extents of an array parameter."""
        known = {k: n for (v, k), n in self.f.extents.items() if v is p}
        if known:
            name = self.name(p)
            dims = [str(known[k]) if k in known else f"{name}.shape[{k}]" for k in range(p.type.ndim)]
            self.line(1, f"{name} = shaped({name}, ({', '.join(dims)},))")

    def on_stack(self) -> set[Op]:
        """Small arrays of known extents, as long as they fit on the stack together: LLVM keeps them in registers."""
        found: set[Op] = set()
        total = 0
        for op in walk(self.f.body):
            if op.name == "alloc" and op.operands and op.result not in self.f.body.yields and all(
                    isinstance(n, Constant) for n in op.operands):
                extents = [n.value for n in op.operands]  # type: ignore[attr-defined]
                size = math.prod(extents) * op.result.type.element.dtype.itemsize
                if min(extents) >= 0 and size <= _SMALL and total + size <= _STACK:
                    total += size + 64
                    found.add(op)
        return found

    def in_pool(self, op: Op) -> bool:
        """Whether an operation takes memory that does not outlive the call."""
        return (op.name == "alloc" and bool(op.operands) and op.result not in self.f.body.yields and not self.in_kernel
                and op not in self.local)

    def region(self, region: Region, depth: int) -> None:
        start = len(self.lines)
        scratch = region is not self.f.body and any(self.in_pool(op) for op in region.ops)
        if scratch:
            self.line(depth, f"pool_top_{depth} = pool_top")
        self.operations(region, depth)
        if scratch:
            self.line(depth, "pool_need = max(pool_need, pool_top)")
            self.line(depth, f"pool_top = pool_top_{depth}")
        if len(self.lines) == start:
            self.line(depth, "pass")

    def operations(self, region: Region, depth: int) -> None:
        for op in region.ops:
            if op.span and op.span != self.span and op.name in ("for", "while", "if", "store", "accum"):
                self.span = op.span
                place = self.f.spans[op.span]
                text = linecache.getline(place[0], place[1]).strip()
                self.line(depth, f"# line {place[1]}" + (f": {text}" if text else ""))
            self.op(op, depth)

    def op(self, op: Op, depth: int) -> None:
        if op.name in SCALAR:
            form = "power({0}, {1})" if op.name == "pow" and op.result.type.is_float else SCALAR[op.name].text
            if op.result.type.lanes:
                form = _in_lanes(op, form)
            refs = map(self.beside_lanes if op.result.type.lanes else self.ref, op.operands)
            text = form.format(*refs, type=_numpy(op.result.type.lane))
            if op.result.type.name == "f32" and op.name not in ("select", "cast"):
                text = f"float32({text})"
            if self.uses.get(op.result, 0) == 1 and len(text) < 90:
                self.inlined[op.result] = text
            else:
                self.line(depth, f"{self.name(op.result)} = {text}")
            return
        getattr(self, "on_" + op.name)(op, depth)

    def index(self, values: list[Value], op: Op | None = None) -> str:
        if op is not None and "lanes" in op.attrs:
            texts = [self.ref(v) for v in values]
            first, count = texts[op.attrs["axis"]], op.attrs["lanes"]
            texts[op.attrs["axis"]] = f"0:{count}" if first == "0" else f"{first}:{first} + {count}"
            return ", ".join(texts)
        return ", ".join(self.ref(v) for v in values) if values else "()"

    # ---- memory
    def on_dim(self, op: Op, depth: int) -> None:
        self.line(depth, f"{self.name(op.result)} = {self.ref(op.operands[0])}.shape[{op.attrs['axis']}]")

    def on_alloc(self, op: Op, depth: int) -> None:
        dims = ", ".join(self.ref(v) for v in op.operands) + ("," if op.operands else "")
        dtype, name, fill = _numpy(op.result.type.element), self.name(op.result), op.attrs["fill"]
        if op in self.local:
            self.line(depth, f"{name} = local_{dtype.rstrip('_')}(({dims}))")
            if fill == "zeros":
                self.line(depth, f"clear({name})")
            return
        if self.in_pool(op):
            size = op.result.type.element.dtype.itemsize
            self.line(depth, f"pool_end = room(pool_top, {size}, ({dims}))")
            self.line(depth, f"{name} = carve_{dtype.rstrip('_')}(pool, pool_top, pool_end, ({dims}))")
            self.line(depth, "pool_top = pool_end")
            if fill == "zeros":
                self.line(depth, f"clear({name})")
        else:
            self.line(depth, f"{name} = {fill}(({dims}), {dtype})")
        if not self.in_pool(op) and any(isinstance(v, Constant) for v in op.operands):
            self.line(depth, f"{name} = shaped({name}, ({dims}))")

    def on_load(self, op: Op, depth: int) -> None:
        self.line(depth, f"{self.name(op.result)} = {self.ref(op.operands[0])}[{self.index(op.operands[1:], op)}]")

    def on_store(self, op: Op, depth: int) -> None:
        a, v, *index = op.operands
        self.line(depth, f"{self.ref(a)}[{self.index(index, op)}] = {self.ref(v)}")

    def on_accum(self, op: Op, depth: int) -> None:
        a, v, *index = op.operands
        self.line(depth, f"{self.ref(a)}[{self.index(index, op)}] += {self.ref(v)}")

    # ---- several iterations side by side
    def beside_lanes(self, v: Value) -> str:
        """A number next to lanes: seeds and arguments of short type are given as doubles."""
        return f"float32({self.ref(v)})" if v.type.name == "f32" and not isinstance(v, Constant) else self.ref(v)

    def on_spread(self, op: Op, depth: int) -> None:
        self.line(depth, f"{self.name(op.result)} = spread({self.beside_lanes(op.operands[0])}, {op.result.type.lanes})")

    def on_along(self, op: Op, depth: int) -> None:
        self.line(depth, f"{self.name(op.result)} = along({self.ref(op.operands[0])}, {op.attrs['step']}, {op.result.type.lanes})")

    def on_gather(self, op: Op, depth: int) -> None:
        a, *index = op.operands
        self.line(depth, f"{self.name(op.result)} = gather({self.ref(a)}, ({self.index(index)},))")

    def on_scatter(self, op: Op, depth: int) -> None:
        a, v, *index = op.operands
        self.line(depth, f"scatter({self.ref(a)}, ({self.index(index)},), {self.ref(v)})")

    def over_lanes(self, op: Op, depth: int) -> None:
        self.line(depth, f"{self.name(op.result)} = {op.name}({', '.join(self.beside_lanes(v) for v in op.operands)})")

    on_total = on_added = on_lane = on_within = on_every = on_some = over_lanes

    def on_reserve(self, op: Op, depth: int) -> None:
        self.line(depth, f"{self.name(op.result)} = tape_top")
        self.line(depth, f"tape_top += {self.ref(op.operands[0])}")
        for t in self.tapes:
            self.line(depth, f"if tape_top > {t}.size:")
            self.line(depth + 1, f"{t} = grow({t}, tape_top)")

    def on_pop(self, op: Op, depth: int) -> None:
        self.line(depth, f"tape_top -= {self.ref(op.operands[0])}")
        self.line(depth, f"{self.name(op.result)} = tape_top")

    def on_release(self, op: Op, depth: int) -> None:
        self.line(depth, f"tape_top = {self.ref(op.operands[0])}")

    def on_tape_load(self, op: Op, depth: int) -> None:
        text = {"f64": "{}", "f32": "float32({})", "i64": "from_slot({})", "bool": "from_slot({}) != 0"}[
            str(op.result.type)].format(f"{_tape(op.attrs.get('level', 0))}[{self.ref(op.operands[0])}]")
        self.line(depth, f"{self.name(op.result)} = {text}")

    def on_tape_store(self, op: Op, depth: int) -> None:
        value, at = op.operands
        text = {"f64": "{}", "f32": "{}", "i64": "to_slot({})", "bool": "to_slot(int64({}))"}[
            str(value.type)].format(self.ref(value))
        self.line(depth, f"{_tape(op.attrs.get('level', 0))}[{self.ref(at)}] = {text}")

    def on_gemm(self, op: Op, depth: int) -> None:
        indices = iter(op.operands[6:])
        matrices = []
        for v, axes in zip(op.operands[:3], (op.attrs[k] for k in "cab"), strict=True):
            place = ", ".join(self.ref(next(indices)) for _ in range(v.type.ndim))
            matrices.append(f"{self.ref(v)}, ({place}), {axes[0]}, {axes[1]}")
        extents = ", ".join(self.ref(v) for v in op.operands[3:6])
        name = f"{'ordered_' if op.attrs.get('ordered') else ''}product_{op.operands[0].type.element}"
        how = bool(op.attrs["keep"]) + 2 * bool(op.attrs.get("minus"))
        self.line(depth, f"{name}({', '.join(matrices)}, {extents}, {how})")

    def on_library(self, op: Op, depth: int) -> None:
        name = ROUTINES[op.attrs["routine"]].runtime_name(op.attrs["element"], op.attrs["flags"])
        self.line(depth, f"{name}(({', '.join(self.ref(v) for v in op.operands)},))")

    def on_check(self, op: Op, depth: int) -> None:
        condition = self.ref(op.operands[0])
        if op.attrs["defer"]:
            self.deferred = True
            self.line(depth, f"failed = failed | (not {condition})")
        else:
            self.line(depth, f"if not {condition}:")
            self.leave(depth + 1, f"raise Leave(0)  # {op.attrs['reason']}")

    def leave(self, depth: int, how: str) -> None:
        """Leave the program; a piece of a loop leaves by its result."""
        self.line(depth, "return True" if self.in_kernel else how)

    # ---- control
    def assign(self, targets: list[str], values: list[Value], depth: int) -> None:
        """Parallel assignment, with temporaries where a source is overwritten before it is read."""
        pairs = [(t, self.ref(v)) for t, v in zip(targets, values, strict=True)]
        pairs = [(t, v) for t, v in pairs if t != v]
        written: set[str] = set()
        clash = False
        for t, v in pairs:
            clash = clash or any(w == v or f"{w}" in _words(v) for w in written)
            written.add(t)
        if clash:
            for k, (_, v) in enumerate(pairs):
                self.line(depth, f"next_{k} = {v}")
            pairs = [(t, f"next_{k}") for k, (t, _) in enumerate(pairs)]
        for t, v in pairs:
            self.line(depth, f"{t} = {v}")

    def on_if(self, op: Op, depth: int) -> None:
        names = [self.name(r) for r in op.results]
        then, other = op.regions
        self.line(depth, f"if {self.ref(op.operands[0])}:")
        self.region(then, depth + 1)
        self.assign(names, then.yields, depth + 1)
        if other.ops or other.yields:
            self.line(depth, "else:")
            self.region(other, depth + 1)
            self.assign(names, other.yields, depth + 1)

    def on_threads(self, op: Op, depth: int) -> None:
        self.line(depth, f"{self.name(op.result)} = pieces_for({self.ref(op.operands[0])}, "
                         f"{self.ref(op.operands[1])}, threads)")

    def threads(self, op: Op, depth: int) -> None:
        """A loop whose iterations run on threads: its body becomes a function that returns whether it has to leave."""
        pieces, body = self.ref(op.operands[1]), op.regions[0]
        outer, deferred = self.lines, self.deferred
        self.lines, self.deferred, self.in_kernel = [], False, True
        given = list(free_values(op.regions[0]))
        names = [self.name(v) for v in given]
        piece = self.name(body.params[0])
        for v in given:
            if v in self.f.params:
                self.known_shape(v)
        self.region(body, 1)
        name = f"{self.f.name}_{len(self.kernels)}"
        head = ["", "", f"def {name}({', '.join([piece, *names])}):", *["    failed = False"] * self.deferred]
        may_leave = self.deferred or any("return True" in line for line in self.lines)
        self.kernels += [*head, *self.lines, f"    return {'failed' if self.deferred else 'False'}"]
        self.lines, self.deferred, self.in_kernel = outer, deferred, False
        call = f"{name}({', '.join([piece, *names])})"
        flags = f"failures_{len(self.kernels)}"
        self.line(depth, f"{flags} = empty(({pieces},), bool_)")
        self.line(depth, f"if {pieces} == 1:")
        self.line(depth + 1, f"{flags}[0] = {name}({', '.join(['0', *names])})")
        self.line(depth, "else:")
        self.line(depth + 1, f"for {piece} in prange({pieces}):")
        self.line(depth + 2, f"{flags}[{piece}] = {call}")
        if may_leave:
            self.line(depth, f"for {piece} in range({pieces}):")
            self.line(depth + 1, f"if {flags}[{piece}]:")
            self.line(depth + 2, "raise Leave(1)")

    def on_for(self, op: Op, depth: int) -> None:
        if op.attrs.get("threads"):
            self.threads(op, depth)
            return
        lo, hi, step, *inits = op.operands
        body = op.regions[0]
        names = [self.name(r) for r in op.results]
        self.names.update(zip(body.params[1:], names, strict=True))
        self.assign(names, inits, depth)
        bounds = f"{self.ref(lo)}, {self.ref(hi)}"
        if step.value != 1:  # type: ignore[attr-defined]
            bounds += f", {self.ref(step)}"
        self.line(depth, f"for {self.name(body.params[0])} in range({bounds}):")
        self.region(body, depth + 1)
        self.assign(names, body.yields, depth + 1)

    def on_while(self, op: Op, depth: int) -> None:
        test, body = op.regions
        names = [self.name(r) for r in op.results]
        for params in (test.params, body.params):
            self.names.update(zip(params, names, strict=True))
        self.assign(names, op.operands, depth)
        self.line(depth, "while True:")
        self.region(test, depth + 1)
        self.line(depth + 1, f"if not {self.ref(test.yields[0])}:")
        self.line(depth + 2, "break")
        deferred = self.deferred
        self.deferred = False
        self.region(body, depth + 1)
        if self.deferred:
            self.line(depth + 1, "if failed:")
            self.leave(depth + 2, "raise Leave(1)")
        self.deferred = self.deferred or deferred
        self.assign(names, body.yields, depth + 1)


_OPERATORS = frozenset(("add", "sub", "mul", "div", "neg", "and", "or", "xor", "stop", *COMPARISONS))


def _in_lanes(op: Op, form: str) -> str:
    """How an operation on lanes is written: operators as they are, functions by a name of their own."""
    if op.name in _OPERATORS:
        return form
    if op.name in ("not", "select"):
        return {"not": "~{0}", "select": "where({0}, {1}, {2})"}[op.name]
    name, _, rest = form.partition("(")
    return f"{name}_each({rest}"


def _words(text: str) -> set[str]:
    import re

    return set(re.findall(r"\w+", text))


def _tape(level: int) -> str:
    """Name of the tape of values, or of one that holds their tangents."""
    return f"tape_{level}" if level else "tape"


def _numpy(type: object) -> str:
    return {"f64": "float64", "f32": "float32", "i64": "int64", "bool": "bool_"}[str(type)]


def _literal(v: Constant) -> str:
    x = v.value
    if v.type.is_float:  # type: ignore[union-attr]
        text = repr(x) if math.isfinite(x) else ("nan" if math.isnan(x) else "inf" if x > 0 else "(-inf)")
        if v.type.name == "f32":  # type: ignore[union-attr]
            return f"float32({text})"
        return f"({text})" if text[0] == "-" else text
    return f"({x})" if not isinstance(x, bool) and x < 0 else repr(x)


assert ArrayType
